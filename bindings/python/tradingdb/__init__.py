# SPDX-License-Identifier: MIT
"""libtradingdb from Python: typed repositories, units of work and services over PostgreSQL.

    import tradingdb

    with tradingdb.open() as db:                      # DB_URL
        with db.unit_of_work() as uow:                # commits when left, rolls back on an exception
            user = uow.users.authenticate_user("telegram", "42")
            bot = uow.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
        db.trading.heartbeat(bot.id)                  # a unit of its own

Money is Decimal, int or text, never float. Times are datetimes with a zone. Wrong types are TypeError, wrong values an
Error that is also a ValueError, before anything is sent. Other errors have a class per code, such as NotFound.
"""
from tradingdb._batch import Batch, Later
from tradingdb._cancel import Canceller
from tradingdb._choice import Choice
from tradingdb._columns import Column, Columns
from tradingdb._cron import Cron
from tradingdb._errors import Error
from tradingdb._library import LIBRARY_VERSION
from tradingdb._generated import public
from tradingdb._generated.public import *
from tradingdb._row import Row
from tradingdb._session import Database, Savepoint, UnitOfWork
from tradingdb._domain import Pages
from tradingdb._stream import Stream
from tradingdb._values import (INFINITY, NEG_INFINITY, NOT_GIVEN, NOT_NULL, Between, Coded, JsonText, NotGiven, Ref, Token,
                               Scaled, Upserted, between, coded, scaled, since, until)

__all__ = [
    "INFINITY", "LIBRARY_VERSION", "NEG_INFINITY", "NOT_GIVEN", "NOT_NULL", "Batch", "Between", "Canceller", "Choice",
    "Coded", "Column", "Columns", "Cron", "Database", "Error", "JsonText", "Later", "NotGiven", "Pages", "Ref", "Row",
    "Savepoint", "Scaled", "Stream", "Token", "UnitOfWork", "Upserted", "between", "coded", "scaled", "since", "until",
]
__all__ += public.__all__
