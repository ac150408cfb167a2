"""From a reading of the account to a mark: what two readings agree on, and from where losses are measured."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from perun.graph.ledger.marks import Mark
from perun.tools.domain.market import EXCHANGE_TIME, MarketClock
from perun.tools.domain.portfolio import Account

SESSIONS_BEFORE: Final = 4
"""With the session of the mark they are a week's five."""

WeekBefore = Callable[[Mark], Mark | None]
"""From a new mark to the one with which its week began."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the broker says of the account at one instant, and what was paid into it so far."""

    clock: MarketClock
    account: Account
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Settled:
    """What two readings agree on: the equity is not below the one and not above the other."""

    low: Decimal
    high: Decimal


def is_closing(clock: MarketClock) -> bool:
    """True on the closing instant of a session: what was read then is the session's own last word."""
    return clock.next_close == clock.now or (clock.is_open and clock.next_open < clock.next_close)


def settle(before: Mark | None, readings: tuple[Reading, ...]) -> Settled | None:
    """What the newest reading and another one agree on; None when it stands alone.

    One price that is far off makes the equity wrong at one instant. It counts only when the account reads so at a later
    instant of the market too, or twice in a row on the closing instant. The mark before counts as if what was paid in
    or out since had been so already.
    """
    last = readings[-1]
    if len(readings) > 1:
        equities = [reading.account.equity for reading in readings]
    elif before is not None and before.at < last.clock.now:
        equities = [last.account.equity, before.equity + last.paid - before.paid]
    else:
        return None
    return Settled(min(equities), max(equities))


def mark_of(before: Mark | None, reading: Reading, settled: Settled | None, week_before: WeekBefore) -> Mark:
    """The mark that follows on the mark before; its number is given when it is noted.

    What was paid in or out is neither gain nor loss: the amounts from which losses are measured grow and shrink with
    the account, so that a loss of two percent is one of two percent afterwards. An account that was emptied, or was
    empty, begins anew.
    """
    growth = _growth(before, reading.paid)
    if before is None or growth is None:
        return _first(before, reading, settled)
    mark = replace(_first(before, reading, settled), scale=before.scale * growth, anew=before.anew)
    mark = replace(mark, high_water=_highest(_moved(before.high_water, before, mark), settled))
    if before.day == mark.day:
        day_start, week_start = _moved(before.day_start, before, mark), _moved(before.week_start, before, mark)
    else:
        day_start, week_start = _new_session(before, mark, reading.account, week_before)
    return replace(mark, day_start=day_start, week_start=week_start)


def _first(before: Mark | None, reading: Reading, settled: Settled | None) -> Mark:
    """A mark from which everything is measured anew."""
    account = reading.account
    return Mark(
        number=0,
        at=reading.clock.now,
        day=_day(before, reading.clock),
        equity=account.equity,
        cash=account.cash,
        paid=reading.paid,
        scale=Decimal(1),
        settled=settled.high if settled else None,
        high_water=settled.low if settled else None,
        day_start=account.equity,
        week_start=account.equity,
        anew=0,
    )


def _growth(before: Mark | None, paid: Decimal) -> Decimal | None:
    """How many times larger what was paid in or out made the account; None when it was empty before or after."""
    if before is None:
        return None
    was = before.equity if before.settled is None else before.settled
    now = was + paid - before.paid
    return now / was if was > 0 and now > 0 else None


def _day(before: Mark | None, clock: MarketClock) -> date:
    """A session begins with the first look at an open market; a closed one still belongs to the session before."""
    if before is None or clock.is_open or is_closing(clock):
        return clock.now.astimezone(EXCHANGE_TIME).date()
    return before.day


def _new_session(
    before: Mark, mark: Mark, account: Account, week_before: WeekBefore
) -> tuple[Decimal | None, Decimal | None]:
    """Where the session and its week start.

    The broker's own equity at the last close knows of every session in between. Only when money was paid in or out
    since the mark before, nobody can say whether that close was before or after it: then the mark before counts.
    """
    ours = before.equity if before.settled is None else before.settled
    flowed = mark.paid_since(before) or account.last_equity <= 0
    day_start = mark.scaled(ours, before) if flowed else account.last_equity
    began = week_before(mark)
    if began is None:
        return day_start, day_start
    start = began.week_start if began.number == mark.anew else began.day_start
    return day_start, _moved(start, began, mark)


def _moved(amount: Decimal | None, earlier: Mark, later: Mark) -> Decimal | None:
    return None if amount is None else later.scaled(amount, earlier)


def _highest(high_water: Decimal | None, settled: Settled | None) -> Decimal | None:
    if settled is None or high_water is None:
        return settled.low if settled else high_water
    return max(high_water, settled.low)
