# SPDX-License-Identifier: MIT
"""The rules of docs/cron.md a second time, plainly: day by day, minute by minute, with Python's time zones."""
import datetime
import functools
import zoneinfo

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
             "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}
BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
LONGEST = 366 * 41  # days between two runs: a leap day on a certain weekday, over a year 2100
NAIVE = datetime.datetime(1970, 1, 1)
EPOCH = NAIVE.replace(tzinfo=datetime.timezone.utc)
SECOND, HOUR, DAY = (datetime.timedelta(seconds=seconds) for seconds in (1, 3600, 86400))


# ---- expressions ------------------------------------------------------------------------------------

def number(index, text):
    names = {3: MONTHS, 4: WEEKDAYS}.get(index, [])
    return names.index(text) + BOUNDS[index][0] if text in names else int(text)


def part_values(index, part):
    span, _, step = part.upper().partition("/")
    first, _, last = span.partition("-")
    low, high = BOUNDS[index]
    if first != "*":
        low = number(index, first)
        high = number(index, last) if last else high if step else low
    return list(range(low, high + 1, int(step or 1)))


class Expression:
    def __init__(self, text):
        self.nickname = text.lower() if text.startswith("@") else None
        self.texts = NICKNAMES.get(self.nickname, text).split()
        self.parts = [[part_values(i, part) for part in field.split(",")] for i, field in enumerate(self.texts)]
        sets = [{value for part in parts for value in part} for parts in self.parts]
        self.minutes, self.hours, self.days, self.months, weekdays = sets
        self.weekdays = {day % 7 for day in weekdays}
        self.stars = [field.startswith("*") for field in self.texts]
        self.times = [(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]


# ---- zones ------------------------------------------------------------------------------------------

@functools.lru_cache(None)
def zone_of(name):
    return zoneinfo.ZoneInfo(name)


@functools.lru_cache(1 << 16)
def offset(zone, second):
    shift = (EPOCH + second * SECOND).astimezone(zone_of(zone)).utcoffset()
    return shift // SECOND


def shown(zone, second):
    """What the clocks show."""
    return NAIVE + (second + offset(zone, second)) * SECOND


def change_between(zone, low, high):
    """The one change of the offset after low, not after high."""
    before = offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def changes(zone, low, high):
    """All changes of the offset, when none is undone within half a day."""
    half = 43200
    return [change_between(zone, second, second + half) for second in range(low, high, half)
            if offset(zone, second) != offset(zone, second + half)]


def instants(zone, local):
    """The instants at which the clocks show a local time, the earliest first; or the gap's end."""
    tries = sorted({(local.replace(tzinfo=zone_of(zone), fold=fold) - EPOCH) // SECOND for fold in (0, 1)})
    found = [second for second in tries if shown(zone, second) == local]
    return (found, None) if found else ([], change_between(zone, tries[0], tries[-1]))


# ---- rules ------------------------------------------------------------------------------------------

class Rules:
    """Ours. The peers' are derived from them."""

    def both_restricted(self, expression):
        return not expression.stars[2] and not expression.stars[4]

    def runs(self, expression, zone, local, after):
        """The instants at which a local time runs."""
        found, gap_end = instants(zone, local)
        if expression.stars[1]:
            return found
        return found[:1] or [gap_end]

    def day_matches(self, expression, day):
        if day.month not in expression.months:
            return False
        by_date = day.day in expression.days
        by_weekday = day.isoweekday() % 7 in expression.weekdays
        return by_date or by_weekday if self.both_restricted(expression) else by_date and by_weekday

    def next(self, zone, after, expression):
        day = shown(zone, after).date() - DAY
        for _ in range(LONGEST):
            if self.day_matches(expression, day):
                found = self.next_on(expression, zone, after, day)
                if found is not None:
                    return found
            day += DAY
        return None

    def next_on(self, expression, zone, after, day):
        midnight = datetime.datetime(day.year, day.month, day.day)
        start = (midnight - NAIVE) // SECOND
        shifts = {offset(zone, start + hours * 3600) for hours in range(-30, 55, 6)}
        if len(shifts) == 1:  # no change anywhere near
            start -= shifts.pop()
            return next((start + hour * 3600 + minute * 60 for hour, minute in expression.times
                         if start + hour * 3600 + minute * 60 > after), None)
        # Here no local time comes again after three hours, so earlier ones are over and later ones are late.
        earliest, latest, found = shown(zone, after) - 3 * HOUR, None, []
        for hour, minute in expression.times:
            local = midnight + hour * HOUR + minute * 60 * SECOND
            if local < earliest:
                continue
            if latest and local > latest:
                break
            for second in self.runs(expression, zone, local, after):
                if second > after:
                    found.append(second)
                    latest = latest or local + 3 * HOUR
        return min(found, default=None)
