# SPDX-License-Identifier: MIT
"""What croniter 1.3.5 and cron-parser 5 do differently. differences.txt says the same in words; each class
here names a paragraph there, and takes a difference only where its rule foretells it."""
import model


# ---- croniter ---------------------------------------------------------------------------------------

class CroniterDays(model.Rules):
    """Restricted is what does not take every value."""

    def both_restricted(self, expression):
        return len(expression.days) < 31 and len(expression.weekdays) < 7


class Croniter(CroniterDays):
    """The whole of it: the answer is foretold to the second, right or wrong."""

    def __init__(self, short_months=True):
        self.short_months = short_months

    def next(self, zone, after, expression):
        shift = model.offset(zone, after + 60)  # of the local time that pytz holds fast
        local = (model.NAIVE + (after + 60 + shift) * model.SECOND).replace(second=0)
        found = [self.first_local(expression, local, *days) for days in self.days(expression)]
        if None in found:
            return None
        second = (min(found) - model.NAIVE) // model.SECOND - shift
        return second - self.correction(zone, after, second)

    def days(self, expression):
        """Days and weekdays that are searched for, each by itself."""
        if self.both_restricted(expression):
            return [(sorted(expression.days), range(7)), (range(1, 32), expression.weekdays)]
        return [(sorted(expression.days), expression.weekdays)]

    def first_local(self, expression, local, days, weekdays):
        day = local.date()
        for _ in range(model.LONGEST):
            if day.month not in expression.months:
                day = (day.replace(day=1) + 31 * model.DAY).replace(day=1)
                continue
            wanted = next((wanted for wanted in days if wanted >= day.day), day.day + 1)
            if len(days) < 31 and wanted > day.day:
                # In a month that lacks the wanted day this jumps over the beginning of the next one.
                day += (wanted - day.day if self.short_months else 1) * model.DAY
                continue
            if day.isoweekday() % 7 in weekdays:
                for hour, minute in expression.times:
                    time = model.datetime.datetime(day.year, day.month, day.day, hour, minute)
                    if time >= local:
                        return time
            day += model.DAY
        return None

    def correction(self, zone, after, second):
        """Only for a run that is later than the rest of the day of the question."""
        lag = model.offset(zone, second) - model.offset(zone, after)
        rest_of_day = 3600 * (24 - model.shown(zone, after).hour)
        waited = second - after + max(-lag, 0)
        return lag if waited >= rest_of_day else 0


def explain_croniter(question, ours, answer):
    zone, after, expression = question
    foretold = Croniter().next(*question)
    if answer.startswith("refused: failed to find next date"):
        return {"croniter-impossible-day"} if foretold is None else set()
    if answer != str(foretold):
        return set()
    classes = set()
    days = CroniterDays().next(*question)
    if days != ours:
        starred = any(expression.stars[i] and not full for i, full in
                      ((2, len(expression.days) == 31), (4, len(expression.weekdays) == 7)))
        classes.add("croniter-star-step-days" if starred else "croniter-all-days")
    whole_months = Croniter(short_months=False).next(*question)
    if whole_months != int(answer):
        classes.add("croniter-short-month")
    if whole_months != days:
        if not model.changes(zone, after - 7200, max(days, whole_months) + 3600):
            return set()
        classes.add("croniter-held-offset")
    return classes


# ---- cron-parser ------------------------------------------------------------------------------------

class ParserDays(model.Rules):
    """Restricted is what is not written `*`."""

    def both_restricted(self, expression):
        return expression.texts[2] != "*" and expression.texts[4] != "*"


class ParserHours(ParserDays):
    """All 24 hours run at every match; fewer run the first time, and a gap's in the hour behind it."""

    def runs(self, expression, zone, local, after):
        found, gap_end = model.instants(zone, local)
        if len(expression.hours) == 24:
            return found
        if found:
            return found[:1]
        if after >= gap_end:
            return []
        landed = model.shown(zone, gap_end).replace(minute=local.minute)
        return model.instants(zone, landed)[0][:1]


class ParserNoGap(ParserDays):
    """Nothing runs for a gap."""

    def runs(self, expression, zone, local, after):
        return model.instants(zone, local)[0][:1]


def hour_class(expression):
    if len(expression.hours) == 24:
        return "cron-parser-all-hours"
    return "cron-parser-star-step-hours" if expression.stars[1] else "cron-parser-hour-after-gap"


def is_odd(zone, change):
    """Not by whole hours, or not at a full hour."""
    return (model.offset(zone, change) - model.offset(zone, change - 1)) % 3600 or model.shown(zone, change).minute


def overlap_class(zone, change, length, days, answer):
    """A change back at which the clocks show `length` seconds a second time."""
    first = model.shown(zone, change)
    midnight = (first + length * model.SECOND - model.SECOND).replace(hour=0, minute=0, second=0)
    if answer - days == length and model.shown(zone, answer) == model.shown(zone, days) and midnight >= first:
        return "cron-parser-second-midnight"
    return "cron-parser-repeated-hour" if change <= answer < change + length else None


def change_class(question, days, answer):
    zone, after, expression = question
    for change in model.changes(zone, min(after, days, answer) - 7200, max(days, answer) + 3600):
        length = model.offset(zone, change) - model.offset(zone, change - 1)
        if length >= 86400 and after < change <= days and answer == ParserNoGap().next(*question):
            return "cron-parser-skipped-day"
        if is_odd(zone, change) and abs(min(days, answer) - change) <= 7200 and (
                abs(answer - change) < 93600 or answer == ParserDays().next(zone, change + 7200, expression)):
            return "cron-parser-odd-change"
        found = overlap_class(zone, change, -length, days, answer) if length < 0 else None
        if found:
            return found
    return None


def refusal_class(question, ours, answer):
    zone, after, expression = question
    if "cannot resolve alias" in answer and expression.nickname == "@midnight":
        return {"cron-parser-midnight"}
    for field, parts in enumerate(expression.parts):
        values = [value % 7 if field == 4 else value for part in parts for value in part]
        if "duplicate values" in answer and len(values) > len(set(values)):
            return {"cron-parser-duplicates"}
    if "loop limit" in answer and any(
            is_odd(zone, change) for change in model.changes(zone, after - 3600, ours + 3600)):
        return {"cron-parser-odd-change"}
    return set()


def explain_cron_parser(question, ours, answer):
    if answer.startswith("refused"):
        return refusal_class(question, ours, answer)
    classes = set()
    days, answer = ParserDays().next(*question), int(answer)
    if days != ours:
        classes.add("cron-parser-star-step-days")
    if days != answer:
        found = hour_class(question[2]) if answer == ParserHours().next(*question) \
            else change_class(question, days, answer)
        if not found:
            return set()
        classes.add(found)
    return classes


CLASSES = {"croniter-star-step-days", "croniter-all-days", "croniter-short-month", "croniter-impossible-day",
           "croniter-held-offset", "cron-parser-midnight", "cron-parser-duplicates", "cron-parser-star-step-days",
           "cron-parser-all-hours", "cron-parser-star-step-hours", "cron-parser-hour-after-gap",
           "cron-parser-second-midnight", "cron-parser-repeated-hour", "cron-parser-skipped-day",
           "cron-parser-odd-change"}
