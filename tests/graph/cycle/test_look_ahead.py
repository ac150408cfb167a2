"""No decision may depend on what came later: the same cycle is run under two different futures."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.events import ModelAsked, VerdictGiven
from perun.tools.domain.market import Bar
from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.recorded import RecordedMarket
from support.floor import cycle, parts, settings

SYMBOLS = ("AAPL", "IBM")
DECIDED = date(2009, 6, 1)
"""The session at whose close the decision is taken; its orders fill at the open of the next."""


def market_until(folder: Path, last: date, *, times: Decimal = Decimal(1)) -> RecordedMarket:
    """The shipped days until `last`; every price after the decision's session multiplied by `times`."""
    shipped = RecordedMarket.shipped()
    sessions = [session for session in shipped.sessions() if session.day <= last]
    bars = {
        symbol: [_scaled(bar, times) for s in sessions if (bar := shipped.bar(symbol, s.day))] for symbol in SYMBOLS
    }
    origin = Origin(package="test", version="1", licence="none")
    write_folder(folder, origin, sessions, bars)
    return RecordedMarket.from_folder(folder)


def _scaled(bar: Bar, times: Decimal) -> Bar:
    if bar.session <= DECIDED:
        return bar
    prices = {name: getattr(bar, name) * times for name in ("open", "high", "low", "close")}
    return bar.model_copy(update=prices)


def decision(folder: Path, market: RecordedMarket) -> dict[str, Any]:
    """Everything that was asked, answered, wished and allowed in the cycle, without what names its account."""
    with open_floor(settings(folder), parts(market=market)) as floor:
        document = run_cycle(floor, SYMBOLS)
        events = [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]
    return {
        "signals": document["signals"],
        "verdicts": [e.verdict.model_dump_json() for e in events if isinstance(e, VerdictGiven)],
        "turns": sorted((e.key, e.messages, e.answer) for e in events if isinstance(e, ModelAsked)),
    }


@pytest.fixture
def known(tmp_path: Path) -> dict[str, Any]:
    return decision(tmp_path / "known", market_until(tmp_path / "a", date(2009, 6, 2)))


def test_when_more_days_are_recorded_then_the_decision_is_the_same_to_the_byte(
    tmp_path: Path, known: dict[str, Any]
) -> None:
    assert decision(tmp_path / "more", market_until(tmp_path / "b", date(2010, 1, 4))) == known


def test_when_the_future_is_another_one_then_the_decision_is_the_same_to_the_byte(
    tmp_path: Path, known: dict[str, Any]
) -> None:
    other = market_until(tmp_path / "b", date(2009, 6, 3), times=Decimal("0.5"))
    assert decision(tmp_path / "other", other) == known


def test_when_the_past_is_another_one_then_the_decision_differs(tmp_path: Path, known: dict[str, Any]) -> None:
    later = cycle(tmp_path / "later", embedded_start="2009-03-02")
    assert later["signals"] != known["signals"]
