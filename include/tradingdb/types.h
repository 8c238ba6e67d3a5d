/* SPDX-License-Identifier: MIT */
/**
 * @file types.h
 * The value types of rows, inputs and filters.
 *
 * - In a **row** a scalar is `{value, set}`; a zeroed one is NULL. Text, bytes and arrays are pointers into
 *   the row's own memory; NULL pointers are NULL. The row's key is a plain value, since it is never NULL.
 * - In an **input** a scalar is `{value, state}`: 0 not given, 1 a value, 2 NULL. Make them with trdb_i64(),
 *   trdb_dec(), trdb_null_i64() and so on. Text is a `const char *`: NULL is not given, TRDB_NULL_TEXT is NULL.
 * - In a **filter** a condition is a `trdb_where_*`; a zeroed one asks nothing.
 *
 * All are plain values; the functions here are pure and may be called from any thread.
 */
#ifndef TRADINGDB_TYPES_H
#define TRADINGDB_TYPES_H

#include <tradingdb/decimal.h>

TRDB_BEGIN_DECLS

/* ---- times ---------------------------------------------------------------------------------------- */

/** What a trdb_timestamp holds. A zeroed struct is NULL. */
enum trdb_timestamp_kind {
    TRDB_TIMESTAMP_NULL = 0,
    TRDB_TIMESTAMP_FINITE = 1,
    TRDB_TIMESTAMP_INFINITY = 2,
    TRDB_TIMESTAMP_NEG_INFINITY = 3
};

/** Microseconds since 1970-01-01 00:00 UTC, or an infinity. */
typedef struct trdb_timestamp {
    int64_t us;   /**< microseconds; meaningless unless kind is TRDB_TIMESTAMP_FINITE */
    int32_t kind; /**< enum trdb_timestamp_kind */
    int32_t reserved;
} trdb_timestamp;

/** The earliest and latest finite times: 4714-11-24 BC (PostgreSQL's first day) and the end of 294246. */
#define TRDB_TIMESTAMP_MIN INT64_C(-210866803200000000)
#define TRDB_TIMESTAMP_MAX INT64_C(9223371244799999999)

/** Bytes that hold any formatted time with its terminating NUL. */
#define TRDB_TIMESTAMP_TEXT_SIZE 40

/**
 * Reads ISO 8601 with a zone: "2018-01-10 07:15:00+00:00", "2018-01-10T07:15:00.5Z", "2018-01-10T07:15Z",
 * offsets as +hh, +hhmm or +hh:mm, up to six decimals, " BC" at the end, "infinity", "-infinity". A text
 * without a zone is refused: whose midnight it means is a guess.
 * @return 0; TRDB_E_INVALID for NULL, other text, a missing zone or a day that does not exist; TRDB_E_RANGE
 *         outside TRDB_TIMESTAMP_MIN..MAX or for a seventh decimal that is not zero.
 */
TRDB_API int trdb_timestamp_parse(const char *text, trdb_timestamp *ret);

/**
 * Writes UTC as "2018-01-10 07:15:00.5+00", just as PostgreSQL does under TimeZone UTC and DateStyle ISO;
 * "infinity", "-infinity"; "" for NULL.
 * @return the length without the NUL; TRDB_E_INVALID when `size` is too small or the value malformed.
 */
TRDB_API int trdb_timestamp_format(trdb_timestamp value, char *text, size_t size);

/** The clock of this machine now. */
TRDB_API trdb_timestamp trdb_timestamp_now(void);

/* ---- uuid ----------------------------------------------------------------------------------------- */

/** A UUID, in network byte order. */
typedef struct trdb_uuid {
    uint8_t bytes[16];
} trdb_uuid;

/** Bytes that hold a formatted UUID with its terminating NUL. */
#define TRDB_UUID_TEXT_SIZE 37

/** Makes a time-ordered UUID (version 7, RFC 9562), ascending within a process. Any thread. */
TRDB_API trdb_uuid trdb_uuid_make(void);

/** Reads "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in either case. TRDB_E_INVALID for anything else. */
TRDB_API int trdb_uuid_parse(const char *text, trdb_uuid *ret);

/** Writes the lower-case form into a buffer of TRDB_UUID_TEXT_SIZE bytes. */
TRDB_API void trdb_uuid_format(trdb_uuid value, char *text);

/* ---- row values ----------------------------------------------------------------------------------- */

/** A nullable integer of a row. */
typedef struct trdb_opt_i64 {
    int64_t value;
    int32_t set; /**< 0: NULL */
    int32_t reserved;
} trdb_opt_i64;

/** A nullable boolean of a row. */
typedef struct trdb_opt_bool {
    bool value;
    bool set; /**< false: NULL */
} trdb_opt_bool;

/** A nullable UUID of a row. */
typedef struct trdb_opt_uuid {
    trdb_uuid value;
    int32_t set; /**< 0: NULL */
} trdb_opt_uuid;

/** The value of a trdb_opt_enum that the database holds and this library does not know. */
#define TRDB_ENUM_UNKNOWN (-1)

/** A value of a closed set. Constants begin with 1; an unknown database value survives as its text. */
typedef struct trdb_opt_enum {
    const char *text; /**< as the database has it; NULL: NULL */
    int32_t value;    /**< a constant of the set, TRDB_ENUM_UNKNOWN, or 0 for NULL */
    int32_t reserved;
} trdb_opt_enum;

/** Bytes of a row. */
typedef struct trdb_bytes {
    const void *data; /**< NULL: NULL */
    size_t size;
} trdb_bytes;

/** A text array of a row. Elements may be NULL. */
typedef struct trdb_texts {
    const char *const *items; /**< NULL: the array is NULL */
    size_t count;
} trdb_texts;

/* ---- input values --------------------------------------------------------------------------------- */

/** The state of an input value. */
enum trdb_state {
    TRDB_NOT_GIVEN = 0, /**< insert: the column's default; patch: left alone */
    TRDB_GIVEN = 1,
    TRDB_GIVEN_NULL = 2,
    TRDB_MALFORMED = 3, /**< made from bad text by trdb_dec(); the call that gets it refuses it by name */
    TRDB_GIVEN_REF = 4  /**< the key of a row whose insert may still wait; made by trdb_i64_ref() */
};

/** NULL for a text input, where a plain NULL pointer means "not given". Only its address counts. */
#define TRDB_NULL_TEXT ((const char *)(intptr_t)-1)

/** An integer input. */
typedef struct trdb_in_i64 {
    int64_t value;
    int32_t state;
    int32_t reserved;
} trdb_in_i64;

/**
 * A handle: stands for the key of a row that a unit of work inserts, perhaps before the key is known. Made by the
 * `_insert_ref` functions, of use in that unit only, and worthless when the insert is rolled back. A plain value.
 */
typedef struct trdb_ref {
    int64_t unit;   /**< which unit made it */
    int32_t number; /**< its place among the unit's handles, from 1 */
    int32_t reserved;
} trdb_ref;

/** A boolean input; value is 0 or 1. */
typedef struct trdb_in_bool {
    int32_t value;
    int32_t state;
} trdb_in_bool;

/** An input of a closed set; value is one of its constants. */
typedef struct trdb_in_enum {
    int32_t value;
    int32_t state;
} trdb_in_enum;

/** A decimal input. */
typedef struct trdb_in_decimal {
    trdb_decimal value;
    int32_t state;
    int32_t reserved;
} trdb_in_decimal;

/** A time input. */
typedef struct trdb_in_timestamp {
    trdb_timestamp value;
    int32_t state;
    int32_t reserved;
} trdb_in_timestamp;

/** A UUID input. */
typedef struct trdb_in_uuid {
    trdb_uuid value;
    int32_t state;
} trdb_in_uuid;

/** A bytes input; the data is read during the call. */
typedef struct trdb_in_bytes {
    const void *data;
    size_t size;
    int32_t state;
    int32_t reserved;
} trdb_in_bytes;

/** A text array input; read during the call. A NULL element is a NULL element. */
typedef struct trdb_in_texts {
    const char *const *items;
    size_t count;
    int32_t state;
    int32_t reserved;
} trdb_in_texts;

/* Designated initializers are C99 but not C++17; plain assignments serve both. */

/** A given integer. */
static inline trdb_in_i64 trdb_i64(int64_t value) {
    trdb_in_i64 in = {value, TRDB_GIVEN, 0};
    return in;
}

/**
 * An integer given by a handle: trdb_i64_ref(position), for a column that refers to the handle's table, in an
 * insert, an upsert or a patch. Another unit's handle, a rolled back or a made-up one is refused by name.
 */
static inline trdb_in_i64 trdb_i64_ref(trdb_ref ref) {
    trdb_in_i64 in = {ref.unit, TRDB_GIVEN_REF, ref.number};
    return in;
}

/** An integer set to NULL. */
static inline trdb_in_i64 trdb_null_i64(void) {
    trdb_in_i64 in = {0, TRDB_GIVEN_NULL, 0};
    return in;
}

/** A given boolean. */
static inline trdb_in_bool trdb_bool(bool value) {
    trdb_in_bool in = {value ? 1 : 0, TRDB_GIVEN};
    return in;
}

/** A boolean set to NULL. */
static inline trdb_in_bool trdb_null_bool(void) {
    trdb_in_bool in = {0, TRDB_GIVEN_NULL};
    return in;
}

/** A given value of a closed set: trdb_enum(TRDB_TRADING_DIRECTION_LONG). */
static inline trdb_in_enum trdb_enum(int32_t value) {
    trdb_in_enum in = {value, TRDB_GIVEN};
    return in;
}

/** A closed-set column set to NULL. */
static inline trdb_in_enum trdb_null_enum(void) {
    trdb_in_enum in = {0, TRDB_GIVEN_NULL};
    return in;
}

/** A given decimal. A NULL one (kind TRDB_DECIMAL_NULL) is given as NULL. */
static inline trdb_in_decimal trdb_dec_value(trdb_decimal value) {
    trdb_in_decimal in;
    in.value = value;
    in.state = value.kind == TRDB_DECIMAL_NULL ? TRDB_GIVEN_NULL : TRDB_GIVEN;
    in.reserved = 0;
    return in;
}

/** A decimal set to NULL. */
static inline trdb_in_decimal trdb_null_dec(void) {
    trdb_decimal null = {0, 0, TRDB_DECIMAL_NULL, 0, 0, {0, 0, 0, 0, 0}};
    return trdb_dec_value(null);
}

/**
 * A decimal from text: trdb_dec("64250.10"). Text that trdb_decimal_parse() refuses gives a value in state
 * TRDB_MALFORMED, and the call that receives it fails with TRDB_E_INVALID, naming the field.
 */
static inline trdb_in_decimal trdb_dec(const char *text) {
    trdb_in_decimal in = trdb_null_dec();
    in.state = trdb_decimal_parse(text, &in.value) < 0 ? TRDB_MALFORMED : TRDB_GIVEN;
    return in;
}

/** A given time; a NULL one is given as NULL. */
static inline trdb_in_timestamp trdb_time(trdb_timestamp value) {
    trdb_in_timestamp in;
    in.value = value;
    in.state = value.kind == TRDB_TIMESTAMP_NULL ? TRDB_GIVEN_NULL : TRDB_GIVEN;
    in.reserved = 0;
    return in;
}

/** A finite time value from microseconds since 1970 UTC. */
static inline trdb_timestamp trdb_timestamp_from_us(int64_t us) {
    trdb_timestamp value = {us, TRDB_TIMESTAMP_FINITE, 0};
    return value;
}

/** A given time in microseconds since 1970 UTC. */
static inline trdb_in_timestamp trdb_time_us(int64_t us) {
    return trdb_time(trdb_timestamp_from_us(us));
}

/** A time set to NULL. */
static inline trdb_in_timestamp trdb_null_time(void) {
    trdb_timestamp null = {0, TRDB_TIMESTAMP_NULL, 0};
    return trdb_time(null);
}

/** A given UUID. */
static inline trdb_in_uuid trdb_uuid_value(trdb_uuid value) {
    trdb_in_uuid in;
    in.value = value;
    in.state = TRDB_GIVEN;
    return in;
}

/** A UUID set to NULL. */
static inline trdb_in_uuid trdb_null_uuid(void) {
    trdb_in_uuid in = {{{0}}, TRDB_GIVEN_NULL};
    return in;
}

/** Given bytes. */
static inline trdb_in_bytes trdb_bytes_value(const void *data, size_t size) {
    trdb_in_bytes in = {data, size, TRDB_GIVEN, 0};
    return in;
}

/** Bytes set to NULL. */
static inline trdb_in_bytes trdb_null_bytes(void) {
    trdb_in_bytes in = {NULL, 0, TRDB_GIVEN_NULL, 0};
    return in;
}

/** A given text array. */
static inline trdb_in_texts trdb_texts_value(const char *const *items, size_t count) {
    trdb_in_texts in = {items, count, TRDB_GIVEN, 0};
    return in;
}

/** A text array set to NULL. */
static inline trdb_in_texts trdb_null_texts(void) {
    trdb_in_texts in = {NULL, 0, TRDB_GIVEN_NULL, 0};
    return in;
}

TRDB_END_DECLS

#endif
