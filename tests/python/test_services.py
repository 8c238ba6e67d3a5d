# SPDX-License-Identifier: MIT
"""The four domains from Python, as a program uses them."""
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402

db = tradingdb.open(support.database())
DAY = datetime(2026, 1, 5, tzinfo=timezone.utc)


def users():
    """users: sign in, profile, limits that are cleared, codes, e-mail, erasure"""
    with db.unit_of_work() as uow:
        user = uow.users.authenticate_user("telegram", "42")
        equal(uow.users.authenticate_user("telegram", "42").id, user.id)
        equal(uow.users.get_by_provider("telegram", "42").id, user.id)
        profile = uow.users.update_telegram_profile("42", email="Ada@example.org", verified=True, max_alerts=5,
                                                    language="en")
        equal((profile.user_id, profile.email, profile.verified, profile.max_alerts, profile.approved),
              (user.id, "Ada@example.org", True, 5, None))
        profile = uow.users.update_telegram_profile("42", language=None, approved=True)
        equal((profile.language, profile.max_alerts, profile.approved), (None, 5, True))
        equal(uow.users.user_by_email("ADA@EXAMPLE.ORG").id, user.id)
        with raises(tradingdb.Duplicate):
            uow.users.create_telegram_user("42")
        equal(uow.users.ensure_telegram_user("43", email="b@example.org", role="viewer").role, tradingdb.UsrRole.VIEWER)
        code = uow.users.issue_verification_code(user.id, "123456", 1_700_000_000)
        assert "123456" not in repr(code) and code.code == "123456"
        equal(uow.users.count_recent_verification_codes(user.id, 1_700_000_100), 1)
        equal(uow.users.get_notification_channels(user.id),
              tradingdb.NotificationChannels(email="Ada@example.org", telegram_chat_id="42"))
        with raises(tradingdb.Invalid):
            uow.users.update_telegram_profile("42")
        with raises(tradingdb.Invalid):
            uow.users.update_telegram_profile("42", role="admin")
    db.users.users.patch(user.id, is_active=False)
    with raises(tradingdb.Permission):
        db.users.authenticate_user("telegram", "42")
    db.users.erase_user(user.id)
    equal(db.users.users.get(user.id).email, None)
    with raises(tradingdb.NotFound):
        db.users.get_telegram_profile("42")
    with raises(tradingdb.NotFound):
        db.users.erase_user(10 ** 9)


def jobs():
    """jobs: a schedule, a run by hand, claimed once, finished once, statistics"""
    user = db.users.authenticate_user("telegram", "jobs")
    schedule = db.jobs.create_schedule(user_id=user.id, name="daily report", job_type="report", target="report",
                                       cron="0 9 * * 1-5", timezone="Europe/Berlin",
                                       task_params={"bot": 7, "limit": Decimal("0.10")})
    assert schedule.next_run_at == tradingdb.Cron(schedule.cron, schedule.timezone).next()
    equal(schedule.task_params, {"bot": 7, "limit": Decimal("0.10")})
    with raises(tradingdb.Duplicate):
        db.jobs.create_schedule(user_id=user.id, name="daily report", job_type="report", target="x", cron="@daily")
    for cron in ("0 9 * * * *", "0 0 31 2 *", "nonsense"):
        with raises(tradingdb.Invalid) as caught:
            db.jobs.update_schedule(schedule.id, cron=cron)
        equal(caught.error.column, "cron")
    run = db.jobs.trigger_schedule(schedule.id)
    equal((run.status, run.job_snapshot["task_params"]), (tradingdb.JobRunStatus.PENDING, schedule.task_params))
    equal([other.id for other in db.jobs.pending_runs(job_type="report")], [run.id])
    claimed = db.jobs.claim_run(run.id, "worker 1")
    with raises(tradingdb.Conflict):
        db.jobs.claim_run(run.id, "worker 2")
    with raises(tradingdb.Conflict):
        db.jobs.cancel_run(run.id)
    assert claimed.lease_token is not None and claimed.lease_until is not None
    done = db.jobs.finish_run(run.id, claimed.lease_token, "completed", result={"trades": 3, "net": Decimal("1.50")})
    equal((done.status, done.result), ("completed", {"trades": 3, "net": Decimal("1.50")}))
    with raises(tradingdb.Conflict):
        db.jobs.finish_run(run.id, claimed.lease_token, "completed")
    equal(db.jobs.run_statistics(user_id=user.id, days=1).completed, 1)
    equal([row.id for row in db.jobs.list_runs(user_id=user.id, order_by="id", ascending=True)], [run.id])
    equal([row.name for row in db.jobs.list_schedules(user_id=user.id, enabled=True)], ["daily report"])
    equal(db.jobs.expand_screener_target("aapl, msft").tickers, ["AAPL", "MSFT"])
    db.jobs.delete_schedule(schedule.id)
    with raises(tradingdb.NotFound):
        db.jobs.delete_schedule(schedule.id)
    equal(db.jobs.schedule_runs.get(run.id).job_id, None)


def telegram():
    """telegram: verification, alerts, settings, feedback, the audit and its figures"""
    account = "tg7"
    db.telegram.set_user_email(account, "c@example.org", "998877", is_admin=False)
    equal(db.telegram.verify_code(account, "111111"), tradingdb.CodeOutcome.WRONG)
    equal(db.telegram.verify_code(account, "998877"), "accepted")
    equal(db.telegram.verify_code(account, "998877"), tradingdb.CodeOutcome.USED)
    assert db.telegram.get_user_status(account).verified
    db.telegram.set_user_limit(account, "max_alerts", 3)
    equal((db.telegram.get_user_limit(account, "max_alerts"), db.telegram.get_user_limit(account, "max_schedules")),
          (3, None))
    with raises(tradingdb.Invalid):
        db.telegram.set_user_limit(account, "max_anything", 3)
    alert = db.telegram.get_alert(db.telegram.add_alert(account, "BTCUSDT", Decimal("64250.10"), "above", False))
    equal((alert.price, alert.status, alert.ticker), (Decimal("64250.10"), "ARMED", "BTCUSDT"))
    db.telegram.set_setting("greeting", value="hello")
    equal(db.telegram.get_setting("greeting").value, "hello")
    db.telegram.add_feedback(account, "bug", "it blinks")
    equal([row.message for row in db.telegram.list_feedback(type="bug")], ["it blinks"])
    with db.unit_of_work() as uow:
        for command in ("/start", "/report", "/report"):
            uow.telegram.log_command(telegram_user_id=account, command=command, success=command != "/start",
                                     response_time_ms=12)
    totals = db.telegram.command_stats()
    equal((totals.total, totals.unique_users), (3, 1))
    equal([row.command for row in db.telegram.command_stats_by_command()], ["/report", "/start"])
    equal([row.command for row in db.telegram.list_commands(success=False)], ["/start"])


def trading():
    """trading: fills, trades, profit and loss, metrics, drift, deletion"""
    user = db.users.authenticate_user("telegram", "trader")
    bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={"pairs": ["X"]},
                                 current_balance="1000")
    with db.unit_of_work() as uow:
        def fill(action, qty, price, number):
            return uow.trading.fill_symbol(bot_id=bot.id, trade_type="paper", symbol="X", direction="long", action=action,
                                           qty=qty, price=price, ts=DAY, exchange_trade_id=number)
        first = fill("buy", "0.5", "100", "1")
        equal((first.outcome, first.position.qty_open), (tradingdb.FillOutcome.APPLIED, Decimal("0.5")))
        equal(fill("buy", "0.5", "100", "1").outcome, "duplicate")
        with raises(tradingdb.Conflict):
            fill("buy", "0.6", "100", "1")
        equal(fill("buy", "0.5", "110.1", "2").position.avg_price, Decimal("105.05"))
        equal(uow.trading.unrealized_pnl(uow.trading.positions_open(bot_id=bot.id)[0], 100), Decimal("-5.05"))
        last = fill("sell", 1, "120", "3").position
        equal((last.status, last.realized_pnl, last.closed_at), ("closed", Decimal("14.95"), DAY))
        equal(uow.trading.positions_verify(bot_id=bot.id, drift_only=True), [])
        equal([row.action for row in uow.trading.fills.list(bot_id=bot.id, order_by="id")], ["buy", "buy", "sell"])
    trades = [db.trading.trades.insert(
        bot_id=bot.id, trade_type="paper", symbol="X", interval="1h", entry_logic_name="a", exit_logic_name="b",
        direction=direction, status="open", size=2, entry_price=100, commission="0.5", entry_time=DAY)
        for direction in ("long", "short", "long")]
    for number, (trade, price) in enumerate(zip(trades, ("110", "110", "100.25"))):
        closed = db.trading.close_trade(trade.id, exit_price=price, exit_time=DAY + timedelta(days=number + 1),
                                        exit_reason="target")
        assert closed.net_pnl is not None and closed.gross_pnl is not None
        equal(closed.gross_pnl - closed.net_pnl, Decimal("0.5"))
    with raises(tradingdb.Conflict):
        db.trading.close_trade(trades[0].id, exit_price=1)
    with raises(tradingdb.NotFound):
        db.trading.close_trade(10 ** 9, exit_price=1)
    summary = db.trading.pnl_summary(bot_id=bot.id)
    equal((summary.trades, summary.gross_pnl, summary.net_pnl_exact, summary.net_wins, summary.net_losses,
           summary.net_draws), (3, Decimal("0.5"), "-1", 1, 1, 1))
    equal([row.net_equity for row in db.trading.equity_curve(bot_id=bot.id)],
          [Decimal("19.5"), Decimal("-1"), Decimal("-1")])
    metric = db.trading.compute_metrics(bot_id=bot.id, starting_balance=1000)
    equal(db.trading.metrics_latest(bot.id), [metric])
    equal(metric.metrics["trades"], 3)
    assert "float" not in kinds_in(metric.metrics)
    with raises(tradingdb.Conflict):
        db.trading.delete_bot(bot.id)
    db.trading.delete_bot(bot.id, with_history=True)
    with raises(tradingdb.NotFound):
        db.trading.set_bot_status(bot.id, "stopped")


def kinds_in(value):
    """The types of everything in a document."""
    if isinstance(value, dict):
        return set().union(*map(kinds_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(kinds_in, value))
    return {type(value).__name__}


tap.run(users, jobs, telegram, trading)
