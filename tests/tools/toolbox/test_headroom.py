"""Headroom is the gate's own answer, and asking for it changes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.risk.gate import Cleared, Proposal, clear
from perun.tools.toolbox.headroom import headroom, headroom_tool, summary
from support.gate import limits, percent, quote, situation
from support.shelf import call


def test_when_limits_bind_then_the_room_is_what_the_gate_clears() -> None:
    seen, lines = situation(), limits(max_position=percent(20), max_order_notional=Decimal(1040))
    room = headroom("AAPL", seen, lines)
    signal = TradingSignal(symbol="AAPL", action=Action.BUY, confidence=1, rationale="why")
    decision = clear(Proposal(signal=signal, client_order_id="x", decided_at=seen.clock.now), seen, lines)
    assert isinstance(decision, Cleared)
    assert (room.qty, room.stop) == (decision.order.terms.qty, decision.order.terms.stop_loss)
    assert room.qty == 10
    assert room.against == ()
    assert room.limits[0] == "MAX_ORDER_NOTIONAL 1040 of 1040"
    assert any(line.startswith("MAX_POSITION_SIZE ") for line in room.limits)
    assert summary(room) == "AAPL: at most 10 shares with a stop at 95; tightest limit: MAX_ORDER_NOTIONAL 1040 of 1040"


@pytest.mark.parametrize("code", ["STALE_MARKET_DATA", "MARKET_DATA_INVALID", "MAX_SPREAD", "PRICE_COLLAR"])
def test_when_a_check_is_about_prices_then_it_is_no_room(code: str) -> None:
    assert not [line for line in headroom("AAPL", situation(), limits()).limits if line.startswith(code)]


def test_when_an_entry_would_be_denied_then_there_is_no_room_and_it_says_why() -> None:
    halted = Standing(state=TradingState.REDUCING, reason="a loss")
    room = headroom("AAPL", situation(standing=halted), limits())
    assert (room.qty, room.stop) == (0, None)
    assert "TRADING_STATE REDUCING of ACTIVE" in room.against
    assert "no entry would be cleared (" in summary(room)


def test_when_the_portfolio_is_not_known_then_there_is_no_room() -> None:
    assert headroom("AAPL", None, limits()).qty == 0
    assert "MISSING_PORTFOLIO" in summary(headroom("AAPL", None, limits()))


def test_when_a_quote_is_stale_then_there_is_no_room() -> None:
    seen = situation()
    old = seen.quotes["AAPL"].model_copy(update={"at": seen.clock.now - timedelta(hours=1)})
    assert headroom("AAPL", situation(quotes=[old]), limits()).qty == 0


def test_when_the_model_asks_then_every_limit_is_told_and_the_situation_stays_as_it_was() -> None:
    seen, looks = situation(quotes=[quote("AAPL")]), []
    before = seen.model_dump_json()

    def look():
        looks.append(1)
        return seen

    tool = headroom_tool(look, limits(max_order_notional=Decimal(1040)), ("AAPL",))
    assert looks == [], "nobody looks before somebody asks"
    told = call([tool], "risk_headroom", '{"symbol": "AAPL"}')
    assert told.text.splitlines()[1] == "At that size:"
    assert "- MAX_ORDER_NOTIONAL 1040 of 1040" in told.text
    assert "- GROSS_EXPOSURE " in told.text
    assert told.evidence == ()
    assert (seen.model_dump_json(), looks) == (before, [1])
    assert call([tool], "risk_headroom", '{"symbol": "IBM"}').refused
