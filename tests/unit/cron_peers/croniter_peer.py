# SPDX-License-Identifier: MIT
"""Answers the lines of test_cron_peers.py with croniter; run by Debian's own Python."""
import datetime
import sys

import croniter
import pytz

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def next_run(zone, second, expression):
    after = (EPOCH + datetime.timedelta(seconds=second)).astimezone(pytz.timezone(zone))
    return int(croniter.croniter(expression, after).get_next(float))


def offset(zone, second):
    at = (EPOCH + datetime.timedelta(seconds=second)).astimezone(pytz.timezone(zone))
    return int(at.utcoffset().total_seconds())


for line in sys.stdin:
    zone, second, expression = line.rstrip("\n").split(" ", 2)
    try:
        print(offset(zone, int(second)) if expression == "offset" else next_run(zone, int(second), expression))
    except ValueError as error:
        print("refused:", " ".join(str(error).split()))
