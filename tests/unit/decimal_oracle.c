/* SPDX-License-Identifier: MIT */
/* A filter for test_decimal_oracle.py: reads lines "operation a b scale mode" and answers each with the
 * result or the name of the error code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tradingdb/tradingdb.h>

typedef struct question {
    char operation[16];
    char a[256];
    char b[256];
    unsigned scale;
    int mode;
} question;

static int operand(const char *text, trdb_decimal *ret) {
    if (strcmp(text, "NULL") == 0) {
        memset(ret, 0, sizeof *ret);
        return TRDB_OK;
    }
    return trdb_decimal_parse(text, ret);
}

static int calculate(const question *q, trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    trdb_rounding mode = (trdb_rounding)q->mode;
    if (strcmp(q->operation, "parse") == 0) {
        *ret = a;
        return TRDB_OK;
    }
    if (strcmp(q->operation, "add") == 0)
        return trdb_decimal_add(a, b, ret);
    if (strcmp(q->operation, "subtract") == 0)
        return trdb_decimal_subtract(a, b, ret);
    if (strcmp(q->operation, "multiply") == 0)
        return trdb_decimal_multiply(a, b, q->scale, mode, ret);
    if (strcmp(q->operation, "divide") == 0)
        return trdb_decimal_divide(a, b, q->scale, mode, ret);
    if (strcmp(q->operation, "round") == 0)
        return trdb_decimal_round(a, q->scale, mode, ret);
    if (strcmp(q->operation, "from_i64") == 0)
        return trdb_decimal_from_i64(strtoll(q->a, NULL, 10), q->scale, ret);
    if (strcmp(q->operation, "negate") == 0)
        *ret = trdb_decimal_negate(a);
    else if (strcmp(q->operation, "trim") == 0)
        *ret = trdb_decimal_trim(a);
    else
        exit(2);
    return TRDB_OK;
}

static int answer(const question *q) {
    trdb_decimal a, b, result;
    int rc = operand(q->a, &a);
    if (rc == 0)
        rc = operand(q->b, &b);
    if (rc == 0 && strcmp(q->operation, "compare") == 0)
        return printf("%d\n", trdb_decimal_compare(a, b));
    if (rc == 0 && strcmp(q->operation, "to_i64") == 0) {
        int64_t integer;
        rc = trdb_decimal_to_i64(a, q->scale, (trdb_rounding)q->mode, &integer);
        return rc < 0 ? puts(trdb_error_code_name(rc)) : printf("%" PRId64 "\n", integer);
    }
    if (rc == 0)
        rc = calculate(q, a, b, &result);
    char text[TRDB_DECIMAL_TEXT_SIZE];
    if (rc == 0)
        rc = trdb_decimal_format(result, text, sizeof text);
    return puts(rc < 0 ? trdb_error_code_name(rc) : text);
}

int main(void) {
    question q;
    char line[640];
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%15s %255s %255s %u %d", q.operation, q.a, q.b, &q.scale, &q.mode) != 5)
            return 2;
        if (answer(&q) < 0)
            return 3;
    }
    return 0;
}
