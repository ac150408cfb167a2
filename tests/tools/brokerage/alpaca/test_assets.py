"""What Alpaca lists, what it lends, and how far its clock stands from ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.market import Asset, MarketClock
from support.fault_server import FaultServer, Page, access
from support.gate import NOW

LISTED = {
    "symbol": "BRK.B",
    "class": "us_equity",
    "status": "active",
    "tradable": True,
    "fractionable": True,
    "shortable": True,
    "borrow_status": "easy_to_borrow",
}
READING = MarketClock(now=NOW, is_open=True, next_open=NOW, next_close=NOW)


@contextmanager
def book_of(pages: Mapping[str, Page], **more: Any) -> Iterator[AlpacaBook]:
    with FaultServer(pages=dict(pages)) as server:
        yield AlpacaBook(trading_line(access(server.url)), **more)


def test_when_alpaca_lists_a_symbol_then_all_that_it_says_is_told_but_no_halt() -> None:
    with book_of({"/v2/assets/BRK.B": LISTED}) as book:
        assert book.asset("BRK.B") == Asset(
            symbol="BRK.B", status="active", tradable=True, fractionable=True, shortable=True, halted=None
        )


@pytest.mark.parametrize("name", ["tradable", "fractionable", "shortable", "class"])
@pytest.mark.parametrize("way", ["left out", "null", "another kind"])
def test_when_something_is_not_told_then_it_is_not_allowed(name: str, way: str) -> None:
    row = {key: value for key, value in LISTED.items() if key != name}
    row |= {} if way == "left out" else {name: None if way == "null" else "" if name == "class" else "yes"}
    with book_of({"/v2/assets/BRK.B": row}) as book:
        asset = book.asset("BRK.B")
    assert asset is not None
    allowed = {"tradable": asset.tradable, "fractionable": asset.fractionable, "shortable": asset.shortable}
    assert (allowed | {"class": asset.asset_class == "us_equity"})[name] is False


def test_when_alpaca_knows_no_such_symbol_then_there_is_none() -> None:
    with book_of({}) as book:
        assert book.asset("NOSUCH") is None


@pytest.mark.parametrize("row", [[], {}, {**LISTED, "status": None}, {**LISTED, "symbol": "no symbol"}], ids=str)
def test_when_the_answer_says_nothing_of_use_then_the_broker_is_not_available(row: Any) -> None:
    with book_of({"/v2/assets/BRK.B": row}) as book, pytest.raises(BrokerUnavailable):
        book.asset("BRK.B")


@pytest.mark.parametrize("ahead", ["31.5", "-0.000001"])
def test_when_this_machine_is_ahead_or_behind_then_the_difference_is_told_to_the_microsecond(ahead: str) -> None:
    wall = StoppedClock(NOW + timedelta(microseconds=int(Decimal(ahead) * 10**6)))
    with book_of({}, wall=wall) as book:
        assert book.skew_seconds(READING) == Decimal(ahead)


def test_when_the_server_may_live_in_recorded_days_then_no_clock_is_held_against_it() -> None:
    with book_of({}) as book:
        assert book.skew_seconds(READING) is None


ACCOUNT = {"id": "a", "status": "ACTIVE", "cash": "1", "equity": "2", "last_equity": "2", "buying_power": "1"}


@pytest.mark.parametrize(
    ("told", "multiplier", "margin"),
    [
        ({}, 1, None),
        ({"multiplier": "4", "maintenance_margin": "30.5"}, 4, Decimal("30.5")),
        ({"multiplier": None}, 1, None),
    ],
    ids=["nothing", "both", "null"],
)
def test_when_alpaca_tells_what_it_lends_then_it_is_known_and_otherwise_it_lends_nothing(
    told: dict[str, Any], multiplier: int, margin: Decimal | None
) -> None:
    with book_of({"/v2/account": {**ACCOUNT, **told}}) as book:
        assert (book.account().multiplier, book.account().maintenance_margin) == (multiplier, margin)
