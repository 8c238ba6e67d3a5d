# SPDX-License-Identifier: MIT
"""Random cron expressions with every feature of the syntax, and instants that mostly lie near clock changes."""
import model

ZONES = """UTC Europe/Berlin Europe/London Europe/Dublin America/New_York America/Sao_Paulo America/Havana
America/Santiago America/Asuncion America/St_Johns Asia/Beirut Asia/Tehran Asia/Amman Africa/Cairo
Africa/Casablanca Antarctica/Troll Australia/Lord_Howe Pacific/Apia Pacific/Chatham Asia/Kolkata""".split()
# Ten years that no release of tzdata changes any more, since cron-parser brings its own; with Apia's lost day.
FIRST, LAST = ((model.datetime.datetime(year, 7, 1) - model.NAIVE) // model.SECOND for year in (2011, 2021))
STEPS = [60, 24, 31, 12, 7]
# Hours at which clocks change, since few random ones do.
NIGHT = "2 1 0 3 23 0-3 2,3 1-2 22-23 0,2 1-3/2 2-20/3 1/2 0/1 0-23 */2 */3".split()


def value(rng, field, number):
    low = model.BOUNDS[field][0]
    names = {3: model.MONTHS, 4: model.WEEKDAYS}.get(field, [])
    if number - low < len(names) and rng.random() < 0.4:
        return rng.choice([str.upper, str.lower, str.title])(names[number - low])
    return rng.choice(["%d", "%d", "%d", "%02d"]) % number


def part(rng, field):
    low, high = model.BOUNDS[field]
    kind = rng.random()
    step = "/%d" % rng.randint(1, STEPS[field] if rng.random() < 0.3 else max(2, STEPS[field] // 3))
    if kind < 0.5:
        return value(rng, field, rng.randint(low, high))
    if kind < 0.85:
        first, last = sorted(rng.randint(low, high) for _ in range(2))
        return f"{value(rng, field, first)}-{value(rng, field, last)}" + (step if kind < 0.65 else "")
    return value(rng, field, rng.randint(low, high)) + step if kind < 0.95 else "*" + step


def some_field(rng, field):
    kind = rng.random() - [0.15, 0.35, 0.5, 0.6, 0.5][field]
    if kind < 0:
        return "*"
    if kind < 0.12:
        return "*/%d" % rng.randint(1, STEPS[field] // 2)
    parts, taken = [], set()
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        new = part(rng, field)
        values = [number % 7 if field == 4 else number for number in model.part_values(field, new)]
        # cron-parser refuses a value that comes twice; a few show that.
        if len(set(values)) == len(values) and not taken & set(values) or rng.random() < 0.02:
            parts.append(new)
            taken.update(values)
    return ",".join(parts or ["1"])


def expression(rng):
    if rng.random() < 0.05:
        return rng.choice(list(model.NICKNAMES))
    fields = [some_field(rng, field) for field in range(5)]
    if rng.random() < 0.35:
        fields[1] = rng.choice(NIGHT)
    text = rng.choice([" ", " ", "\t", "  "]).join(fields)
    return text if len(text) <= 100 else expression(rng)


def instant(rng, changes):
    if not changes or rng.random() < 0.2:
        return rng.randrange(FIRST, LAST)
    return rng.choice(changes) + (rng.randrange(-14000, 8000) if rng.random() < 0.7 else
                                  rng.randrange(-90000, 90000))


def questions(rng, expressions, instants):
    changes = {zone: model.changes(zone, FIRST, LAST) for zone in ZONES}
    for number in range(expressions):
        text, zone = expression(rng), ZONES[number % len(ZONES)]
        for _ in range(instants):
            yield zone, instant(rng, changes[zone]), text
