"""F, system state: what the desk's own condition lets out."""

from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.standing import ACTIVE, Doubt, Standing, TradingState
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Cleared, clear
from support.gate import WORST, breaches_of, entry, exit_, limits, position, quote, said, situation, terms_of
from support.past import after

HELD: dict[str, Any] = {"positions": [position()]}


@pytest.mark.parametrize(
    ("state", "entries", "exits"),
    [(TradingState.ACTIVE, True, True), (TradingState.REDUCING, False, True), (TradingState.HALTED, False, False)],
)
def test_when_the_desk_is_in_a_state_then_it_lets_out_what_that_state_allows(
    state: TradingState, entries: bool, exits: bool
) -> None:
    desk = situation(**HELD, standing=ACTIVE.model_copy(update={"state": state}))
    for asked, cleared in ((entry(), entries), (exit_(), exits)):
        decision = clear(asked, desk, limits())
        assert isinstance(decision, Cleared) == cleared
        allowed = "ACTIVE" if asked == entry() else "ACTIVE or REDUCING"
        assert said(decision.verdict, Code.TRADING_STATE) == (state, allowed, cleared)


@pytest.mark.parametrize(("symbol", "told"), [("AAPL", "in doubt"), ("IBM", "none")])
def test_when_an_order_is_in_doubt_then_its_symbol_is_locked_both_ways_and_no_other(symbol: str, told: str) -> None:
    doubt = Doubt(client_order_id="x", symbol=symbol, entering=Decimal(0))
    desk = situation(**HELD, standing=ACTIVE.model_copy(update={"doubts": (doubt,)}))
    for asked in (entry(), exit_()):
        decision = clear(asked, desk, limits())
        assert isinstance(decision, Cleared) == (symbol != "AAPL")
        assert said(decision.verdict, Code.UNRESOLVED_ORDER) == (told, "none", symbol != "AAPL")


def test_when_an_entry_elsewhere_is_in_doubt_then_its_dollars_are_not_spent_again() -> None:
    doubt = Doubt(client_order_id="x", symbol="IBM", entering=Decimal(50))
    standing = ACTIVE.model_copy(update={"doubts": (doubt,)})
    room = 50 * 100 + 10 * WORST
    desk = situation(quotes=[quote(), quote("IBM")], standing=standing, buying_power=room)
    assert terms_of(clear(entry(), desk, limits())).qty == 10


@pytest.mark.parametrize(("found", "told"), [(("IBM",), "IBM"), (("",), "cash"), (("IBM", "AAPL"), "AAPL, IBM")])
def test_when_books_differ_from_the_broker_then_entries_wait_in_every_symbol_and_exits_do_not(
    found: tuple[str, ...], told: str
) -> None:
    desk = situation(**HELD, standing=after(unexplained=found))
    denied = clear(entry(), desk, limits())
    assert breaches_of(denied) == {Code.UNEXPLAINED_DIFFERENCE}
    assert said(denied.verdict, Code.UNEXPLAINED_DIFFERENCE) == (told, "none", False)
    terms_of(clear(exit_(), desk, limits()))


@pytest.mark.parametrize("sign", [1, -1], ids=["ahead", "behind"])
@pytest.mark.parametrize(
    ("skew", "cleared", "warns"),
    [("2", True, False), ("2.01", True, True), ("30", True, True), ("30.01", False, False)],
)
def test_when_the_clocks_differ_then_it_warns_from_two_seconds_on_and_denies_beyond_the_limit(
    skew: str, cleared: bool, warns: bool, sign: int
) -> None:
    desk = situation(**HELD, facts={"skew_seconds": sign * Decimal(skew)})
    decision = clear(entry(), desk, limits(max_clock_skew_seconds=30))
    assert isinstance(decision, Cleared) == cleared
    assert said(decision.verdict, Code.CLOCK_SKEW) == (skew, "30", cleared)
    assert bool(decision.verdict.warnings) == warns
    terms_of(clear(exit_(), desk, limits(max_clock_skew_seconds=0)))


def test_when_the_market_has_a_time_of_its_own_then_no_clock_is_compared() -> None:
    assert said(clear(entry(), situation(), limits()).verdict, Code.CLOCK_SKEW) == (
        "a time of its own",
        "at most 1000000 seconds",
        True,
    )


def test_when_the_past_is_not_known_then_entries_are_denied_and_exits_are_not() -> None:
    desk = situation(**HELD, standing=Standing(state=TradingState.ACTIVE))
    assert breaches_of(clear(entry(), desk, limits())) == {Code.MISSING_HISTORY}
    terms_of(clear(exit_(), desk, limits()))
