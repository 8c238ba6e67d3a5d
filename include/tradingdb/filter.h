/* SPDX-License-Identifier: MIT */
/**
 * @file filter.h
 * Conditions of the filters that `_list` and `_count` take.
 *
 * A condition is one of: equal to a value, one of a set, NULL or not, or inside a range whose ends are given
 * or left open. Ranges are half-open, from <= x < until, so that adjoining ranges neither overlap nor leave a
 * gap. All conditions of a filter must hold. A set is read during the call and need not outlive it; an empty
 * set matches nothing. Pure; any thread.
 */
#ifndef TRADINGDB_FILTER_H
#define TRADINGDB_FILTER_H

#include <tradingdb/types.h>

#include <string.h>

TRDB_BEGIN_DECLS

/** The kind of a condition: one of the first five, or TRDB_OP_FROM and TRDB_OP_UNTIL, alone or together. */
enum trdb_op {
    TRDB_OP_NONE = 0,     /**< asks nothing */
    TRDB_OP_EQ = 1,       /**< column = from */
    TRDB_OP_ANY = 2,      /**< column is one of set */
    TRDB_OP_IS_NULL = 3,  /**< column IS NULL */
    TRDB_OP_NOT_NULL = 4, /**< column IS NOT NULL */
    TRDB_OP_FROM = 16,    /**< column >= from */
    TRDB_OP_UNTIL = 32    /**< column < until */
};

/** For order_by of a filter: rows come as suits the server, which saves it sorting; `after` cannot be given. */
#define TRDB_ANY_ORDER 1000

/**
 * Defines `trdb_where_NAME` for values of a type, and its makers:
 * _eq(value), _any(set, count), _is_null(), _not_null(), _from(value), _until(value), _between(from, until).
 */
#define TRDB_DEFINE_WHERE(name, type)                                                                        \
    typedef struct trdb_where_##name {                                                                       \
        const type *set;                                                                                     \
        size_t count;                                                                                        \
        int32_t op; /* enum trdb_op */                                                                       \
        int32_t reserved;                                                                                    \
        type from;                                                                                           \
        type until;                                                                                          \
    } trdb_where_##name;                                                                                     \
    static inline trdb_where_##name trdb_where_##name##_between(type from, type until) {                     \
        trdb_where_##name where = {NULL, 0, TRDB_OP_FROM | TRDB_OP_UNTIL, 0, from, until};                   \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_eq(type value) {                                     \
        trdb_where_##name where = trdb_where_##name##_between(value, value);                                 \
        where.op = TRDB_OP_EQ;                                                                               \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_from(type value) {                                   \
        trdb_where_##name where = trdb_where_##name##_between(value, value);                                 \
        where.op = TRDB_OP_FROM;                                                                             \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_until(type value) {                                  \
        trdb_where_##name where = trdb_where_##name##_between(value, value);                                 \
        where.op = TRDB_OP_UNTIL;                                                                            \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_any(const type *set, size_t count) {                 \
        trdb_where_##name where;                                                                             \
        memset(&where, 0, sizeof where);                                                                     \
        where.op = TRDB_OP_ANY;                                                                              \
        where.set = set;                                                                                     \
        where.count = count;                                                                                 \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_is_null(void) {                                      \
        trdb_where_##name where = trdb_where_##name##_any(NULL, 0);                                          \
        where.op = TRDB_OP_IS_NULL;                                                                          \
        return where;                                                                                        \
    }                                                                                                        \
    static inline trdb_where_##name trdb_where_##name##_not_null(void) {                                     \
        trdb_where_##name where = trdb_where_##name##_any(NULL, 0);                                          \
        where.op = TRDB_OP_NOT_NULL;                                                                         \
        return where;                                                                                        \
    }                                                                                                        \
    struct trdb_where_##name /* takes the semicolon */

/** Text as a condition's value. */
typedef const char *trdb_text;

TRDB_DEFINE_WHERE(i64, int64_t);
TRDB_DEFINE_WHERE(bool, bool);
TRDB_DEFINE_WHERE(enum, int32_t);
TRDB_DEFINE_WHERE(text, trdb_text);
TRDB_DEFINE_WHERE(decimal, trdb_decimal);
TRDB_DEFINE_WHERE(timestamp, trdb_timestamp);
TRDB_DEFINE_WHERE(uuid, trdb_uuid);

TRDB_END_DECLS

#endif
