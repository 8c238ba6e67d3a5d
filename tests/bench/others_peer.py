# SPDX-License-Identifier: MIT
"""What a Python program would use in place of the library: others_peer.py WORKLOAD asyncpg|psycopg3|pandas N

The same work and the same trades as libpq_peer.c, each driver in the form that its documentation recommends.
"""
import dataclasses
import datetime
import decimal
import gc
import json
import os
import sys
import time

GIVEN = ("bot_id position_id trade_type strategy_name entry_logic_name exit_logic_name symbol interval direction status "
         "entry_time exit_time entry_price exit_price size commission gross_pnl net_pnl pnl_percentage exit_reason "
         "extra_metadata").split()
GIVEN = [sys.intern(name) for name in GIVEN]  # as names in source are
ALL = ["id", *GIVEN, *("created_at updated_at buy_order_created buy_order_closed sell_order_created sell_order_closed "
                       "entry_value exit_value").split()]
SYMBOLS = "BTCUSDT ETHUSDT SOLUSDT BNBUSDT XRPUSDT ADAUSDT DOGEUSDT LTCUSDT".split()
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
INSERT = f"INSERT INTO w.trading_trades ({', '.join(GIVEN)}) VALUES ({{}}) RETURNING id"
SCAN = f"SELECT {', '.join(ALL)} FROM trading_trades WHERE bot_id = 1 ORDER BY id"
Trade = dataclasses.make_dataclass("Trade", ALL, slots=True)


def amount(value):
    return decimal.Decimal(value).scaleb(-8)


def trade(i):
    gross, entry = (i % 2001 - 1000) * 5000, START + datetime.timedelta(minutes=i)
    price = 3000000012345 + i % 10007 * 1000000
    return (1, 1 + i % 1000, "paper", "momentum_v2", "rsi_bb_volume", "atr_trailing", SYMBOLS[i % 8], "1h",
            "short" if i % 2 else "long", "closed", entry, entry + datetime.timedelta(hours=1), amount(price),
            amount(price + (i % 2001 - 1000) * 100000), amount(5000000 + i % 100 * 1000), amount(123456 + i % 1000),
            amount(gross), amount(gross - 123456), amount(2 * gross), "take_profit",
            json.dumps({"n": i % 1000, "signal": 0.73, "source": "bench"}))


def memory_mb(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


def server_seconds(pid):
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[0]) * 1e-9
    except OSError:
        return 0.0


class Clock:
    """The timed part."""

    def __init__(self, backend):
        gc.collect()
        self.backend, self.base = backend, memory_mb("VmRSS:")
        self.server, self.wall, self.client = server_seconds(backend), time.perf_counter(), time.process_time()

    def report(self, operations):
        wall, client = time.perf_counter() - self.wall, time.process_time() - self.client
        print(json.dumps({"ops": operations, "wall": wall, "cpu": client, "srv": server_seconds(self.backend) - self.server,
                          "peak_mb": round(memory_mb("VmHWM:"), 1), "base_mb": round(self.base, 1)}))


def random_keys(most):
    state = 12345
    while True:
        state = (state * 1664525 + 1013904223) & 0xffffffff
        yield 1 + (state >> 4) % most


async def repeat(connection, count, operation):
    warm = count // 10 + 1
    for i in range(warm + count):
        if i == warm:
            clock = Clock(connection.get_server_pid())
        await operation(i)
    clock.report(count)


async def asyncpg_peer(workload, count):
    import asyncpg
    connection = await asyncpg.connect(host=os.environ["PGHOST"], user=os.environ["PGUSER"],
                                       database=os.environ["PGDATABASE"])
    trades = [trade(i) for i in range(count if workload == "w4" else 1000)]
    insert = INSERT.format(", ".join(f"${i + 1}" for i in range(len(GIVEN))))

    async def insert_one(i):
        async with connection.transaction():
            await connection.fetchval(insert, *trades[i % 1000])

    async def unit(i):
        row = trades[i % 1000]
        async with connection.transaction():
            position = await connection.fetchval(
                "INSERT INTO w.trading_positions (bot_id, trade_type, symbol, direction, opened_at, qty_open, avg_price, "
                "realized_pnl, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
                1, "paper", row[6], row[8], row[10], row[14], row[12], decimal.Decimal(0), "closed")
            await connection.fetchval(insert, 1, position, *row[2:])
            await connection.execute("UPDATE w.trading_bots SET last_heartbeat = $1, current_balance = $2, total_pnl = $3 "
                                     "WHERE id = $4", row[11], row[17], row[17], 2)

    if workload == "w1":
        await repeat(connection, count, insert_one)
    elif workload == "w2":
        await repeat(connection, count, unit)
    elif workload == "w3":
        keys = random_keys(await connection.fetchval("SELECT max(id) FROM trading_trades"))
        get = await connection.prepare(f"SELECT {', '.join(ALL)} FROM trading_trades WHERE id = $1")

        async def get_one(_):
            return Trade(*await get.fetchrow(next(keys)))
        await repeat(connection, count, get_one)
    elif workload == "w4":
        clock = Clock(connection.get_server_pid())
        await connection.copy_records_to_table("trading_trades", schema_name="w", columns=GIVEN, records=trades)
        clock.report(count)
    else:
        clock = Clock(connection.get_server_pid())
        clock.report(len([Trade(*row) for row in await connection.fetch(SCAN)]))
    await connection.close()


def psycopg3_peer(workload, count):
    import psycopg
    if psycopg.pq.__impl__ == "python":
        raise SystemExit("psycopg has no C extension here")
    assert workload == "w4"
    trades = [trade(i) for i in range(count)]
    with psycopg.connect("") as connection, connection.cursor() as cursor:
        clock = Clock(connection.info.backend_pid)
        with cursor.copy(f"COPY w.trading_trades ({', '.join(GIVEN)}) FROM STDIN") as copy:
            for row in trades:
                copy.write_row(row)
        connection.commit()
        clock.report(count)


def pandas_peer(workload, count):
    import pandas
    import sqlalchemy
    assert workload == "w5"
    with sqlalchemy.create_engine("postgresql+psycopg2://").connect() as connection:
        clock = Clock(connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar())
        clock.report(len(pandas.read_sql(sqlalchemy.text(SCAN), connection)))


def main():
    workload, peer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if peer == "asyncpg":
        import asyncio  # here, since python_peer.py is measured without it
        try:
            import uvloop
            uvloop.install()
        except ImportError:
            pass
        asyncio.run(asyncpg_peer(workload, count))
    else:
        {"psycopg3": psycopg3_peer, "pandas": pandas_peer}[peer](workload, count)


if __name__ == "__main__":
    main()
