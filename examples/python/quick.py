# SPDX-License-Identifier: MIT
"""A user, a bot and a trade: quick.py [URL]; without a URL the environment variable DB_URL is used."""
import sys
from datetime import datetime, timezone
from decimal import Decimal

import tradingdb

with tradingdb.open(sys.argv[1] if len(sys.argv) > 1 else None) as db:
    with db.unit_of_work() as uow:  # commits when the block is left, rolls back when an exception leaves it
        user = uow.users.authenticate_user("telegram", "42")
        bot = uow.trading.bots.insert(user_id=user.id, type="paper", status="running", config={"pairs": ["BTCUSDT"]},
                                      current_balance=Decimal("1000.00"))
        trade = uow.trading.trades.insert(
            bot_id=bot.id, trade_type="paper", symbol="BTCUSDT", interval="5m", entry_logic_name="breakout",
            exit_logic_name="target", direction="long", status="open", size=Decimal("0.25"),
            entry_price=Decimal("64250.10"), entry_time=datetime.now(timezone.utc))

    # Services are called alike on a unit, which they join, and on the database, which opens one for the call.
    trade = db.trading.close_trade(trade.id, exit_price=Decimal("64900"), exit_reason="take_profit")
    print(f"{trade.symbol} brought {trade.net_pnl:f}, {trade.pnl_percentage:f} %")

    # What a page shows is several questions and one round trip.
    with db.unit_of_work(autocommit=True) as uow, uow.batch() as batch:
        shown = batch.add(uow.trading.bots.get, bot.id)
        closed = batch.add(uow.trading.trades.count, bot_id=bot.id, status="closed")
        summary = batch.add(uow.trading.pnl_summary, bot_id=bot.id)
    print(f"bot {shown.result().status}, {closed.result()} closed, net {summary.result().net_pnl:f}")

    for trade in db.trading.trades.iterate(bot_id=bot.id, status="closed", page_size=100):
        print(f"{trade.id}: {trade.direction} {trade.size} at {trade.entry_price}")

    try:
        db.trading.close_trade(trade.id, exit_price=1)
    except tradingdb.Conflict as error:
        print(f"once is enough: {error}")
