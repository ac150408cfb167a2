"""What may bear on a size from outside: the risk manager and an earlier clearance, and both only shrink it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perun.tools.domain.signals import Action, Ruling
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Cleared, clear
from support.gate import ASK, advised, breaches_of, entry, exit_, limits, percent, situation, terms_of

TEN = limits(max_order_notional=Decimal(1040))
"""Limits under which the plain desk buys ten shares."""


@pytest.mark.parametrize(
    ("advice", "qty"),
    [
        (None, 10),
        (advised(Ruling.APPROVE, 100), 10),
        (advised(Ruling.SHRINK, 50), 5),
        (advised(Ruling.SHRINK, "99.9"), 9),
        (advised(Ruling.SHRINK, 10), 1),
        (advised(Ruling.APPROVE, 109), 10),
        (advised(Ruling.SHRINK, 1000), 10),
    ],
)
def test_when_the_risk_manager_lets_part_of_it_stand_then_no_more_than_that_part_is_cleared(
    advice: object, qty: int
) -> None:
    assert terms_of(clear(entry(advice=advice), situation(), TEN)).qty == qty


@pytest.mark.parametrize("keep", [0, 100])
def test_when_the_risk_manager_vetoes_then_the_entry_is_denied_whatever_is_kept(keep: int) -> None:
    denied = clear(entry(advice=advised(Ruling.VETO, keep)), situation(), TEN)
    assert Code.ADVISER_VETO in breaches_of(denied)


@pytest.mark.parametrize("keep", ["0", "9.99"])
def test_when_less_than_a_share_is_kept_then_the_entry_is_denied_for_want_of_a_share(keep: str) -> None:
    denied = clear(entry(advice=advised(Ruling.SHRINK, keep)), situation(), TEN)
    assert breaches_of(denied) == {Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize(("ceiling", "qty"), [("4", 4), ("10", 10), ("11", 10), ("1000000", 10), ("4.9", 4)])
def test_when_fewer_shares_were_cleared_before_then_the_size_shrinks_to_them_and_never_grows(
    ceiling: str, qty: int
) -> None:
    assert terms_of(clear(entry(ceiling=Decimal(ceiling)), situation(), TEN)).qty == qty


def test_when_less_than_a_share_was_cleared_before_then_the_entry_is_denied() -> None:
    assert breaches_of(clear(entry(ceiling=Decimal("0.9")), situation(), TEN)) == {Code.MINIMUM_QUANTITY}


@settings(max_examples=300, deadline=None, database=None)
@given(
    ruling=st.sampled_from(Ruling),
    keep=st.decimals(0, 1000, places=2),
    ceiling=st.none() | st.decimals("0.01", 1000, places=2),
)
def test_when_anything_is_advised_then_no_more_is_cleared_than_without_advice(
    ruling: Ruling, keep: Decimal, ceiling: Decimal | None
) -> None:
    decision = clear(entry(advice=advised(ruling, str(keep)), ceiling=ceiling), situation(), TEN)
    if isinstance(decision, Cleared):
        assert ruling is not Ruling.VETO
        assert decision.order.terms.qty <= min(10, ceiling or 10)
    elif ruling is not Ruling.VETO:
        assert keep < 10 or (ceiling is not None and ceiling < 1)


@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_a_signal_holds_then_asking_for_an_order_is_a_mistake_of_the_caller(asked: object) -> None:
    assert hasattr(asked, "signal")
    hold = asked.model_copy(update={"signal": asked.signal.model_copy(update={"action": Action.HOLD})})  # type: ignore[attr-defined]  # a Proposal
    for desk in (situation(), None):
        with pytest.raises(ValueError, match="HOLD"):
            clear(hold, desk, limits())


def test_when_a_stop_is_wanted_further_away_then_fewer_shares_carry_the_same_risk() -> None:
    lines = limits(risk_per_trade=percent(1), stop_atr_multiple=Decimal(4))
    terms = terms_of(clear(entry(), situation(), lines))
    assert (terms.qty, terms.stop_loss) == (100, ASK - 10)


def test_when_a_verdict_has_a_breach_then_it_cannot_carry_terms() -> None:
    cleared = clear(entry(), situation(), TEN).verdict
    broken = cleared.checks[0]._replace(passed=False)
    with pytest.raises(ValueError, match="no breach"):
        Verdict(**{**dict(cleared), "checks": (broken,)})
    with pytest.raises(ValueError, match="no breach"):
        Verdict(**{**dict(cleared), "terms": None})
