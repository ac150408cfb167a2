"""From the broker's books to ours: every order and fill noted once, each change an event."""

from collections.abc import Iterable
from datetime import datetime

from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import FillBooked, OrderUpdated
from perun.tools.domain.orders import Order, OrderStatus
from perun.tools.domain.ports import BookReader, Recorder

OURS = "perun-"
"""How every client order id of ours begins."""
_REACHED = {
    OrderStatus.FILLED: IntentState.FILLED,
    OrderStatus.CANCELED: IntentState.CANCELED,
    OrderStatus.EXPIRED: IntentState.EXPIRED,
    OrderStatus.REJECTED: IntentState.REJECTED,
    OrderStatus.PARTIALLY_FILLED: IntentState.PARTIAL,
}


def keep_books(book: BookReader, ledger: Ledger, account: str, recorder: Recorder, now: datetime) -> None:
    """Note what the broker says of every order and fill.

    Raises:
        ConfigurationError: the broker holds an order of ours of which the ledger knows nothing.
        BrokerUnavailable: the broker does not answer.
    """
    known = {order.client_order_id: order for order in ledger.books.orders(account)}
    told = book.orders()
    _refuse_strangers(told, ledger, account)
    for order in told:
        if known.get(order.client_order_id) == order:
            continue
        _note(order, ledger, account, now)
        recorder.record(OrderUpdated(order=order))
    for fill in book.fills():
        if ledger.books.book_fill(account, fill):
            recorder.record(FillBooked(fill=fill))


def _note(order: Order, ledger: Ledger, account: str, now: datetime) -> None:
    ledger.books.note_order(account, order, now)
    intent = ledger.intents.get(account, order.client_order_id)
    if intent is not None and not intent.state.is_terminal:
        reached = _REACHED.get(order.status, IntentState.ACKED)
        ledger.intents.move(account, order.client_order_id, reached, order.reason, now)


def _refuse_strangers(orders: Iterable[Order], ledger: Ledger, account: str) -> None:
    """Every order under one of our ids has its intent, or the ledger is not the one that sent it."""
    for order in orders:
        ours = order.client_order_id.startswith(OURS) and order.parent is None
        if ours and ledger.intents.get(account, order.client_order_id) is None:
            raise ConfigurationError(
                f"the broker holds our order {order.client_order_id}, of which the ledger knows nothing: it was "
                "emptied or replaced; restore it from a backup, or start a fresh account in another DATA_DIR"
            )
