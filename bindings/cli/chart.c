/* SPDX-License-Identifier: MIT */
/* A line chart in braille characters: two by four dots a character, in whole numbers throughout. */
#include "chart.h"

enum { COLUMNS = 72, ROWS = 12, DOTS_X = COLUMNS * 2, DOTS_Y = ROWS * 4 };

typedef struct canvas {
    unsigned char cell[ROWS][COLUMNS]; /* bit i: dot i of U+2800 + bits */
} canvas;

static void dot(canvas *c, int x, int y) {
    static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    int from_top = DOTS_Y - 1 - y;
    c->cell[from_top / 4][x / 2] |= bits[from_top % 4][x % 2];
}

/* From one value to the next, without gaps on steep ways. */
static void line(canvas *c, int x, int from, int to) {
    int step = to >= from ? 1 : -1;
    for (int y = from; y != to; y += step)
        dot(c, x, y);
    dot(c, x, to);
}

/* The finest scale at which every value of the curve is an int64. */
static unsigned common_scale(const trdb_trading_equity_curve_row_list *curve, size_t count) {
    unsigned scale = 18;
    for (size_t i = 0; i < count; i++) {
        const trdb_trading_equity_curve_row *row = trdb_trading_equity_curve_row_list_at(curve, i);
        int64_t value;
        while (scale > 0 && trdb_decimal_to_i64(row->net_equity, scale + 2, TRDB_ROUND_HALF_EVEN, &value) < 0)
            scale--;
    }
    return scale;
}

static int64_t scaled(trdb_decimal value, unsigned scale) {
    int64_t result = 0;
    trdb_decimal_to_i64(value, scale, TRDB_ROUND_HALF_EVEN, &result);
    return result;
}

static void print_label(FILE *out, int64_t value, unsigned scale) {
    trdb_decimal exact, rounded;
    char text[TRDB_DECIMAL_TEXT_SIZE] = "";
    if (trdb_decimal_from_i64(value, scale, &exact) == 0 &&
        trdb_decimal_round(exact, scale < 8 ? scale : 8, TRDB_ROUND_HALF_EVEN, &rounded) == 0)
        trdb_decimal_format(rounded, text, sizeof text);
    fprintf(out, "%14s", text);
}

void chart_print(FILE *out, const trdb_trading_equity_curve_row_list *curve, size_t count,
                 const char *currency, const char *first, const char *last) {
    if (count == 0)
        return;
    unsigned scale = common_scale(curve, count);
    int64_t low = 0, high = 0; /* the curve begins at zero */
    for (size_t i = 0; i < count; i++) {
        int64_t value = scaled(trdb_trading_equity_curve_row_list_at(curve, i)->net_equity, scale);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    int64_t height = high > low ? high - low : 1;
    canvas c = {0};
    int zero = (int)(-low * (DOTS_Y - 1) / height), before = zero;
    for (int x = 0; x < DOTS_X; x += 2)
        dot(&c, x, zero);
    for (int x = 0; x < DOTS_X; x++) {
        size_t at = (size_t)x * count / DOTS_X;
        int64_t value = scaled(trdb_trading_equity_curve_row_list_at(curve, at)->net_equity, scale);
        int y = (int)((value - low) * (DOTS_Y - 1) / height);
        line(&c, x, before, y);
        before = y;
    }

    fprintf(out, "Net result%s%s, trade by trade in the order of closing\n\n", currency ? " in " : "",
            currency ? currency : "");
    for (int row = 0; row < ROWS; row++) {
        if (row == 0 || row == ROWS - 1)
            print_label(out, row == 0 ? high : low, scale);
        else
            fprintf(out, "%14s", "");
        fputs(" ", out);
        for (int column = 0; column < COLUMNS; column++) {
            unsigned code = 0x2800u + c.cell[row][column];
            fprintf(out, "%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
        }
        fputs("\n", out);
    }
    fprintf(out, "%15s%s%*s%s\n", "", first, COLUMNS - (int)strlen(first) - (int)strlen(last), "", last);
}
