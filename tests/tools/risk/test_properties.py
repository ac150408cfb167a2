"""Whatever desk, limits and wishes meet: what the gate clears breaks no limit, and caution never backfires."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from perun.tools.domain.market import Quote
from perun.tools.domain.money import Percent
from perun.tools.domain.orders import Order, OrderTerms, OrderType, Side
from perun.tools.domain.portfolio import Position
from perun.tools.domain.signals import Ruling
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal, clear, clear_batch
from perun.tools.risk.limits import Limits
from support.gate import (
    NOW,
    advised,
    broken_limits,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    protective_stop,
    quote,
    situation,
)

SYMBOLS = ("A", "B", "C", "D")
MANY = settings(max_examples=800, deadline=None, database=None)


class Dice(Random):
    """One draw makes a whole desk: a desk of single draws takes twenty milliseconds, and most are empty."""

    def dollars(self, least: float, most: float) -> Decimal:
        """An amount to the cent, small ones as likely as large ones."""
        return Decimal(f"{least * (most / least) ** self.random():.2f}")

    def percent(self, least: float, most: float) -> Percent:
        """A percentage to the thousandth, spread likewise."""
        return percent(f"{least * (most / least) ** self.random():.3f}")

    def seldom(self) -> bool:
        """True about once in thirty throws."""
        return self.randrange(30) == 0


dice = st.integers(0, 2**48).map(Dice)


def some_price(dice: Dice) -> Decimal:
    return Decimal(f"{dice.uniform(0.01, 1):.4f}") if dice.seldom() else dice.dollars(1, 900)


def some_quote(dice: Dice, symbol: str) -> Quote:
    ask = some_price(dice)
    bid = ask + 1 if dice.seldom() else ask
    age = dice.choice([-1, 61]) if dice.seldom() else dice.randrange(61)
    return quote(symbol, ask, bid=bid, at=NOW - timedelta(seconds=age))


def some_book(dice: Dice) -> tuple[list[Position], list[Order]]:
    """Positions with their stops, a short one among them at times, and entries and exits that still work."""
    positions, orders = [], []
    for symbol in dice.sample([*SYMBOLS, "E", "F"], dice.randrange(5)):
        qty = dice.randint(1, 40)
        positions.append(position(symbol, qty, some_price(dice)))
        if dice.random() < 0.5:
            orders.append(protective_stop(symbol, qty))
        if dice.random() < 0.2:
            orders.append(order(Side.SELL, symbol, dice.randint(1, qty)))
    if dice.seldom():
        positions.append(position("SHORT", -dice.randint(1, 40), some_price(dice)))
    for symbol in dice.sample(SYMBOLS, dice.randrange(2)):
        limit = some_price(dice)
        orders.append(order(symbol=symbol, qty=dice.randint(1, 40), type=OrderType.LIMIT, limit_price=limit))
    return positions, orders


def some_desk(dice: Dice) -> Situation:
    positions, orders = some_book(dice)
    known = [some_quote(dice, symbol) for symbol in SYMBOLS]
    return situation(
        positions=positions,
        orders=orders,
        quotes=known,
        atr={each.symbol: each.ask * dice.randint(0, 12) / 100 for each in known},
        is_open=not dice.seldom(),
        equity=dice.dollars(1_000, 500_000),
        buying_power=dice.dollars(100, 500_000),
        trading_blocked=dice.seldom(),
    )


def some_limits(dice: Dice) -> Limits:
    return limits(
        min_confidence=dice.choice([0.0, 0.5]),
        risk_per_trade=dice.percent(0.01, 5),
        max_position=dice.percent(1, 100),
        max_open_positions=dice.randint(2, 9),
        max_order_notional=dice.dollars(100, 200_000),
        max_gross_exposure=dice.percent(10, 400),
        price_collar=dice.percent(0.1, 10),
        stop_atr_multiple=Decimal(dice.randint(1, 50)) / 10,
        restricted=("A", "B") if dice.seldom() else (),
    )


def some_wish(dice: Dice, symbol: str = "A", ways: Sequence[Any] = (entry, entry, exit_)) -> Proposal:
    ruling = dice.choice([None, None, Ruling.APPROVE, Ruling.SHRINK, Ruling.SHRINK, Ruling.VETO])
    advice = ruling and advised(ruling, dice.randint(0, 130), symbol)
    ceiling = dice.choice([None, None, Decimal(dice.randint(1, 400)) / 2])
    return dice.choice(ways)(symbol, dice.choice([0.4, 0.6, 0.9]), advice=advice, ceiling=ceiling)


desks, lines = dice.map(some_desk), dice.map(some_limits)
wishes = dice.map(some_wish)
entries = dice.map(lambda throw: some_wish(throw, ways=[entry]))
batches = dice.map(lambda throw: [some_wish(throw, symbol) for symbol in (*SYMBOLS, "A")])


def size(decision: Cleared | Denied) -> Decimal:
    return decision.order.terms.qty if isinstance(decision, Cleared) else Decimal(0)


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
        assert broken_limits(terms, desk, limits_, sent) == set()
        assert (terms.symbol, terms.client_order_id) == (proposal.signal.symbol, proposal.client_order_id)
        assert proposal.signal.confidence >= limits_.min_confidence
        assert terms.qty <= (proposal.ceiling or terms.qty)
        sent.append(terms)
    event(f"{len(sent)} orders cleared")


@MANY
@given(desk=desks, limits_=lines, asked=entries, more=dice.map(some_book))
def test_when_exposure_is_added_then_no_entry_grows_or_is_cleared_that_was_denied(
    desk: Situation, limits_: Limits, asked: Proposal, more: tuple[list[Position], list[Order]]
) -> None:
    book = desk.portfolio
    fuller = book.model_copy(
        update={
            "positions": (*book.positions, *more[0]),
            "working_orders": (*book.working_orders, *more[1]),
        }
    )
    after = desk.model_copy(update={"portfolio": fuller})
    assert size(clear(asked, after, limits_)) <= size(clear(asked, desk, limits_))
    assert size(clear(asked, desk.reserving("D", Decimal(500)), limits_)) <= size(clear(asked, desk, limits_))


TIGHTER: dict[str, Any] = {
    "min_confidence": lambda now: min(1.0, now + 0.2),
    "risk_per_trade": lambda now: percent(now.root * 2 / 3),
    "max_position": lambda now: percent(now.root * 2 / 3),
    "max_open_positions": lambda now: now - 1,
    "max_order_notional": lambda now: now * 2 / 3,
    "max_gross_exposure": lambda now: percent(now.root * 2 / 3),
    "price_collar": lambda now: percent(now.root + 1),
    "max_quote_age_seconds": lambda now: now - 20,
    "restricted": lambda now: (*now, "A"),
}


@MANY
@given(desk=desks, limits_=lines, asked=wishes, name=st.sampled_from(sorted(TIGHTER)))
def test_when_one_limit_is_tightened_then_no_more_shares_are_cleared(
    desk: Situation, limits_: Limits, asked: Proposal, name: str
) -> None:
    tighter = Limits(**{**dict(limits_), name: TIGHTER[name](getattr(limits_, name))})
    assert size(clear(asked, desk, tighter)) <= size(clear(asked, desk, limits_))


def test_when_limits_gain_a_field_then_tightening_it_is_tried_too() -> None:
    # A stop further away is neither tighter nor looser: it lowers the size, but may be the first that is sensible.
    assert set(TIGHTER) | {"stop_atr_multiple"} == set(Limits.model_fields)


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
