"""From the ledger's rows to conduct: what the desk did lately, and from where its losses are measured."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

from perun.graph.bookkeeping import is_ours
from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.marks import Mark
from perun.tools.domain.conduct import Conduct, Sent
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Leg, Order

CLOSINGS_KEPT: Final = timedelta(days=31)
_DAY: Final = timedelta(days=1)
_TAKEN: Final = {IntentState.ACKED, IntentState.PARTIAL, IntentState.UNKNOWN}
"""An intent stands so from the broker's answer, or from the lack of one, until its order is in the books."""


def conduct_of(ledger: Ledger, account: str, intents: list[Intent]) -> Conduct:
    """What the ledger tells of an account's recent past, as of its newest mark.

    Args:
        ledger: its books.
        account: whose conduct it is.
        intents: the account's open intents, read a moment ago.
    """
    mark = ledger.marks.last(account)
    since = _start_of_day_before(mark) if mark else None
    return Conduct(
        sent=tuple(sorted(_sent(ledger, account, since, intents, mark), key=lambda sent: sent.at)),
        closings=ledger.positions.closings(account, mark.at - CLOSINGS_KEPT) if mark else (),
        adds=ledger.positions.adds(account),
        day_start=mark.day_start if mark else None,
        week_start=mark.week_start if mark else None,
        high_water=mark.high_water if mark else None,
        unexplained=ledger.adjustments.unexplained(account),
    )


def _start_of_day_before(mark: Mark) -> datetime:
    return datetime.combine(mark.day - _DAY, time(), EXCHANGE_TIME)


def _sent(
    ledger: Ledger, account: str, since: datetime | None, intents: list[Intent], mark: Mark | None
) -> Iterator[Sent]:
    orders = [order for order in ledger.books.submitted_since(account, since) if is_ours(order)]
    for order in orders:
        if not order.is_protective:
            yield _of_order(order, ledger, account)
    if mark is None:
        return
    for intent in intents:
        if intent.state in _TAKEN and intent.leg is not Leg.PROTECTION and not _is_booked(intent, ledger):
            yield _of_intent(intent, ledger, mark.at)


def _is_booked(intent: Intent, ledger: Ledger) -> bool:
    return ledger.books.order(intent.account, intent.client_order_id) is not None


def _of_order(order: Order, ledger: Ledger, account: str) -> Sent:
    own = order.filled_avg_price or order.limit_price or order.stop_price
    price = own or ledger.positions.last_price(account, order.symbol) or _stop_of(order, ledger, account)
    return as_sent(order, price)


def as_sent(order: Order, price: Decimal) -> Sent:
    """What was handed in, worth its quantity at that price."""
    return Sent(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        notional=order.qty * price,
        at=order.submitted_at,
    )


def _of_intent(intent: Intent, ledger: Ledger, at: datetime) -> Sent:
    """An order that was sent since the market was last looked at: it counts as sent then."""
    terms = intent.terms
    own = terms.limit_price or terms.stop_price
    price = own or ledger.positions.last_price(intent.account, intent.symbol) or terms.stop_loss or ZERO
    return Sent(
        client_order_id=intent.client_order_id,
        symbol=intent.symbol,
        side=terms.side,
        qty=terms.qty,
        notional=terms.qty * price,
        at=at,
    )


def _stop_of(order: Order, ledger: Ledger, account: str) -> Decimal:
    """For a first entry that has no price yet, its stop is the nearest price that the ledger knows."""
    intent = ledger.intents.get(account, order.client_order_id)
    return (intent.terms.stop_loss if intent else None) or ZERO
