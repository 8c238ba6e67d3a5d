# SPDX-License-Identifier: MIT
"""The trading day of examples/trading_day in Python: trading_day.py BOT.json EXPORT.json; the database is in DB_URL."""
import json
import pathlib
import secrets
import sys
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal, getcontext
from typing import Any

import tradingdb

ACCOUNT, BEGAN = "100200300", datetime.now(timezone.utc)
getcontext().prec = 80  # so that products of prices, sizes and rates are exact


def register(uow: tradingdb.UnitOfWork) -> int:  # the trader, by a code that the bot sends
    code, user = f"{secrets.randbelow(10**6):06}", uow.users.ensure_telegram_user(ACCOUNT)
    if not uow.users.get_telegram_profile(ACCOUNT).verified:
        uow.telegram.set_user_email(ACCOUNT, "trader@example.org", code, language="en", is_admin=False)
        assert uow.telegram.verify_code(ACCOUNT, code) == "accepted"
        uow.telegram.approve_user(ACCOUNT)
    uow.telegram.log_command(telegram_user_id=ACCOUNT, command="/start", is_registered_user=True, success=True)
    return user.id


def import_trade(uow: tradingdb.UnitOfWork, bot: int, strategy: str, frame: str, row: dict[str, Any], n: int) -> bool:
    """Books a trade of the export with both of its fills; False when that was done before."""
    opened, closed = (datetime.fromisoformat(row[key]) for key in ("open_date", "close_date"))
    side, enter, leave = ("short", "sell", "buy") if row["is_short"] else ("long", "buy", "sell")
    name = f"{strategy:.40}:{row['pair']}:{side}:{opened.timestamp():.0f}:{closed.timestamp():.0f}:{n}"
    fees = [(row["amount"] * row[f"fee_{end}"] * row[f"{end}_rate"]).quantize(Decimal("1e-24"), ROUND_HALF_UP)
            for end in ("open", "close")]
    fill: dict[str, Any] = {"bot_id": bot, "trade_type": "paper", "symbol": row["pair"], "direction": side,
                            "exchange": "freqtrade", "qty": row["amount"]}
    entry = uow.trading.fill_symbol(**fill, exchange_trade_id=f"{name}:entry", action=enter, price=row["open_rate"],
                                    commission=fees[0], ts=opened)
    if entry.outcome == tradingdb.FillOutcome.DUPLICATE:
        return False
    trade = uow.trading.trades.insert(
        bot_id=bot, position_id=entry.position.id, trade_type="paper", strategy_name=strategy, symbol=row["pair"],
        entry_logic_name=row.get("enter_tag") or "signal", exit_logic_name=row["exit_reason"], interval=frame,
        direction=side, status="open", entry_time=opened, entry_price=row["open_rate"], size=row["amount"],
        extra_metadata={"fee_open": str(row["fee_open"]), "fee_close": str(row["fee_close"])})
    uow.trading.fill_symbol(**fill, exchange_trade_id=f"{name}:exit", action=leave, price=row["close_rate"],
                            commission=fees[1], ts=closed)
    done = uow.trading.close_trade(trade.id, exit_price=row["close_rate"], exit_time=closed,
                                   exit_reason=row["exit_reason"], commission=sum(fees))
    return bool(uow.trading.add_bot_pnl(bot, done.net_pnl or 0))


config, export = (json.loads(pathlib.Path(path).read_text(), parse_float=Decimal) for path in sys.argv[1:])
(strategy, data), = export["strategy"].items()
with tradingdb.open() as db:
    with db.unit_of_work() as uow:
        user, text = register(uow), f"backtest of {strategy}"
        bot = next((bot for bot in uow.trading.bots.list(user_id=user) if bot.description == text), None)
        bot = bot or uow.trading.bots.insert(user_id=user, type="paper", status="completed", description=text,
                                             config=config, current_balance=data["starting_balance"], total_pnl=0)
    keys, new = [(row["pair"], row["open_date"], row["close_date"], row["is_short"]) for row in data["trades"]], 0
    for i, row in enumerate(data["trades"]):
        with db.unit_of_work() as uow:
            new += import_trade(uow, bot.id, strategy, data["timeframe"], row, keys[:i].count(keys[i]))
    print(f"{strategy}: {new} trades imported, {len(keys) - new} were there already\n\nTotals")
    s, drop, money = db.trading.pnl_summary(bot_id=bot.id), db.trading.drawdown(bot_id=bot.id), data["stake_currency"]
    print(f"  trades              {s.trades} over {s.symbols} pairs")
    print(f"  gross P&L           {s.gross_pnl_exact} {money}\n  fees                {s.fees_exact} {money}")
    print(f"  net P&L             {s.net_pnl_exact} {money}\n  profit factor       "
          f"{s.gross_profit_factor} gross, {s.net_profit_factor} net\n  wins/draws/losses   "
          f"{s.gross_wins}/{s.gross_draws}/{s.gross_losses} gross, {s.net_wins}/{s.net_draws}/{s.net_losses} net")
    print(f"  max drawdown        {drop.drawdown_exact} {money} gross, from {drop.since:%F %R} to {drop.until:%F %R}\n")
    metrics = db.trading.compute_metrics(bot_id=bot.id, starting_balance=data["starting_balance"]).metrics
    for form in ("gross", "net"):
        print(form, *(f"{key} {metrics[form][key]}" for key in ("win_rate", "sharpe", "sortino", "calmar", "sqn")))
    job = next(iter(db.jobs.schedules.list(user_id=user)), None) or db.jobs.create_schedule(
        user_id=user, name=text, job_type="report", target=text, cron="30 17 * * MON-FRI", timezone="Europe/Berlin")
    run = db.jobs.claim_run(db.jobs.trigger_schedule(job.id).id, "trading-day")  # a worker does the report here
    db.jobs.finish_run(run.id, run.lease_token or "", "completed", result={"net_pnl": s.net_pnl_exact})
    print(f"Cron job: {tradingdb.Cron(job.cron, job.timezone).describe()}, next run {job.next_run_at}")
    print("\n".join(f"{use.command}: {use.total}" for use in db.telegram.command_stats_by_command(since=BEGAN)))
