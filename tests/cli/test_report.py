# SPDX-License-Identifier: MIT
"""tradingdb report: figures against an independent script, as of a time, stored; and the picture as XML."""
import decimal
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from decimal import Decimal

import tap
from cli import COMMAND, WRAPPER, copy_of, environment, fails, folder, psql, works
from test_import import new_bot, sample, trader

sys.path.insert(0, str(pathlib.Path(os.environ["TRDB_TEST_SOURCE"]) / "tests/examples"))
import figures  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def exact(done):
    return json.loads(done.out, parse_float=Decimal, parse_int=Decimal)


def closed_trades(url, rows, description="'a bot'", started=None):
    """Bot 1 with closed trades of size 1 without fees: (time of closing, result)."""
    psql(url, "INSERT INTO usr_users (id) VALUES (1)")
    psql(url, "INSERT INTO trading_bots (id, user_id, type, status, description, config) "
              f"VALUES (1, 1, 'live', 'running', {description}, '{{}}')")
    values = ", ".join(f"(1, 'live', 'a', 'b', 'BTC', '1h', 'long', 'closed', '{started or at}', '{at}', 10000000000000, 10000000000000 + {result}, 1, 0)"
                       for at, result in rows)
    if rows:
        psql(url, "INSERT INTO trading_trades (bot_id, trade_type, entry_logic_name, exit_logic_name, symbol, interval, direction, "
                  f"status, entry_time, exit_time, entry_price, exit_price, size, commission) VALUES {values}")


class Picture:
    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        self.texts = [(t.get("class"), int(t.get("x")), int(t.get("y")), t.text or "") for t in self.root.iter(SVG + "text")]
        self.paths = [(p.get("class"), p.get("d")) for p in self.root.iter(SVG + "path")]

    def words(self):
        return [text for _, _, _, text in self.texts]

    def below(self, label):
        """The figure under a label."""
        ((_, x, y, _),) = [t for t in self.texts if t[3] == label or t[3].startswith(label + ", ")]
        ((_, _, _, value),) = [t for t in self.texts if t[1] == x and y < t[2] < y + 30]
        return value

    def points(self, name):
        """The corners of a line, in picture points."""
        (data,) = [d for c, d in self.paths if c == name and "H" in d]  # the legend has none
        x = y = None
        corners = []
        for letter, numbers in re.findall(r"([MLHVZ])([-\d. ]*)", data):
            values = [float(n) for n in numbers.split()]
            if letter in "ML":
                x, y = values
            elif letter == "H":
                (x,) = values
            elif letter == "V":
                (y,) = values
            corners.append((x, y))
        return corners


def picture(url, *options):
    with folder() as place:
        works("report", "--svg", place / "a.svg", "-d", url, *options)
        return Picture((place / "a.svg").read_text())


def independent_figures():
    """totals, counts, factors and drawdown are those of an independent script, in JSON, text and picture"""
    with folder() as place, copy_of("trdb_template") as url:
        path = sample(place)
        trader(url)
        works(*new_bot(url, path))
        wanted = figures.figures(path)
        report = exact(works("report", "--bot", 101, "--json", "-d", url))
        metrics = report["metrics"]
        for form in ("gross", "net"):
            assert figures.plain(metrics[form]["pnl"]) == wanted[f"{form}_pnl"]
            assert figures.plain(metrics[form]["profit_factor"]) == wanted[f"{form}_profit_factor"]
            assert [metrics[form][k] for k in ("wins", "draws", "losses")] == wanted[f"{form}_wins_draws_losses"]
        assert figures.plain(metrics["gross"]["max_drawdown"]["amount"]) == wanted["max_drawdown"]["amount"]
        assert metrics["net"]["total_return"] is not None, "the starting balance is known"
        assert {s["symbol"]: figures.plain(s["net"]["pnl"]) for s in metrics["by_symbol"]} == {
            pair: net for pair, (_, _, net) in wanted["by_pair"].items()}
        last = report["equity"][-1]
        assert len(report["equity"]) == wanted["trades"] and abs(last["net_equity"] - metrics["net"]["pnl"]) < Decimal("1e-23")

        text = works("report", "--bot", 101, "-d", url).out
        assert f"net P&L    {wanted['net_pnl']}\n" in text and f"gross P&L  {wanted['gross_pnl']}\n" in text
        counts = [" / ".join(map(str, wanted[f"{form}_wins_draws_losses"])) for form in ("net", "gross")]
        assert re.search(rf"^won / drawn / lost  {counts[0]} +{counts[1]}$", text, re.M), text

        shown = picture(url, "--bot", 101)
        assert shown.below("Net result") == short(wanted["net_pnl"]), shown.below("Net result")
        assert shown.below("Gross result") == short(wanted["gross_pnl"])
        assert shown.below("Net profit factor") == str(Decimal(wanted["net_profit_factor"]).quantize(Decimal("0.01"), "ROUND_HALF_UP"))
        assert shown.below("Won / drawn / lost, net") == counts[0]
        description = shown.root.find(SVG + "desc").text
        assert wanted["net_pnl"] in description and wanted["gross_pnl"] in description, description


def short(digits):
    """Five digits or more with a sign, as the picture shows them."""
    value = Decimal(digits)
    places = 2
    while value and abs(value.scaleb(places).to_integral_value(decimal.ROUND_DOWN)) < 10000:
        places += 1
    text = f"{abs(value).quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP):,f}"
    return ("−" if value < 0 else "+") + text


def curve_is_drawn():
    """the lines go where the points are: scales, steps, drawdown"""
    with copy_of("trdb_template") as url:
        closed_trades(url, [("2024-01-02Z", 50), ("2024-01-03Z", -100), ("2024-01-07Z", 200)], started="2024-01-01Z")
        shown = picture(url, "--bot", 1)
        axis = {text: y - 4 for c, _, y, text in shown.texts if c == "end" and re.fullmatch(r"[−\d]+", text)}
        assert axis.keys() >= {"0", "50", "100", "150", "−50"}, axis
        equity = shown.points("net")
        heights = [y for i, (_, y) in enumerate(equity) if i == 0 or y != equity[i - 1][1]]
        zero = equity[0][1]
        scale = (zero - axis_of(shown, "150")) / 150
        assert [round((zero - y) / scale) for y in heights] == [0, 50, -50, 150], heights
        times = sorted({x for x, _ in equity})
        days = [round((x - times[0]) / (times[1] - times[0])) for x in times[:-1]]
        assert days == [0, 1, 2, 6], times
        falls = shown.points("drawdown")
        assert falls[0][1] == falls[-2][1] and max(y for _, y in falls) > falls[0][1] + 10
        assert all(0 <= x <= 960 and 0 <= y <= 540 for x, y in equity + falls)
        assert [t for t in shown.words() if t.endswith(" Jan")] == [f"{day} Jan" for day in range(1, 8)]


def axis_of(shown, label):
    """The height of a line of the upper plot."""
    return min(y - 4 for c, _, y, text in shown.texts if c == "end" and text == label)


def hard_texts():
    """texts of the database are escaped, control characters are not in the file, zones and words are right"""
    with copy_of("trdb_template") as url:
        closed_trades(url, [("2024-03-30 22:30Z", "-0.5"), ("2024-03-31 05:00Z", "0.25")],
                      description="E'<b>&\"quote\"]]> \\x01\\n波段 ' || repeat('very long ', 20)")
        with folder() as place:
            works("report", "--bot", 1, "--svg", place / "a.svg", "--tz", "Europe/Berlin", "-d", url)
            text = (place / "a.svg").read_text()
        assert not re.search("[\0-\x08\x0b-\x1f\x7f]", text)
        shown = Picture(text)
        title = shown.root.find(SVG + "title").text
        assert title.startswith('<b>&"quote"]]> \\x01\\n波段 very long') and title.endswith("…") and len(title) <= 64
        assert "bot 1 · live · 2 closed trades · 30 Mar 2024 to 31 Mar 2024 (Europe/Berlin)" in shown.words()
        assert "31 Mar" in shown.words() and "03:00" in shown.words() and "02:00" not in shown.words(), shown.words()
        assert shown.below("Net result") == "−0.25000" and shown.below("Won, net of fees") == "50.0 %"
        assert shown.root.get("role") == "img" and shown.root.get("viewBox") == "0 0 960 540"
        background = shown.root.find(SVG + "rect")
        assert background.get("fill") == "#ffffff" and background.get("width") == "960"


def unusual_curves():
    """no trades, one trade, draws only, huge and tiny amounts, forty years: each gives a sound picture"""
    for rows, words in (
            ([], ["No closed trades yet", "bot 1 · live · no closed trades"]),
            ([("2024-05-01 12:00Z", 7)], ["+7.0000", "1 / 0 / 0"]),
            ([("2024-05-01 12:00Z", 0), ("2024-05-02 12:00Z", 0)], ["0.00", "0 / 2 / 0", "–"]),
            ([("2024-05-01 12:00Z", "12345678901.5"), ("2024-05-02 12:00Z", "-345678901.25")], ["+12,000,000,000.25", "15,000,000,000", "−200,000,000"]),
            ([("2024-05-01 12:00Z", "0.000000000000000000000001"), ("2024-05-02Z", "0.000000000000000000000002")], ["2 / 0 / 0", "0.000000000000000000000003"]),
            ([("1984-05-01 12:00Z", 5), ("2024-05-01 12:00Z", -8)], ["1990", "2020", "−3.0000"]),
            ([("2024-05-01 12:00:00.1Z", 5), ("2024-05-01 12:00:00.2Z", -8)], ["−3.0000"])):
        with copy_of("trdb_template") as url:
            closed_trades(url, rows)
            shown = picture(url)  # of all bots: the same trades
            assert "All bots" in shown.words()
            shown = picture(url, "--bot", 1)
            for word in words:
                assert word in shown.words(), (word, shown.words())
            for _, data in shown.paths:
                assert not re.search("[^MLHVZ0-9. -]", data), data
                assert all(0 <= float(n) <= 960 for n in re.findall(r"[\d.]+", data)), data


def many_trades():
    """thirty thousand trades give a small picture with the same extremes"""
    with copy_of("trdb_template") as url:
        closed_trades(url, [])
        psql(url, "INSERT INTO trading_trades (bot_id, trade_type, entry_logic_name, exit_logic_name, symbol, interval, direction, "
                  "status, entry_time, exit_time, entry_price, exit_price, size, commission) SELECT 1, 'live', 'a', 'b', 'BTC', '1h', "
                  "'long', 'closed', t, t, 1000, 1000 + (CASE WHEN n % 100 = 50 THEN -97.5 ELSE 1 END), 1, 0 "
                  "FROM generate_series(1, 30000) n, LATERAL (SELECT '2024-01-01Z'::timestamptz + n * interval '10 min' AS t) x")
        with folder() as place:
            works("report", "--bot", 1, "--svg", place / "a.svg", "-d", url)
            assert (place / "a.svg").stat().st_size < 300000
            shown = Picture((place / "a.svg").read_text())
        heights = [y for _, y in shown.points("net")]
        scale = axis_of(shown, "0") - axis_of(shown, "100")
        assert abs((axis_of(shown, "0") - min(heights)) / scale * 100 - 350 - 147.5) < 150, "the highest point is drawn"


def as_of():
    """--as-of leaves out what was closed later, in figures, curve and picture"""
    with copy_of("trdb_template") as url:
        closed_trades(url, [("2024-01-02Z", 50), ("2024-01-03Z", -100), ("2024-01-07Z", 200)])
        for moment, pnl in (("2024-01-01", 0), ("2024-01-02", 50), ("2024-01-06", -50), ("2024-01-07", 150), ("now", 150)):
            report = works("report", "--bot", 1, "--as-of", moment, "--json", "-d", url).json
            assert report["metrics"]["net"]["pnl"] == pnl, report
            assert sum(p["trade_id"] is not None for p in report["equity"]) == report["metrics"]["trades"]
        assert picture(url, "--bot", 1, "--as-of", "2024-01-06").below("Net result") == "−50.000"
        assert works("report", "--bot", 1, "--as-of", "2023-01-01", "-d", url).out == "Bot 1, a bot\n0 closed trades\n"


def returns():
    """--balance gives returns; --store stores the metrics with the bot"""
    with copy_of("trdb_template") as url:
        closed_trades(url, [("2024-01-02Z", 50), ("2024-01-03Z", -100)])
        assert works("report", "--bot", 1, "--json", "-d", url).json["metrics"]["net"]["total_return"] is None
        report = works("report", "--bot", 1, "--json", "--balance", "200", "--store", "-d", url).json
        assert report["metrics"]["net"]["total_return"] == -25
        stored = psql(url, "SELECT bot_id, trade_type, metrics FROM trading_performance_metrics").split("|", 2)
        assert stored[:2] == ["1", "live"] and json.loads(stored[2]) == report["metrics"]
        fails(2, "report", "--store", "-d", url, says="--store needs --bot")
        for amount in ("-1", "x", "NaN", "1,5", ""):
            fails(2, "report", "--bot", 1, "--balance", amount, "-d", url, says="--balance needs an amount")
        assert psql(url, "SELECT count(*) FROM trading_performance_metrics") == "1"


def files():
    """the picture replaces a file as a whole, keeps links and devices, and goes to the standard output for -"""
    with copy_of("trdb_template") as url, folder() as place:
        closed_trades(url, [("2024-01-02Z", 50)])
        path, link = place / "a.svg", place / "link.svg"
        path.write_text("old")
        link.symlink_to(path)
        text = works("report", "--bot", 1, "--svg", path, "-d", url).out
        assert text.startswith("Bot 1") and path.read_text().startswith("<?xml")
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask()
        path.write_text("old")
        works("report", "--bot", 1, "--svg", link, "-d", url)
        assert link.is_symlink() and path.read_text().startswith("<?xml")
        out = works("report", "--bot", 1, "--svg", "-", "-d", url).out
        assert out == path.read_text() and sorted(p.name for p in place.iterdir()) == ["a.svg", "link.svg"]
        fails(1, "report", "--bot", 1, "--svg", place / "no" / "a.svg", "-d", url, says="No such file or directory")
        fails(1, "report", "--bot", 1, "--svg", "/dev/full", "-d", url, says="No space left on device")
        assert os.path.exists("/dev/full")
        for arguments in (("--svg", "-"), ("--json",), ("--csv",), ()):
            with open("/dev/full", "w") as full:
                done = subprocess.run([*WRAPPER, COMMAND, "report", "--bot", "1", *arguments, "-d", url], stdout=full,
                                      stderr=subprocess.PIPE, text=True, env=environment({}))
            assert done.returncode == 1 and "cannot write" in done.stderr, done


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


tap.run(independent_figures, curve_is_drawn, hard_texts, unusual_curves, many_trades, as_of, returns, files)
