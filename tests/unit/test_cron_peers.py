# SPDX-License-Identifier: MIT
"""Cron expressions against croniter, cron-parser and a plain model, on random questions near clock changes.

A question is a zone, an instant and an expression; the answer is the next run. The model must always give ours.
Where a peer differs, classes of cron_peers/differences.txt must explain it, or the test fails.
The seed is fixed, so that a failure can be seen again; TRDB_TEST_SEED gives another one.
"""
import collections
import datetime
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "cron_peers"
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]
import model  # noqa: E402
import peers  # noqa: E402
import questions  # noqa: E402
import tap  # noqa: E402

BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "tests" / "unit"
PACKAGES = BUILD / "cron_peers"
SEED = int(os.environ.get("TRDB_TEST_SEED", "20180110"))
EXPRESSIONS = int(os.environ.get("TRDB_TEST_CASES", "400"))
INSTANTS = 8  # for each expression

OURS = [str(BUILD / "cron_oracle")]
CRONITER = ["/usr/bin/python3", str(HERE / "croniter_peer.py")]  # Debian's own, whatever python3 is in PATH
CRON_PARSER = ["node", str(HERE / "cron_parser_peer.js"), str(PACKAGES)]
# GLib 2.74 misreads rules under which winter time is the exception, where tzdata ends listing each change.
MISREAD, MISREAD_FROM = {"Europe/Dublin", "Eire"}, 2037


class Run:
    """A filter at work; several can be at work at once."""

    def __init__(self, command, asked):
        self.lines = tuple("{} {} {}\n".format(*question) for question in asked)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.command = command

    def answers(self):
        out, problem = self.process.communicate("".join(self.lines))
        assert self.process.returncode == 0, f"{' '.join(self.command)}: {problem}"
        answers = out.split("\n")[:-1]
        assert len(answers) == len(self.lines), f"{len(answers)} answers to {len(self.lines)} questions"
        return answers


def answers_of(command, asked):
    return Run(command, asked).answers()


def install():
    """croniter is there, and npm installs the pinned cron-parser"""
    assert subprocess.run([*CRONITER[:1], "-c", "import croniter, pytz"]).returncode == 0, \
        "install Debian's python3-croniter: .ci/packages test"
    assert shutil.which("npm"), "install npm: .ci/packages test"
    PACKAGES.mkdir(exist_ok=True)
    lock = (HERE / "package-lock.json").read_text()
    done = PACKAGES / "installed-lock.json"
    if not done.exists() or done.read_text() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, PACKAGES)
        npm = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=PACKAGES,
                             capture_output=True, text=True)
        assert npm.returncode == 0, f"npm could not install cron-parser; it needs its registry:\n{npm.stderr}"
        done.write_text(lock)
    for name, version in re.findall(r'"node_modules/([^"]+)": \{\s*"version": "([^"]+)"', lock):
        found = (PACKAGES / "node_modules" / name / "package.json").read_text()
        assert f'"version": "{version}"' in found, name
        print(f"# {name} {version}", flush=True)


# ---- zones ------------------------------------------------------------------------------------------

def same_zones():
    """the peers know the zones' changes as the system's tzdata has them"""
    asked = [(zone, change + by, "offset") for zone in questions.ZONES for by in (-1, 0)
             for change in [questions.FIRST, *model.changes(zone, questions.FIRST, questions.LAST)]]
    for command in (CRONITER, CRON_PARSER):
        for (zone, second, _), answer in zip(asked, answers_of(command, asked)):
            assert int(answer) == model.offset(zone, second), f"{command[0]} has another {zone} at {second}"


def written(zone, second):
    """As trdb_timestamp_format_in() writes it."""
    text = (model.EPOCH + second * model.SECOND).astimezone(model.zone_of(zone)).isoformat(" ")
    return text.replace("+00:00:00", "+00:00")


def all_zones():
    """every zone of tzdata shows what Python's zones show, in each century"""
    rng = random.Random(SEED)
    asked = []
    for zone in sorted(model.zoneinfo.available_timezones() - {"localtime"}):
        for first in [1850, 1900, *range(1950, 2100, 10), *range(2100, 9900, 400)]:
            last = MISREAD_FROM if zone in MISREAD else first + 400
            day = datetime.date(min(first, last), 1, 1) + rng.randrange(365 * 10) * model.DAY
            if day.year < last:
                second = (day - datetime.date(1970, 1, 1)).days * 86400 + rng.randrange(86400)
                asked.append((zone, second, "format"))
    answers = answers_of(OURS, asked)
    print(f"# {len(asked)} times in {len({zone for zone, _, _ in asked})} zones", flush=True)
    wrong = [(question, answer) for question, answer in zip(asked, answers)
             if answer != written(*question[:2])]
    assert not wrong, f"{len(wrong)} wrong; the first: {wrong[0]}, not {written(*wrong[0][0][:2])}"


def local_times():
    """a local time is the first of two instants, or the end of its gap"""
    rng = random.Random(SEED)
    asked, expected = [], []
    for zone in questions.ZONES:
        changes = model.changes(zone, questions.FIRST, questions.LAST)
        for _ in range(100):
            second = rng.choice(changes or [questions.FIRST]) + rng.randrange(-10000, 10000)
            local = model.NAIVE + (second + rng.choice([0, 1800, 3600, 86400]) + model.offset(zone, second)) \
                * model.SECOND
            found, gap_end = model.instants(zone, local)
            asked.append((zone, 0, f"parse {local}"))
            expected.append(str(found[0] if found else gap_end))
    wrong = [each for each in zip(asked, answers_of(OURS, asked), expected) if each[1] != each[2]]
    assert not wrong, f"{len(wrong)} wrong; the first: %s gave %s, not %s" % wrong[0]


# ---- expressions ------------------------------------------------------------------------------------

class Compared:
    """All questions with all answers, asked once."""

    def __init__(self):
        rng = random.Random(SEED)
        self.asked = list(questions.questions(rng, EXPRESSIONS, INSTANTS))
        runs = [Run(command, self.asked) for command in (OURS, CRONITER, CRON_PARSER)]
        self.ours, self.croniter, self.cron_parser = (run.answers() for run in runs)
        self.expressions = {text: model.Expression(text) for _, _, text in self.asked}

    def question(self, number):
        zone, second, text = self.asked[number]
        return zone, second, self.expressions[text]


compared = None


def against_the_model():
    """every answer is the model's"""
    global compared
    compared = Compared()
    rules = model.Rules()
    refused = 0
    for number, answer in enumerate(compared.ours):
        right = rules.next(*compared.question(number))
        refused += right is None
        assert answer == ("TRDB_E_INVALID" if right is None else str(right)), \
            f"{compared.asked[number]} gave {answer}, not {right}"
    print(f"# {len(compared.ours)} questions, {len(compared.expressions)} expressions, {refused} never run, "
          f"seed {SEED}", flush=True)


def compare(answers, explain):
    """Counts the classes; a difference without one fails."""
    counts, unknown = collections.Counter(), []
    for number, (ours, answer) in enumerate(zip(compared.ours, answers)):
        if answer == ours or (ours.startswith("TRDB_E_") and answer.startswith("refused")):
            continue
        counts["differences"] += 1
        classes = set() if ours.startswith("TRDB_E_") else explain(compared.question(number), int(ours), answer)
        counts.update(classes)
        if not classes:
            unknown.append(f"{compared.asked[number]}: ours {ours}, theirs {answer}")
    print(f"# {len(answers)} answers", *(f"{name} {count}" for name, count in counts.most_common()), sep=", ",
          flush=True)
    assert not unknown, "not in a class of differences.txt:\n" + "\n".join(unknown[:20])
    return counts


def against_croniter():
    """croniter differs only as differences.txt says"""
    compare(compared.croniter, peers.explain_croniter)


def against_cron_parser():
    """cron-parser differs only as differences.txt says"""
    compare(compared.cron_parser, peers.explain_cron_parser)


def foretold():
    """croniter's answers are understood: each is foretold, right or wrong"""
    rules = peers.Croniter()
    for number, answer in enumerate(compared.croniter):
        if not answer.startswith("refused"):
            right = rules.next(*compared.question(number))
            assert answer == str(right), f"{compared.asked[number]}: croniter {answer}, foretold {right}"


# ---- the list ---------------------------------------------------------------------------------------

def paragraphs():
    """name -> (zone, after, expression, ours, theirs)"""
    text = (HERE / "differences.txt").read_text()
    found = {}
    for name, body in re.findall(r"^\[([\w-]+)\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S):
        example, = re.findall(r"^example: (.*)$", body, re.M)
        found[name] = [each.strip() for each in example.split("|")]
    return found


def second_of(text):
    return (datetime.datetime.fromisoformat(text) - model.EPOCH) // model.SECOND


def listed():
    """each class has a paragraph, and the example in it is true"""
    found = paragraphs()
    assert set(found) == peers.CLASSES, set(found) ^ peers.CLASSES
    for name, (zone, after, text, ours, theirs) in found.items():
        question = (zone, second_of(after), text)
        command = CRONITER if name.startswith("croniter") else CRON_PARSER
        explain = peers.explain_croniter if name.startswith("croniter") else peers.explain_cron_parser
        assert answers_of(OURS, [question]) == [str(second_of(ours))], f"{name}: {answers_of(OURS, [question])}"
        answer, = answers_of(command, [question])
        wanted = theirs if theirs.startswith("refused") else str(second_of(theirs))
        assert answer == wanted, f"{name}: {answer}"
        parsed = (zone, question[1], model.Expression(text))
        assert name in explain(parsed, second_of(ours), answer), f"{name}: explained by other classes"


def documented():
    """the examples of docs/cron.md are true"""
    page = (HERE.parents[2] / "docs" / "cron.md").read_text()
    runs = re.findall(r"^\| `([^`]+)` \| (\S+) \| (\d[^|]+) \| ([^|,]+), ([^|,]+) \|$", page, re.M)
    words = re.findall(r"^\| `([^`]+)` \| ([A-Z][^|]+ \(UTC\)) \|$", page, re.M)
    names = re.findall(r"^\| `(@\w+)`(?:, `(@\w+)`)? \| `([^`]+)` \|$", page, re.M)
    assert len(runs) >= 9 and len(words) >= 4 and len(names) == 5, (len(runs), len(words), len(names))
    for text, zone, after, first, second in runs:
        asked = [(zone, second_of(after.strip()), text), (zone, second_of(first.strip()), text)]
        assert answers_of(OURS, asked) == [str(second_of(first.strip())), str(second_of(second.strip()))], text
    assert answers_of(OURS, [("UTC", 0, f"describe {text}") for text, _ in words]) == [said for _, said in words]
    for *given, meaning in names:
        for name in filter(None, given):
            for second in (0, 86399, 1767225600):
                asked = [("Europe/Berlin", second, name), ("Europe/Berlin", second, meaning)]
                assert len(set(answers_of(OURS, asked))) == 1, name


tap.run(install, same_zones, all_zones, local_times, against_the_model, against_croniter, foretold,
        against_cron_parser, listed, documented)
