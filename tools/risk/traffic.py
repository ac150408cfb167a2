"""What left the desk lately, and how many shares each limit on single orders and on traffic leaves room for."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Side
from perun.tools.risk.facts import EntryFacts
from perun.tools.risk.limits import Limits

HOUR: Final = timedelta(hours=1)


def order_bounds(facts: EntryFacts, limits: Limits, worst: Decimal) -> Iterator[Decimal]:
    """Shares that each limit would allow by itself, counted at `worst` US dollars; below zero where it is passed."""
    yield Decimal(limits.max_order_quantity)
    yield limits.max_participation.of(facts.volume)
    yield limits.max_order_notional / worst
    yield (limits.max_notional_per_hour - bought_within_the_hour(facts)) / worst
    yield (limits.max_turnover.of(facts.equity) - traded_today(facts)) / worst


def bought_within_the_hour(facts: EntryFacts) -> Decimal:
    """Dollars of entries that were sent less than an hour ago, or cleared in this batch."""
    sent = [each.notional for each in facts.book.sent_within(HOUR) if each.side is Side.BUY]
    return sum(sent, facts.reserved)


def traded_today(facts: EntryFacts) -> Decimal:
    """Dollars sent in this session either way, or cleared in this batch; an exit at the broker's price of the share."""
    leaving = facts.situation.leaving
    positions = facts.situation.portfolio.positions if leaving else ()
    worth = [leaving[each.symbol] * abs(each.current_price) for each in positions if each.symbol in leaving]
    return sum([each.notional for each in facts.book.sent_today], facts.reserved) + sum(worth, ZERO)
