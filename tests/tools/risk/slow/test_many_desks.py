"""A hundred thousand desks, or as many as `--examples` says: what the gate clears breaks no limit, whatever comes.

    pytest -n 2 -m slow tests/tools/risk/slow                       # 100,000 desks in all: about three quiet minutes
    pytest -n 2 -m slow tests/tools/risk/slow --salt "round 7"      # the desks of that round, once more
    nice python tests/tools/risk/slow/rounds.py FOLDER              # a million, in rounds

Each of the tests takes its share of the whole, so that the default of CI's slow lane is 100,000 over all of them. A
failing example prints its dice; thrown again, they make the same desk.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from perun.tools.domain.orders import OrderTerms, Side
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal, clear, clear_batch
from perun.tools.risk.limits import Limits
from support.effort import Effort
from support.gate import entry
from support.opinion_on_exposure import broken_exposure, broken_losses
from support.random_desks import TIGHTER, Dice, some_desk, some_limits, some_wish, some_wishes, with_more
from support.second_opinion import broken_limits

pytestmark = [pytest.mark.slow, pytest.mark.timeout(36_000)]

Noun = TypeVar("Noun", Situation, Limits)

PARTS = range(4)
"""Each property is tried in so many parts, so that workers can share it."""


def tried(part: int, effort: Effort, hundredths: int, throw: Callable[[Dice], None]) -> None:
    """Throw the dice for one part of a property that takes so many hundredths of all examples."""
    most = max(1, effort.examples * hundredths // 100 // len(PARTS))
    slow = [HealthCheck.too_slow]

    @settings(max_examples=most, deadline=None, database=None, derandomize=False, suppress_health_check=slow)
    @given(number=st.integers(0, 2**48))
    def property_(number: int) -> None:
        name = f"{effort.salt}/{part}/{number}" if effort.salt else f"{part}/{number}"
        note(f"Dice({name!r})")
        throw(Dice(name))

    if effort.salt:
        property_ = seed(Random(f"{effort.salt}/{part}/{throw.__qualname__}").getrandbits(64))(property_)
    property_()


def size(decision: Cleared | Denied) -> Decimal:
    return decision.order.terms.qty if isinstance(decision, Cleared) else Decimal(0)


def broken(asked: Proposal, terms: OrderTerms, desk: Situation, lines: Limits, sent: list[OrderTerms]) -> set[str]:
    """What a second opinion finds."""
    found = broken_limits(terms, desk, lines, sent, asked.decided_at)
    if terms.side is Side.BUY:
        more = broken_exposure(terms, desk, lines, sent) | broken_losses(terms, desk, lines, sent)
        found |= {name for name, is_broken in more.items() if is_broken}
    return found


@pytest.mark.parametrize("part", PARTS)
def test_when_anything_is_cleared_then_a_second_opinion_finds_no_broken_limit(part: int, effort: Effort) -> None:
    def throw(dice: Dice) -> None:
        desk, lines = some_desk(dice), some_limits(dice)
        sent: list[OrderTerms] = []
        for proposal, decision in clear_batch(some_wishes(dice), desk, lines):
            if isinstance(decision, Cleared):
                assert proposal.signal.confidence >= lines.min_confidence
                assert size(decision) <= (proposal.ceiling or size(decision))
                assert broken(proposal, decision.order.terms, desk, lines, sent) == set()
                sent.append(decision.order.terms)

    tried(part, effort, 35, throw)


HOSTILE = [
    Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity", "0", "-0", "-1", "1e-30", "1e15", "-1e15")
]
HOSTILE += [
    Decimal("1e16"),
    Decimal("1e308"),
    Decimal("0.1") + Decimal("1e-27"),
    float("nan"),
    float("inf"),
    1e308,
    None,
]


@pytest.mark.parametrize("part", PARTS)
def test_when_any_number_is_hostile_then_it_is_refused_or_judged_like_any_other(part: int, effort: Effort) -> None:
    def throw(dice: Dice) -> None:
        desk, lines, asked = some_desk(dice), some_limits(dice), some_wishes(dice)
        odd_desk, odd_lines = with_a_hostile_number(desk, dice), with_a_hostile_number(lines, dice)
        for there, here in ((odd_desk, lines), (desk, odd_lines), (odd_desk, odd_lines)):
            sent: list[OrderTerms] = []
            for proposal, decision in clear_batch(asked, there, here) if there and here else []:
                assert decision.verdict.model_dump_json()  # whatever was measured can be written down
                if isinstance(decision, Cleared):
                    assert broken(proposal, decision.order.terms, there, here, sent) == set()
                    sent.append(decision.order.terms)

    tried(part, effort, 5, throw)


def with_a_hostile_number(noun: Noun, dice: Dice) -> Noun | None:
    """The noun with one of its numbers replaced; None when it refuses to be made so."""
    told = noun.model_dump()
    places = list(numbers(told))
    inside, key = dice.choice(places)
    inside[key] = dice.choice(HOSTILE)
    try:
        return type(noun).model_validate(told)
    except ValidationError:
        return None


def numbers(told: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in nested facts that holds a number, as what it is inside of and under which key."""
    for key, value in list(told.items() if isinstance(told, dict) else enumerate(told)):
        if isinstance(value, tuple):
            told[key] = value = list(value)
        if isinstance(value, dict | list):
            yield from numbers(value)
        elif isinstance(value, Decimal | float | int) and not isinstance(value, bool):
            yield told, key


@pytest.mark.parametrize("part", PARTS)
def test_when_exposure_is_added_then_no_entry_grows_or_is_cleared_that_was_denied(part: int, effort: Effort) -> None:
    def throw(dice: Dice) -> None:
        desk, lines, asked = some_desk(dice), some_limits(dice), some_wish(dice, ways=[entry])
        assert size(clear(asked, with_more(desk, dice), lines)) <= size(clear(asked, desk, lines))

    tried(part, effort, 20, throw)


@pytest.mark.parametrize("part", PARTS)
def test_when_one_limit_is_tightened_then_no_more_shares_are_cleared(part: int, effort: Effort) -> None:
    def throw(dice: Dice) -> None:
        desk, lines, asked = some_desk(dice), some_limits(dice), some_wish(dice)
        name = dice.choice(sorted(TIGHTER))
        narrower = Limits(**{**dict(lines), name: TIGHTER[name](getattr(lines, name))})
        assert size(clear(asked, desk, narrower)) <= size(clear(asked, desk, lines)), name

    tried(part, effort, 20, throw)


@pytest.mark.parametrize("part", PARTS)
def test_when_a_batch_comes_in_another_order_then_every_verdict_is_the_same(part: int, effort: Effort) -> None:
    def throw(dice: Dice) -> None:
        desk, lines, asked = some_desk(dice), some_limits(dice), some_wishes(dice)
        shuffled = dice.sample(asked, len(asked))
        assert verdicts(clear_batch(asked, desk, lines)) == verdicts(clear_batch(shuffled, desk, lines))

    tried(part, effort, 10, throw)


def verdicts(decisions: list[tuple[Any, Cleared | Denied]]) -> list[Any]:
    return [decision.verdict for _, decision in decisions]


@pytest.mark.parametrize("part", PARTS)
def test_when_the_same_is_asked_twice_then_the_answer_is_the_same_and_the_facts_are_untouched(
    part: int, effort: Effort
) -> None:
    def throw(dice: Dice) -> None:
        desk, lines, asked = some_desk(dice), some_limits(dice), some_wish(dice)
        before = desk.model_dump_json()
        first = clear(asked, desk, lines)
        again = clear(asked, Situation.model_validate_json(before), lines)
        assert first == clear(asked, desk, lines) == again
        assert desk.model_dump_json() == before
        assert type(first.verdict).model_validate_json(first.verdict.model_dump_json()) == first.verdict

    tried(part, effort, 10, throw)
