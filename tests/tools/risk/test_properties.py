"""Whatever desk, limits and wishes meet: what the gate clears breaks no limit, and caution never backfires.

A few thousand desks, for every day; `slow/` throws a hundred thousand.
"""

from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from perun.tools.domain.orders import OrderTerms, Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal, clear, clear_batch
from perun.tools.risk.limits import Limits
from support.gate import entry
from support.opinion_on_exposure import broken_exposure, broken_losses
from support.random_desks import NEITHER, TIGHTER, Dice, some_desk, some_limits, some_wish, some_wishes, with_more
from support.second_opinion import broken_limits

MANY = settings(max_examples=800, deadline=None, database=None)

dice = st.integers(0, 2**48).map(Dice)
desks, lines, wishes, batches = (dice.map(some) for some in (some_desk, some_limits, some_wish, some_wishes))
entries = dice.map(lambda throw: some_wish(throw, ways=[entry]))


def size(decision: Cleared | Denied) -> Decimal:
    return decision.order.terms.qty if isinstance(decision, Cleared) else Decimal(0)


def broken(asked: Proposal, terms: OrderTerms, desk: Situation, limits_: Limits, sent: list[OrderTerms]) -> set[str]:
    found = broken_limits(terms, desk, limits_, sent, asked.decided_at)
    if terms.side is Side.BUY:
        more = broken_exposure(terms, desk, limits_, sent) | broken_losses(terms, desk, limits_, sent)
        found |= {name for name, is_broken in more.items() if is_broken}
    return found


@settings(MANY, max_examples=2000)
@given(desk=desks, limits_=lines, asked=batches)
def test_when_anything_is_cleared_then_a_second_opinion_finds_no_broken_limit(
    desk: Situation, limits_: Limits, asked: list[Proposal]
) -> None:
    sent: list[OrderTerms] = []
    for proposal, decision in clear_batch(asked, desk, limits_):
        if not isinstance(decision, Cleared):
            continue
        terms = decision.order.terms
        assert broken(proposal, terms, desk, limits_, sent) == set()
        assert (terms.symbol, terms.client_order_id) == (proposal.signal.symbol, proposal.client_order_id)
        assert proposal.signal.confidence >= limits_.min_confidence
        assert terms.qty <= (proposal.ceiling or terms.qty)
        sent.append(terms)
    event(f"{len(sent)} orders cleared")


@MANY
@given(desk=desks, limits_=lines, asked=entries, throw=dice)
def test_when_exposure_is_added_then_no_entry_grows_or_is_cleared_that_was_denied(
    desk: Situation, limits_: Limits, asked: Proposal, throw: Dice
) -> None:
    assert size(clear(asked, with_more(desk, throw), limits_)) <= size(clear(asked, desk, limits_))


@MANY
@given(desk=desks, limits_=lines, asked=wishes, name=st.sampled_from(sorted(TIGHTER)))
def test_when_one_limit_is_tightened_then_no_more_shares_are_cleared(
    desk: Situation, limits_: Limits, asked: Proposal, name: str
) -> None:
    tighter = Limits(**{**dict(limits_), name: TIGHTER[name](getattr(limits_, name))})
    assert size(clear(asked, desk, tighter)) <= size(clear(asked, desk, limits_))


def test_when_limits_gain_a_field_then_tightening_it_is_tried_too() -> None:
    assert TIGHTER.keys() | NEITHER.keys() == set(Limits.model_fields)


@MANY
@given(desk=desks, limits_=lines, asked=wishes)
def test_when_the_same_is_asked_twice_then_the_answer_is_the_same_and_the_facts_are_untouched(
    desk: Situation, limits_: Limits, asked: Proposal
) -> None:
    before = desk.model_dump_json()
    assert clear(asked, desk, limits_) == clear(asked, desk, limits_)
    assert desk.model_dump_json() == before


@MANY
@given(desk=desks, limits_=lines, asked=wishes)
def test_when_an_entry_is_denied_then_some_check_says_why_beside_the_missing_share(
    desk: Situation, limits_: Limits, asked: Proposal
) -> None:
    decision = clear(asked, desk, limits_)
    if isinstance(decision, Denied):
        codes = {check.code for check in decision.verdict.breaches}
        shrunk = asked.advice is not None or asked.ceiling is not None
        assert codes - {Code.MINIMUM_QUANTITY} or (codes and shrunk)
        event("denied")


@MANY
@given(desk=desks, limits_=lines, asked=wishes)
def test_when_a_verdict_is_given_then_it_survives_the_record(desk: Situation, limits_: Limits, asked: Proposal) -> None:
    verdict = clear(asked, desk, limits_).verdict
    assert type(verdict).model_validate_json(verdict.model_dump_json()) == verdict
