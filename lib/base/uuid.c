/* SPDX-License-Identifier: MIT */
/* UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of their fraction, 62 random bits. */
#include <stdatomic.h>
#include <time.h>
#include <tradingdb/types.h>
#include <uuid/uuid.h>

_Static_assert(sizeof(uuid_t) == sizeof(trdb_uuid), "libuuid and RFC 9562 agree on 16 bytes");

/* The time part of the last UUID, in 1/4096 of a millisecond (method 3 of RFC 9562, section 6.2). The process
 * ascends because each one takes at least the next number. This word is all that is shared, no lock guards it
 * and nobody can set it, so it breaks neither threads nor a fork: the child draws random bits of its own. */
static _Atomic uint64_t last_tick;

static uint64_t clock_tick(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t fraction = (uint64_t)now.tv_nsec % 1000000 * 4096 / 1000000;
    return milliseconds << 12 | fraction;
}

/* The clock, or the number after the last one when the clock stands still or was set back. */
static uint64_t next_tick(void) {
    uint64_t now = clock_tick();
    uint64_t last = atomic_load_explicit(&last_tick, memory_order_relaxed);
    uint64_t tick;
    do
        tick = now > last ? now : last + 1;
    while (!atomic_compare_exchange_weak_explicit(&last_tick, &last, tick, memory_order_relaxed,
                                                  memory_order_relaxed));
    return tick;
}

trdb_uuid trdb_uuid_make(void) {
    trdb_uuid made;
    /* Bytes 8 to 15 stay: 62 random bits behind the variant that both versions share. */
    uuid_generate_random(made.bytes);
    uint64_t tick = next_tick();
    for (unsigned i = 0; i < 6; i++)
        made.bytes[i] = (uint8_t)(tick >> (52 - 8 * i));
    made.bytes[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0F));
    made.bytes[7] = (uint8_t)tick;
    return made;
}

int trdb_uuid_parse(const char *text, trdb_uuid *ret) {
    trdb_uuid value;
    if (!text || strlen(text) != TRDB_UUID_TEXT_SIZE - 1 || uuid_parse(text, value.bytes) != 0)
        return TRDB_E_INVALID;
    *ret = value;
    return TRDB_OK;
}

void trdb_uuid_format(trdb_uuid value, char *text) {
    uuid_unparse_lower(value.bytes, text);
}
