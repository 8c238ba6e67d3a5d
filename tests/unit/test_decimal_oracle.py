# SPDX-License-Identifier: MIT
"""Decimal arithmetic against Python's decimal, on random numbers of every shape.

The seed is fixed, so that a failure can be seen again; TRDB_TEST_SEED gives another one.
"""
import decimal
import os
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

BINARY = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "tests" / "unit" / "decimal_oracle"
SEED = int(os.environ.get("TRDB_TEST_SEED", "20180110"))
CASES = int(os.environ.get("TRDB_TEST_CASES", "16000"))  # of each operation with two operands

# Wide enough that nothing is rounded before it is told to: 10^38 * 10^38 at 76 decimals.
decimal.setcontext(decimal.Context(prec=400, rounding=decimal.ROUND_DOWN, Emax=decimal.MAX_EMAX,
                                   Emin=decimal.MIN_EMIN, traps=[]))
LIMIT = 10 ** 38
MODES = [None, decimal.ROUND_HALF_UP, decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_DOWN, decimal.ROUND_DOWN,
         decimal.ROUND_UP, decimal.ROUND_FLOOR, decimal.ROUND_CEILING]
SPECIALS = ["NULL", "NaN", "Infinity", "-Infinity"]
RANGE, INEXACT, INVALID = "TRDB_E_RANGE", "TRDB_E_INEXACT", "TRDB_E_INVALID"


class Refused(Exception):
    """The answer is an error code."""


# ---- numbers ----------------------------------------------------------------------------------------

def coefficient(rng):
    kind = rng.randrange(10)
    digits = rng.randint(1, 38)
    if kind == 0:
        return 0
    if kind == 1:
        return 10 ** (digits - 1)
    if kind == 2:
        return 10 ** digits - 1
    if kind == 3:  # around what a 64-bit half holds
        return 2 ** 64 + rng.randint(-2, 2)
    if kind == 4:  # halves, for ties
        return 5 * 10 ** (digits - 1)
    if kind == 5:
        return rng.randrange(10 ** min(digits, 6)) * 10 ** rng.randint(0, 32)
    if kind == 6:  # long runs of ones and zeros bits, for carries
        bits = rng.randint(1, 126)
        return min(2 ** bits - rng.choice([0, 1, 2 ** (bits // 2)]), LIMIT - 1)
    return rng.randrange(10 ** digits)


def number(rng):
    if rng.random() < 0.01:
        return rng.choice(SPECIALS)
    scale = rng.choice([0, 8, 24, 38, rng.randint(0, 38), rng.randint(0, 38)])
    return written(rng.random() < 0.5, coefficient(rng), scale)


def written(negative, value, scale):
    digits = str(value).rjust(scale + 1, "0")
    text = digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}"
    return "-" + text if negative and value else text


def pair(rng):
    """Two operands; often related, so that they cancel, tie or divide evenly."""
    a = number(rng)
    kind = rng.randrange(6)
    if kind == 0 and a not in SPECIALS:  # almost the same number, at another scale
        _, digits, exponent = decimal.Decimal(a).as_tuple()
        value = int("".join(map(str, digits)))
        up = rng.randint(0, min(38 + exponent, 38 - len(str(value))) if len(str(value)) < 38 else 0)
        value = max(value * 10 ** up + rng.randint(-1, 1), 0)
        if value < LIMIT:
            return a, written(rng.random() < 0.5, value, up - exponent)
    if kind == 1:  # a small divisor, so that quotients end and tie
        divisor = rng.choice([1, 2, 4, 5, 8, 16, 25, 64, 125])
        return a, written(rng.random() < 0.5, divisor, rng.randint(0, 20))
    return a, number(rng)


# ---- what the answer must be ------------------------------------------------------------------------

def show(value, scale):
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "Infinity" if value > 0 else "-Infinity"
    scaled = int(value.scaleb(scale))
    assert value.scaleb(scale) == scaled
    if abs(scaled) >= LIMIT:
        raise Refused(RANGE)
    return written(scaled < 0, abs(scaled), scale)


def rounded(value, scale, mode):
    if value.is_nan() or value.is_infinite():
        return show(value, scale)
    unit = decimal.Decimal(1).scaleb(-scale)
    down = value.quantize(unit, decimal.ROUND_DOWN)
    if abs(down.scaleb(scale)) >= LIMIT:
        raise Refused(RANGE)
    if MODES[mode] is None:
        if down != value:
            raise Refused(INEXACT)
        return show(down, scale)
    return show(value.quantize(unit, MODES[mode]), scale)


def quotient_rounded(a, b, scale, mode):
    """Rounds the fraction itself: no number of digits of 1/3 would be exact."""
    p, q = a.as_integer_ratio(), b.as_integer_ratio()
    top, bottom = p[0] * q[1] * 10 ** scale, p[1] * q[0]
    negative = (top < 0) != (bottom < 0)
    whole, rest = divmod(abs(top), abs(bottom))
    if whole >= LIMIT:
        raise Refused(RANGE)
    twice = 2 * rest - abs(bottom)
    away = {0: False, 1: twice >= 0, 2: twice > 0 or (twice == 0 and whole % 2 == 1), 3: twice > 0, 4: False,
            5: rest > 0, 6: rest > 0 and negative, 7: rest > 0 and not negative}[mode]
    if mode == 0 and rest:
        raise Refused(INEXACT)
    whole += away
    if whole >= LIMIT:
        raise Refused(RANGE)
    return written(negative, whole, scale)


def scale_of(value):
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def divide(a, b, scale, mode):
    if a.is_nan() or b.is_nan() or (a.is_infinite() and b.is_infinite()):
        return "NaN"
    if b.is_infinite():
        return written(False, 0, scale)
    if b == 0:
        raise Refused(RANGE)
    if a.is_infinite():
        return "-Infinity" if (a < 0) != (b < 0) else "Infinity"
    return quotient_rounded(a, b, scale, mode)


def order(a, b):
    if a.is_nan() or b.is_nan():
        return str(int(a.is_nan()) - int(b.is_nan()))
    return str((a > b) - (a < b))


def trimmed(a):
    if not a.is_finite():
        return show(a, 0)
    scale = scale_of(a)
    while scale > 0 and a == a.quantize(decimal.Decimal(1).scaleb(1 - scale), decimal.ROUND_DOWN):
        scale -= 1
    return show(a, scale)


def to_i64(a, scale, mode):
    if not a.is_finite():
        raise Refused(RANGE)
    value = int(decimal.Decimal(rounded(a, scale, mode)).scaleb(scale))
    if not -2 ** 63 <= value < 2 ** 63:
        raise Refused(RANGE)
    return str(value)


def finite(operation, a, b, scale, mode):
    if operation == "add":
        return show(a + b, max(scale_of(a), scale_of(b)))
    if operation == "subtract":
        return show(a - b, max(scale_of(a), scale_of(b)))
    if operation == "multiply":
        return rounded(a * b, scale, mode)
    if operation == "divide":
        return divide(a, b, scale, mode)
    if operation == "compare":
        return order(a, b)
    if operation == "round":
        return rounded(a, scale, mode)
    if operation == "to_i64":
        return to_i64(a, scale, mode)
    if operation == "from_i64":
        return show(a.scaleb(-scale), scale)
    if operation == "negate":
        return show(-a, scale_of(a))
    if operation == "trim":
        return trimmed(a)
    raise AssertionError(operation)


def parsed(text):
    """By the rule of the header: as written; zeros at the end are dropped only when it would not fit."""
    match = re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?", text)
    if not match:
        raise Refused(INVALID)
    if match[1]:  # Decimal has a limit of its own here
        exponent = max(min(int(match[1]), 10 ** 6), -10 ** 6)
        text = text[:match.start(1)] + str(exponent)
    value = decimal.Decimal(text)
    scale = max(scale_of(value), 0)
    if value == 0:
        return written(False, 0, min(scale, 38))
    if not -38 <= value.adjusted() < 38:
        raise Refused(RANGE)
    while True:
        coefficient_ = int(abs(value).scaleb(scale))
        if scale <= 38 and coefficient_ < LIMIT:
            return written(value < 0, coefficient_, scale)
        if scale == 0 or coefficient_ % 10:
            raise Refused(RANGE)
        scale -= 1


def expected(operation, a, b, scale, mode):
    try:
        if operation == "parse":
            return parsed(a)
        operands = (a, b) if operation in TWO else (a,)
        if operation == "compare" and "NULL" in operands:
            return str(int(a == "NULL") - int(b == "NULL"))
        if operation in ("multiply", "divide", "round", "to_i64") and (scale > 38 or mode > 7):
            return INVALID
        if operation == "from_i64" and scale > 38:
            return RANGE
        if "NULL" in operands:
            if operation == "to_i64":
                raise Refused(RANGE)
            return ""
        return finite(operation, decimal.Decimal(a), decimal.Decimal(b), scale, mode)
    except Refused as refused:
        return str(refused)


# ---- the questions ----------------------------------------------------------------------------------

TWO = ("add", "subtract", "multiply", "divide", "compare")
ONE = ("round", "to_i64", "from_i64", "negate", "trim", "parse")


def any_text(rng):
    """A number as people and programs write it, and sometimes none at all."""
    whole = "0" * rng.choice([0, 0, 0, 1, 40]) + str(coefficient(rng))
    point = rng.randint(0, len(whole)) if rng.random() < 0.8 else None
    text = whole if point is None else whole[:point] + "." + whole[point:]
    text += "0" * rng.choice([0, 0, 1, 5, 50]) if "." in text else ""
    if rng.random() < 0.5:
        text += rng.choice("eE") + rng.choice(["", "+", "-"]) + str(rng.choice([0, 1, 5, rng.randint(0, 80)]))
    text = rng.choice(["", "", "-", "+"]) + text
    if rng.random() < 0.1:  # one character lost, doubled or foreign
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", text[at] * 2, "x", ",", "e", ".", "-"]) + text[at + 1:]
    return text or "."


def questions(operation):
    rng = random.Random(f"{SEED} {operation}")
    for _ in range(CASES if operation in TWO else CASES // 2):
        scale, mode = rng.randint(0, 38), rng.randint(0, 7)
        if rng.random() < 0.01:
            scale = rng.choice([39, 255, 2 ** 32 - 1])
        if rng.random() < 0.01:
            mode = rng.choice([8, 100])
        if operation in TWO:
            yield operation, *pair(rng), scale, mode
        elif operation == "parse":
            yield operation, any_text(rng), "0", scale, mode
        elif operation == "from_i64":
            size = rng.choice([2 ** 63, 2 ** rng.randint(1, 63)])
            yield operation, str(rng.choice([-size, size - 1, rng.randrange(-size, size)])), "0", scale, mode
        else:
            yield operation, number(rng), "0", scale, mode


def check(operation):
    asked = list(questions(operation))
    lines = "".join("{} {} {} {} {}\n".format(*question) for question in asked)
    done = subprocess.run([str(BINARY)], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} questions"
    refused = sum(answer.startswith("TRDB_E_") for answer in answers)
    print(f"# {operation}: {len(asked)} cases, {refused} refused, seed {SEED}", flush=True)
    wrong = [(question, answer, right) for question, answer in zip(asked, answers)
             if answer != (right := expected(*question))]
    assert not wrong, f"{len(wrong)} wrong; the first: %s gave %s, not %s" % wrong[0]


def test_of(operation):
    def test():
        check(operation)
    test.__doc__ = f"{operation} agrees with Python's decimal"
    return test


tap.run(*(test_of(operation) for operation in TWO + ONE))
