"""From the broker's books to ours: every order and fill noted once, each change an event."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.errors import Halted
from perun.tools.domain.events import FillBooked, OrderUpdated, StateChanged
from perun.tools.domain.orders import Order, OrderStatus
from perun.tools.domain.ports import BookReader, Recorder
from perun.tools.domain.standing import TradingState

OURS = "perun-"
"""How every client order id of ours begins."""
MARGIN: Final = timedelta(hours=1)
"""How far before the newest thing known the broker is asked again: it may show things late."""
_REACHED = {
    OrderStatus.FILLED: IntentState.FILLED,
    OrderStatus.CANCELED: IntentState.CANCELED,
    OrderStatus.REPLACED: IntentState.CANCELED,  # by hand: what replaced it is not the order that was intended
    OrderStatus.EXPIRED: IntentState.EXPIRED,
    OrderStatus.REJECTED: IntentState.REJECTED,
    OrderStatus.PARTIALLY_FILLED: IntentState.PARTIAL,
}
_PLACED: Final = {IntentState.ACKED, IntentState.PARTIAL}


def is_ours(order: Order) -> bool:
    """True for an order that the desk asked for, and for the stop that came with one."""
    return order.client_order_id.startswith(OURS) or bool(order.parent and order.parent.startswith(OURS))


def keep_books(book: BookReader, ledger: Ledger, account: str, recorder: Recorder, now: datetime) -> None:
    """Note what the broker says of every order and fill that may be news.

    Raises:
        Halted: the broker holds an order of ours of which the ledger knows nothing; the desk stays halted.
        BrokerUnavailable: the broker does not answer.
    """
    told = _news(book, ledger, account)
    _refuse_strangers(told, ledger, account, recorder, now)
    for order in told:
        if ledger.books.order(account, order.client_order_id) != order:
            _note(order, ledger, account, recorder, now)
    for fill in book.fills(_before(ledger.books.newest_fill(account))):
        if ledger.books.book_fill(account, fill):
            recorder.record(FillBooked(fill=fill))


def _news(book: BookReader, ledger: Ledger, account: str) -> list[Order]:
    """What was submitted since the last look, what works now, and what we thought to be working, oldest first.

    Oldest first, because all that is older than the newest order known here counts as known from then on.
    """
    since = _before(ledger.books.newest_submission(account))
    told = {order.client_order_id: order for order in (*book.orders(since), *book.working_orders())}
    unfinished = {order.client_order_id for order in ledger.books.unfinished(account)}
    placed = {each.client_order_id for each in ledger.intents.open_intents(account) if each.state in _PLACED}
    for id_ in sorted((unfinished | placed) - told.keys()):
        if order := book.order(id_):
            told[id_] = order
    return sorted(told.values(), key=lambda order: (order.submitted_at, order.parent is not None))


def _before(newest: datetime | None) -> datetime | None:
    return newest - MARGIN if newest else None


def _note(order: Order, ledger: Ledger, account: str, recorder: Recorder, now: datetime) -> None:
    if ledger.books.note_order(account, order, now) != order:
        return  # late news: a step back
    recorder.record(OrderUpdated(order=order))
    intent = ledger.intents.get(account, order.client_order_id)
    if intent is not None and not intent.state.is_terminal:
        reached = _REACHED.get(order.status, IntentState.ACKED)
        ledger.intents.move(account, order.client_order_id, reached, order.reason, now)


def _refuse_strangers(orders: Iterable[Order], ledger: Ledger, account: str, recorder: Recorder, now: datetime) -> None:
    """Every order under one of our ids has its intent, or somebody else trades in our name: then nobody trades."""
    for order in orders:
        ours = order.client_order_id.startswith(OURS) and order.parent is None
        if ours and ledger.intents.get(account, order.client_order_id) is None:
            reason = (
                f"the broker holds our order {order.client_order_id}, of which the ledger knows nothing: another desk "
                "writes our ids, or the ledger was emptied or replaced; restore it from a backup, or start a fresh "
                "account in another DATA_DIR"
            )
            if ledger.latches.tighten(account, TradingState.HALTED, reason, "bookkeeping", now):
                recorder.record(StateChanged(state=TradingState.HALTED, reason=reason, who="bookkeeping"))
            raise Halted(reason)
