"""Pyramiding and averaging down, R38: how often a position may be enlarged, and after what loss no more."""

from decimal import Decimal

import pytest

from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Denied, clear
from support.exposure_desks import doubting, limit_order
from support.gate import breaches_of, entry, limits, percent, position, protective_stop, said, situation, terms_of


@pytest.mark.parametrize(
    ("fall", "denied"), [("-0.0499", False), ("-0.05", False), ("-0.0501", True), ("0.2", False)], ids=str
)
def test_when_a_position_has_lost_more_than_the_limit_then_it_is_not_enlarged(fall: str, denied: bool) -> None:
    held = position(qty=10, avg_entry_price=100, unrealized_pl=1000 * Decimal(fall))
    decision = clear(entry(), situation(positions=[held]), limits(max_add_loss=percent(5)))
    assert isinstance(decision, Denied) == denied
    if denied:
        assert breaches_of(decision) == {Code.AVERAGING_DOWN}
        assert said(decision.verdict, Code.AVERAGING_DOWN) == ("0.0501", "0.05", False)


@pytest.mark.parametrize(("cost", "lost", "denied"), [("0.05", "0.02", False), ("0.05", "0.03", True)])
def test_when_a_position_cost_less_than_a_dollar_then_its_loss_is_measured_all_the_same(
    cost: str, lost: str, denied: bool
) -> None:
    held = position(qty=10, avg_entry_price=Decimal(cost), unrealized_pl=-Decimal(lost))
    assert isinstance(clear(entry(), situation(positions=[held]), limits(max_add_loss=percent(5))), Denied) == denied


def test_when_a_single_share_lost_then_it_counts_and_an_empty_position_does_not() -> None:
    lines = limits(max_add_loss=percent(5))
    single, none = (position(qty=qty, avg_entry_price=100, unrealized_pl=-50) for qty in (1, 0))
    assert breaches_of(clear(entry(), situation(positions=[single]), lines)) == {Code.AVERAGING_DOWN}
    terms_of(clear(entry(), situation(positions=[none]), lines))


@pytest.mark.parametrize("cost", [0, -1])
def test_when_a_losing_position_has_no_cost_then_it_is_not_enlarged(cost: int) -> None:
    held = position(qty=10, avg_entry_price=cost, unrealized_pl=-1)
    assert breaches_of(clear(entry(), situation(positions=[held]), limits())) == {Code.AVERAGING_DOWN}
    winning = position(qty=10, avg_entry_price=cost, unrealized_pl=0)
    terms_of(clear(entry(), situation(positions=[winning]), limits()))


def test_when_another_position_or_a_short_one_has_lost_then_an_entry_is_not_averaging_down() -> None:
    loser = position("IBM", 10, avg_entry_price=100, unrealized_pl=-900)
    short = position(qty=-10, avg_entry_price=100, unrealized_pl=-900)
    terms_of(clear(entry(), situation(positions=[loser, short]), limits(max_add_loss=percent(5))))


def test_when_a_position_is_told_twice_then_the_half_that_lost_most_decides() -> None:
    halves = [position(qty=10, avg_entry_price=100, unrealized_pl=lost) for lost in (0, -60)]
    denied = clear(entry(), situation(positions=halves), limits(max_add_loss=percent(5)))
    assert said(denied.verdict, Code.AVERAGING_DOWN) == ("0.06", "0.05", False)


def added(desk: Situation, adds: int) -> Situation:
    known = desk.standing.conduct
    assert known is not None
    conduct = known.model_copy(update={"adds": {"AAPL": adds, "IBM": 9}})
    return desk.model_copy(update={"standing": desk.standing.model_copy(update={"conduct": conduct})})


HELD = situation(positions=[position()], orders=[protective_stop()])


@pytest.mark.parametrize(
    ("desk", "adds"),
    [
        pytest.param(situation(), 0, id="nothing is held"),
        pytest.param(HELD, 1, id="a position"),
        pytest.param(added(HELD, 2), 3, id="a position that was enlarged twice"),
        pytest.param(situation(orders=[limit_order("AAPL", 10)]), 1, id="a working entry"),
        pytest.param(situation(standing=doubting("AAPL", 0)), 0, id="an exit in doubt"),
        pytest.param(HELD.reserving("AAPL", Decimal(100)), 2, id="a position and a reservation"),
        pytest.param(situation().reserving("AAPL", Decimal(100)), 1, id="a reservation alone"),
        pytest.param(HELD.reserving("IBM", Decimal(100)), 1, id="another symbol's reservation"),
        pytest.param(situation(positions=[position(), position()]), 1, id="a position told twice"),
        pytest.param(situation(positions=[position(qty=0)]), 0, id="an empty position"),
    ],
)
def test_when_an_entry_would_be_one_add_too_many_then_it_is_denied(desk: Situation, adds: int) -> None:
    for most in (adds, adds - 1):
        check = said(clear(entry(), desk, limits(max_adds=max(0, most))).verdict, Code.MAX_ADDS)
        assert check == (str(adds), str(max(0, most)), most >= adds or adds == 0)


def test_when_an_entry_in_doubt_waits_then_it_counts_as_an_entry() -> None:
    denied = clear(entry(), situation(standing=doubting("AAPL", 5)), limits(max_adds=0))
    assert said(denied.verdict, Code.MAX_ADDS) == ("1", "0", False)
