"""Desks on which processes may die: one on the embedded exchange, one at the same exchange over HTTP."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any, Final

import pytest

from perun.tools.brokerage.embedded.books import Standing
from perun.tools.brokerage.embedded.store import Store
from perun.tools.domain.orders import OrderType
from perun.tools.market.recorded import RecordedMarket
from support.exchange import FREE
from support.exchange_server import ServedExchange, served_exchange
from support.killing import DeskProcesses, MortalDesk
from support.two_books import TwoBooks

START: Final = date(2009, 6, 1)
CASH: Final = Decimal(100_000)
QUIET_SECONDS: Final = 0.15
"""After so long without another market order the served market plays a session."""
NOTHING_SLOWS: Final = {
    "cooldown_minutes": "0",
    "daily_loss_limit_percent": "100",
    "max_drawdown_percent": "100",
    "max_orders_per_day": "10000",
    "max_orders_per_minute": "10000",
    "max_sector_percent": "100",
}
"""Settings under which a desk trades day after day: these tests are not about its limits."""

MakeDesk = Callable[..., MortalDesk]


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcesses]:
    with DeskProcesses(tmp_path_factory.mktemp("processes") / "errors.txt") as desks:
        yield desks


@pytest.fixture(scope="session")
def recorded() -> RecordedMarket:
    return RecordedMarket.shipped()


@pytest.fixture
def open_desk(
    tmp_path: Path, processes: DeskProcesses, recorded: RecordedMarket, record_property: Callable[[str, object], None]
) -> Iterator[MakeDesk]:
    """Makes a new desk at a venue; what is counted on it goes to the report.

    Which orders fill in parts depends on the account's name, and is the same each time.
    """
    with ExitStack() as stack:
        desks: list[MortalDesk] = []

        def make(venue: str, partial_fill_percent: int = 0, account: str = "desk") -> MortalDesk:
            folder = tmp_path / f"{len(desks)}"
            desk = stack.enter_context(_desk(venue, folder, processes, recorded, partial_fill_percent, account))
            desks.append(desk)
            return desk

        yield make
        record_property("tally", json.dumps(sum((desk.tally for desk in desks), Counter[str]())))


@contextmanager
def _desk(
    venue: str, folder: Path, processes: DeskProcesses, recorded: RecordedMarket, partial: int, account: str
) -> Iterator[MortalDesk]:
    data = folder / "data"
    (data / "var").mkdir(parents=True)
    ledger, at_home, served_from = data / "var" / "perun.db", data / "var" / "exchange.db", folder / "exchange.db"
    exchange = at_home if venue == "embedded" else served_from
    Store.create(exchange, Standing(account_id=account, day=START, cash=CASH, last_equity=CASH)).close()
    desk = MortalDesk(data, NOTHING_SLOWS, TwoBooks(ledger, exchange), processes, partial)
    if venue == "embedded":
        yield desk
        return
    app, percent = {"pace": "auto", "quiet_seconds": QUIET_SECONDS}, {"partial_fill_percent": partial}
    with served_exchange(folder, recorded, app=app, start=START, **FREE, **percent) as served:
        desk.settings = {
            **NOTHING_SLOWS,
            "broker": "alpaca",
            "alpaca_api_key": served.key,
            "alpaca_secret_key": served.secret,
            "alpaca_trading_url": served.base_url,
            "alpaca_data_url": served.base_url,
            "alpaca_stream_url": served.stream_url,
            "order_wait_seconds": "1",
        }
        desk.market_plays = lambda: _play_on(served)
        yield desk


def _play_on(served: ServedExchange) -> None:
    """Wait until no market order waits for the session that comes by itself; pass one for what that left open."""
    happened = Event()
    served.exchange.listen(lambda _: happened.set())
    while waiting := [each for each in served.exchange.books().orders.values() if each.type is OrderType.MARKET]:
        if all(order.filled_qty for order in waiting):
            served.advance()
        else:
            assert happened.wait(60), waiting
            happened.clear()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How often a process was killed, where, and what was compared afterwards."""
    total = Counter[str]()
    for report in terminalreporter.stats.get("", ()):
        total.update(*(json.loads(said) for name, said in report.user_properties if name == "tally"))
    if total:
        terminalreporter.section("processes killed")
    for name, times in sorted(total.items()):
        terminalreporter.write_line(f"{times:6} {name}")
