"""The breakers: each look at the account is marked, and a loss beyond its limit latches the desk."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from typing import Final

from perun.graph.bookkeeping import is_ours
from perun.graph.ledger.latches import Kind, Latch
from perun.graph.ledger.marks import Mark
from perun.graph.marking import SESSIONS_BEFORE, Reading, Settled, is_closing, mark_of, settle
from perun.graph.submission import OrderDesk
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import BrokerUnavailable, OrderRejected
from perun.tools.domain.events import AccountMarked, ErrorNoted
from perun.tools.domain.money import Percent, cents, plain
from perun.tools.domain.orders import Order, Side
from perun.tools.domain.standing import TradingState
from perun.tools.risk.limits import Limits

WHO: Final = "breakers"
_HUNDREDTH: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that goes off."""

    kind: Kind
    state: TradingState
    reason: str


def look(desk: OrderDesk, broker: GatedBroker, limits: Limits) -> Mark:
    """Mark what the account is worth, let latches go that have come to their end, and set those that are due.

    To be called where cash and positions were compared with the broker a moment ago, so that what was paid in or out is
    known. A desk that is halted here has its working entries cancelled; protective stops stay.

    Raises:
        BrokerUnavailable: the account cannot be read.
        LedgerUnavailable: the mark cannot be noted.
    """
    before = desk.ledger.marks.last(desk.account)
    readings = _read(desk)
    settled = settle(before, readings)
    mark = _note(before, mark_of(before, readings[-1], settled, _week_before(desk)), desk)
    _lift_ended(mark, settled, desk, limits)
    for trip in (*_losses(mark, settled, limits), *_rejects(desk, limits)):
        desk.watch.tighten(trip.state, trip.reason, WHO, desk.recorder, trip.kind, mark.day)
    if desk.watch.state() is TradingState.HALTED:
        withdraw_entries(desk, broker)
    return mark


def measure_anew(desk: OrderDesk, lifted: list[Latch]) -> Mark | None:
    """After a person resumed: what latched the desk is measured from the present equity on, or it would latch at once.

    A lifted drawdown sets the high-water mark to the equity, a lifted loss of the session or of the week sets its start
    to it. It is a mark like any other, and on the record.
    """
    mark, kinds = desk.ledger.marks.last(desk.account), {latch.kind for latch in lifted}
    if mark is None or not kinds & {Kind.DRAWDOWN, Kind.DAILY_LOSS, Kind.WEEKLY_LOSS}:
        return mark
    anew = replace(
        mark,
        settled=mark.equity,
        high_water=mark.equity if Kind.DRAWDOWN in kinds else mark.high_water,
        day_start=mark.equity if Kind.DAILY_LOSS in kinds else mark.day_start,
        week_start=mark.equity if Kind.WEEKLY_LOSS in kinds else mark.week_start,
        anew=0 if Kind.WEEKLY_LOSS in kinds else mark.anew,
    )
    return _note(mark, anew, desk)


def withdraw_entries(desk: OrderDesk, broker: GatedBroker, *, of_others: bool = False) -> tuple[list[str], list[str]]:
    """Cancel working purchases: ours, or every one. Protective stops stay.

    Returns:
        The client order ids of what was cancelled, and a line for each trouble; those are on the record too.
    """
    cancelled, troubles = [], []
    try:
        for order in desk.book.working_orders():
            if order.side is Side.BUY and (of_others or is_ours(order)):
                cancelled += _cancelled(order, broker)
    except BrokerUnavailable as error:
        troubles.append(f"working entries were not all cancelled: {error}")
        desk.recorder.record(ErrorNoted(where=WHO, code="ENTRIES_NOT_CANCELLED", message=troubles[-1]))
    return cancelled, troubles


def loss_percent(start: Decimal | None, equity: Decimal) -> Decimal | None:
    """How much of `start` is lost, in hundredths; negative for a gain, None when there is no start."""
    return (start - equity) * 100 / start if start is not None and start > 0 else None


def _cancelled(order: Order, broker: GatedBroker) -> list[str]:
    with suppress(OrderRejected):  # it ended a moment ago
        broker.cancel(order.client_order_id)
        return [order.client_order_id]
    return []


def _read(desk: OrderDesk) -> tuple[Reading, ...]:
    """The account now; read twice where the second reading has to confirm the first."""
    clock, paid = desk.book.clock(), desk.ledger.adjustments.paid(desk.account)
    first = Reading(clock, desk.book.account(), paid)
    if is_closing(clock) or first.account.equity <= 0:
        return first, Reading(clock, desk.book.account(), paid)
    return (first,)


def _week_before(desk: OrderDesk) -> partial[Mark | None]:
    return partial(desk.ledger.marks.week_before, account=desk.account, sessions=SESSIONS_BEFORE)


def _note(before: Mark | None, mark: Mark, desk: OrderDesk) -> Mark:
    """Write the mark, unless it says what the one before says."""
    if before is not None and replace(mark, number=before.number) in (before, replace(before, settled=None)):
        return before
    noted = desk.ledger.marks.take(desk.account, mark, desk.clock.now())
    desk.recorder.record(
        AccountMarked(
            at=noted.at,
            session=noted.day,
            equity=noted.equity,
            cash=noted.cash,
            flow=noted.paid_since(before) if before else Decimal(0),
            confirmed=noted.settled is not None,
            high_water=noted.high_water,
            day_start=noted.day_start,
            week_start=noted.week_start,
        )
    )
    return noted


def _lift_ended(mark: Mark, settled: Settled | None, desk: OrderDesk, limits: Limits) -> None:
    for latch in desk.ledger.latches.standing(desk.account):
        if latch.kind is Kind.DAILY_LOSS and latch.day is not None and latch.day < mark.day:
            desk.watch.lift([latch.kind], "a new session began", WHO, desk.recorder)
        if (
            latch.kind is Kind.WEEKLY_LOSS
            and settled
            and not _is_beyond(mark.week_start, settled.low, limits.weekly_loss)
        ):
            desk.watch.lift([latch.kind], "the loss of the week is within its limit again", WHO, desk.recorder)


def _losses(mark: Mark, settled: Settled | None, limits: Limits) -> Iterator[Trip]:
    """What goes off at the better of two readings: only there is a loss beyond doubt."""
    if settled is None:
        return
    equity = settled.high
    if equity <= 0:
        yield Trip(Kind.EQUITY, TradingState.HALTED, f"the account's equity is {plain(equity)} US dollars")
    for kind, state, start, limit, said in (
        (Kind.DRAWDOWN, TradingState.HALTED, mark.high_water, limits.max_drawdown, "fall from the high-water mark of"),
        (Kind.DAILY_LOSS, TradingState.REDUCING, mark.day_start, limits.daily_loss, "loss in the session since"),
        (Kind.WEEKLY_LOSS, TradingState.REDUCING, mark.week_start, limits.weekly_loss, "loss over five sessions since"),
    ):
        if start is not None and _is_beyond(start, equity, limit):
            yield Trip(kind, state, _said(said, start, equity, limit))


def _is_beyond(start: Decimal | None, equity: Decimal, limit: Percent) -> bool:
    return start is not None and start > 0 and start - equity > limit.of(start)


def _said(what: str, start: Decimal, equity: Decimal, limit: Percent) -> str:
    percent = ((start - equity) * 100 / start).quantize(_HUNDREDTH, ROUND_CEILING)
    now = equity.quantize(_HUNDREDTH, ROUND_FLOOR)
    return f"{what} {plain(cents(start))} US dollars: {plain(percent)}% to {plain(now)}, of {limit} allowed"


def _rejects(desk: OrderDesk, limits: Limits) -> Iterator[Trip]:
    """The broker refused so many orders one after another, since a person last resumed after such a row."""
    most = limits.max_consecutive_rejects
    since = desk.ledger.latches.lifted_at(desk.account, Kind.REJECTS)
    row = desk.ledger.intents.rejected_in_a_row(desk.account, most, since)
    if row and row >= most:
        yield Trip(Kind.REJECTS, TradingState.REDUCING, f"the broker refused {row} orders one after another")
