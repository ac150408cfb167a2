"""A batch: exits first, every entry sees what the earlier ones took, and the order given changes nothing."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Proposal, clear, clear_batch
from support.gate import WORST, breaches_of, entry, exit_, limits, percent, position, quote, situation, terms_of

SYMBOLS = tuple("ABCDEFGH")


def desk(**changes: object) -> Situation:
    return situation(quotes=[quote(symbol) for symbol in SYMBOLS], **changes)  # type: ignore[arg-type]  # as situation


def shares(decisions: Sequence[tuple[Proposal, object]]) -> list[tuple[str, int]]:
    return [
        (proposal.signal.symbol, int(decision.order.terms.qty))
        for proposal, decision in decisions
        if isinstance(decision, Cleared)
    ]


def test_when_many_small_entries_each_fit_then_together_they_do_not_pass_the_limit() -> None:
    lines = limits(max_order_notional=10 * WORST, max_gross_exposure=percent("2.6"))
    assert all(isinstance(clear(entry(symbol), desk(), lines), Cleared) for symbol in SYMBOLS)

    decisions = clear_batch([entry(symbol) for symbol in SYMBOLS], desk(), lines)
    assert shares(decisions) == [("A", 10), ("B", 10), ("C", 5)]
    assert breaches_of(decisions[3][1]) == {Code.GROSS_EXPOSURE, Code.MINIMUM_QUANTITY}


def test_when_entries_share_buying_power_then_it_is_spent_once() -> None:
    lines = limits(max_order_notional=10 * WORST)
    decisions = clear_batch([entry(symbol) for symbol in SYMBOLS], desk(buying_power=15 * WORST), lines)
    assert shares(decisions) == [("A", 10), ("B", 5)]
    assert breaches_of(decisions[2][1]) == {Code.BUYING_POWER, Code.MINIMUM_QUANTITY}


def test_when_entries_share_the_last_places_then_the_rest_find_none() -> None:
    lines = limits(max_order_notional=10 * WORST, max_open_positions=2)
    decisions = clear_batch([entry(symbol) for symbol in SYMBOLS], desk(), lines)
    assert [symbol for symbol, _ in shares(decisions)] == ["A", "B"]
    assert breaches_of(decisions[2][1]) == {Code.MAX_OPEN_POSITIONS}


def test_when_the_same_symbol_is_asked_for_twice_then_the_position_limit_holds_for_both_together() -> None:
    lines = limits(max_order_notional=10 * WORST, max_position=percent("1.56"))
    decisions = clear_batch([entry("A", id="two"), entry("A", id="one")], desk(), lines)
    assert [(proposal.client_order_id, int(terms_of(decision).qty)) for proposal, decision in decisions] == [
        ("one", 10),
        ("two", 5),
    ]


def test_when_the_same_position_is_sold_twice_then_it_is_sold_once() -> None:
    held = desk(positions=[position("A", 10)])
    first, second = clear_batch([exit_("A", id="one"), exit_("A", id="two", ceiling=5)], held, limits())
    assert terms_of(first[1]).qty == 10
    assert breaches_of(second[1]) == {Code.NO_SHORT_SELLING}

    halves = clear_batch([exit_("A", id=name, ceiling=5) for name in ("one", "two", "three")], held, limits())
    assert shares(halves) == [("A", 5), ("A", 5)]


def test_when_exits_and_entries_come_together_then_exits_go_first_and_then_the_most_confident() -> None:
    asked = [entry("C", 0.7), exit_("B", 0.1), entry("D", 0.9), entry("A", 0.7), exit_("E", 0.2)]
    decisions = clear_batch(asked, desk(positions=[position("B"), position("E")]), limits())
    assert [proposal.signal.symbol for proposal, _ in decisions] == ["E", "B", "D", "A", "C"]


def test_when_an_exit_was_cleared_then_its_money_is_not_spent_before_it_came_in() -> None:
    before = desk(positions=[position("A", 10)], buying_power=Decimal(0))
    decisions = clear_batch([entry("B"), exit_("A")], before, limits())
    assert shares(decisions) == [("A", 10)]


def test_when_an_entry_is_denied_then_it_takes_nothing_from_the_next() -> None:
    lines = limits(max_order_notional=10 * WORST, restricted=("A",))
    decisions = clear_batch([entry("A", 1.0), entry("B", 0.5)], desk(buying_power=10 * WORST), lines)
    assert shares(decisions) == [("B", 10)]


def test_when_the_portfolio_is_unknown_then_the_whole_batch_is_denied() -> None:
    decisions = clear_batch([entry("A"), exit_("B")], None, limits())
    assert all(breaches_of(decision) == {Code.MISSING_PORTFOLIO} for _, decision in decisions)


def test_when_nothing_is_asked_then_nothing_is_decided() -> None:
    assert clear_batch([], desk(), limits()) == []


SIGNALS = st.lists(
    st.tuples(st.sampled_from([entry, exit_]), st.sampled_from(SYMBOLS[:4]), st.sampled_from([0.5, 0.7, 0.9])),
    min_size=2,
    max_size=7,
)


@settings(max_examples=300, deadline=None, database=None)
@given(wishes=SIGNALS, data=st.data())
def test_when_the_same_proposals_come_in_any_order_then_the_decisions_are_the_same(
    wishes: list[tuple[object, str, float]], data: st.DataObject
) -> None:
    asked = [wish(symbol, sure, id=f"id-{number}") for number, (wish, symbol, sure) in enumerate(wishes)]  # type: ignore[operator]  # entry or exit_
    before = desk(positions=[position("A"), position("B")], buying_power=20 * WORST)
    lines = limits(max_order_notional=10 * WORST, max_position=percent(2), max_open_positions=3)
    shuffled = data.draw(st.permutations(asked))
    assert verdicts(clear_batch(asked, before, lines)) == verdicts(clear_batch(shuffled, before, lines))


def verdicts(decisions: Sequence[tuple[Proposal, object]]) -> list[tuple[str, object]]:
    return [(proposal.client_order_id, decision.verdict) for proposal, decision in decisions]  # type: ignore[attr-defined]  # Cleared or Denied
