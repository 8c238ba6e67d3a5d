/* SPDX-License-Identifier: MIT */
#include "libpq_wire.h"

#include <stdlib.h>

/* What a column of TRADE_ALL is, and its place in a read_trade. */
static const struct column {
    char kind; /* i integer, t text, d time, n amount, j JSON */
    char slot;
} columns[ALL] = {
    {'i', 0}, {'i', 1}, {'i', 2}, {'t', 0}, {'t', 1}, {'t', 2}, {'t', 3}, {'t', 4}, {'t', 5}, {'t', 6},
    {'t', 7}, {'d', 0}, {'d', 1}, {'n', 0}, {'n', 1}, {'n', 2}, {'n', 3}, {'n', 4}, {'n', 5}, {'n', 6},
    {'t', 8}, {'j', 9}, {'d', 2}, {'d', 3}, {'d', 4}, {'d', 5}, {'d', 6}, {'d', 7}, {'n', 7}, {'n', 8},
};
const Oid given_types[GIVEN] = {20,   20,   1043, 1043, 1043, 1043, 1043, 1043, 1043, 1043, 1184,
                                1184, 1700, 1700, 1700, 1700, 1700, 1700, 1700, 1043, 3802};

/* ---- writing -------------------------------------------------------------------------------------- */

int wire_amount(char *to, int64_t amount) {
    uint16_t digits[6]; /* of 10000, the last one first */
    int count = 0, zeros = 0;
    for (uint64_t rest = amount < 0 ? -(uint64_t)amount : (uint64_t)amount; rest > 0; rest /= 10000)
        digits[count++] = (uint16_t)(rest % 10000);
    while (zeros < count && digits[zeros] == 0)
        zeros++;
    put16(to, (unsigned)(count - zeros));
    put16(to + 2, count == zeros ? 0 : (unsigned)(count - 3));
    put16(to + 4, amount < 0 ? 0x4000 : 0);
    put16(to + 6, 8);
    for (int i = 0; i < count - zeros; i++)
        put16(to + 8 + 2 * i, digits[count - 1 - i]);
    return 8 + 2 * (count - zeros);
}

static void put_text(given_trade *to, int at, const char *text) {
    to->values[at] = text;
    to->lengths[at] = (int)strlen(text);
}

static void put_integer(given_trade *to, int at, int64_t value) {
    put64(to->data[at], value);
    to->lengths[at] = 8;
}

void wire_bind(given_trade *to, const trade *t) {
    for (int i = 0; i < GIVEN; i++) {
        to->values[i] = to->data[i];
        to->formats[i] = 1;
    }
    put_integer(to, 0, BENCH_BOT);
    put_integer(to, 1, t->position_id);
    put_text(to, 2, "paper");
    for (int i = TEXT_STRATEGY; i <= TEXT_INTERVAL; i++)
        put_text(to, 3 + i, t->texts[i]);
    put_text(to, 8, t->is_short ? "short" : "long");
    put_text(to, 9, "closed");
    put_integer(to, 10, t->entry_us - WIRE_EPOCH_US);
    put_integer(to, 11, t->exit_us - WIRE_EPOCH_US);
    for (int i = 0; i < AMOUNT_COUNT; i++)
        to->lengths[12 + i] = wire_amount(to->data[12 + i], t->amounts[i]);
    put_text(to, 19, t->texts[TEXT_REASON]);
    size_t size = strlen(t->texts[TEXT_METADATA]);
    to->metadata[0] = 1; /* version of jsonb */
    memcpy(to->metadata + 1, t->texts[TEXT_METADATA], size);
    to->values[20] = to->metadata;
    to->lengths[20] = (int)size + 1;
}

/* ---- reading -------------------------------------------------------------------------------------- */

static __int128 read_amount(const char *p) {
    static const int64_t powers[] = {1, 10000, 100000000, INT64_C(1000000000000), INT64_C(10000000000000000)};
    int count = get16(p), weight = (int16_t)get16(p + 2);
    __int128 value = 0;
    if (weight <= 1) { /* below 10^8: fits 64 bits */
        int64_t small = 0;
        for (int i = 0; i < count && weight - i + 2 >= 0; i++)
            small += get16(p + 8 + 2 * i) * powers[weight - i + 2];
        value = small;
    } else {
        int left = weight + 2;
        for (int i = 0; i < count && left >= 0; i++, left--)
            value = value * 10000 + get16(p + 8 + 2 * i);
        for (; left >= 0; left--)
            value *= 10000;
    }
    return get16(p + 4) == 0x4000 ? -value : value;
}

static uint32_t keep_text(wire_arena *arena, const char *data, int length) {
    size_t at = arena->size, needed = at + (size_t)length + 1;
    if (needed > arena->room) {
        arena->room = needed * 2 + 65536;
        arena->data = realloc(arena->data, arena->room);
        if (!arena->data)
            bench_die("out of memory");
    }
    memcpy(arena->data + at, data, (size_t)length);
    arena->data[at + (size_t)length] = 0;
    arena->size = needed;
    return (uint32_t)at;
}

void wire_read(read_trade *t, wire_arena *arena, int column, const char *data, int length) {
    const struct column *c = &columns[column];
    if (length < 0) {
        t->nulls |= 1u << column;
        return;
    }
    switch (c->kind) {
    case 'i':
        (&t->id)[(int)c->slot] = get64(data);
        break;
    case 'n':
        t->amounts[(int)c->slot] = read_amount(data);
        break;
    case 'd':
        t->times[(int)c->slot] = get64(data) + WIRE_EPOCH_US;
        break;
    default:
        if (c->kind == 'j') { /* behind its version */
            data++;
            length--;
        }
        t->texts[(int)c->slot].size = (uint32_t)length;
        t->texts[(int)c->slot].offset = keep_text(arena, data, length);
    }
}
