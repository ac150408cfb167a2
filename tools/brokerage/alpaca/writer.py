"""The hand that trades at Alpaca: one request for each change, and what each answer to it means.

| answer to the POST | outcome |
|---|---|
| success that shows the order that was asked for | the order, even when its status is unknown |
| success that is empty, unreadable or shows another order; 3xx, 408, 5xx; silence | SubmitUnclear |
| 422 with code 40010001, and the client id is known | adopted when equal, else ClientIdConflict |
| 400, 403, 404, other 422 | OrderRejected |
| 401 | KeyRefused |
| 429 | RateLimited |
| no connection | NotSent |
"""

import re
from typing import Any, Final
from urllib.parse import quote

from perun.tools.brokerage.alpaca import wire
from perun.tools.brokerage.alpaca.body import answer_differences, wire_body
from perun.tools.brokerage.alpaca.book import BY_CLIENT_ID, AlpacaBook
from perun.tools.brokerage.alpaca.line import Answer, Line, NoAnswer
from perun.tools.brokerage.alpaca.wire import Row, Unreadable
from perun.tools.domain.errors import (
    BrokerUnavailable,
    ClientIdConflict,
    KeyRefused,
    NotSent,
    OrderRejected,
    RateLimited,
    SubmitUnclear,
)
from perun.tools.domain.orders import ClearedOrder, Order, OrderTerms, cleared_terms

_REFUSALS: Final = {400, 403, 404, 422}
_TOO_MANY: Final = 429
_UNPROCESSABLE: Final = 422
_NOT_VALID: Final = 40010001
"""Alpaca says so of a used client id, and of other faults of an order too."""
_UNIQUE: Final = re.compile(r"client.?order.?id must be unique")
_NOT_FOUND: Final = (404, 40410000)


class AlpacaWriter:
    """Places and cancels orders in one account. Only `brokerage.gated` may hold one."""

    settles_at_once: Final = False
    """A request may arrive when nobody waits for its answer any more."""

    def __init__(self, line: Line, book: AlpacaBook) -> None:
        self._line = line
        self._book = book

    def submit(self, order: ClearedOrder) -> Order:
        """Place a cleared order, once. An equal order that stands there under its client id is handed back.

        Raises:
            TypeError: it is anything but a ClearedOrder; bare terms do not trade.
            OrderRejected: Alpaca refuses it for good.
            ClientIdConflict: another order stands under its client id.
            KeyRefused: Alpaca does not accept the key.
            RateLimited: not accepted; may be sent again with the same id from the given instant on.
            NotSent: no connection came about; may be sent again with the same id.
            SubmitUnclear: it may stand at Alpaca; look it up and never send it again.
        """
        terms = cleared_terms(order)
        try:
            answer = self._line.ask("POST", "/orders", wire_body(terms))
        except NoAnswer as error:
            if error.left:
                raise self._unclear(terms, f"no answer came ({error})") from error
            raise NotSent(
                f"{self._line.name} cannot be reached ({error}): {terms.client_order_id} was not sent"
            ) from error
        if answer.is_success:
            return self._echo(terms, answer.body)
        if _says_id_is_taken(answer):
            return self._earlier(terms, answer)
        raise self._refusal(terms, answer)

    def cancel(self, client_order_id: str) -> Order:
        """Ask for a cancellation; the answer shows where the order stands then.

        Raises:
            OrderRejected: there is no such order, or it can no longer be cancelled.
            BrokerUnavailable: no clear answer.
            KeyRefused: Alpaca does not accept the key.
        """
        order = self._book.order(client_order_id)
        if order is None:
            raise OrderRejected(*_NOT_FOUND, f"order not found for {client_order_id}")
        try:
            answer = self._line.ask("DELETE", f"/orders/{quote(order.broker_order_id, safe='')}")
        except NoAnswer as error:
            raise BrokerUnavailable(f"{self._line.name} did not say whether {client_order_id} is cancelled") from error
        if answer.status in _REFUSALS:
            raise OrderRejected(answer.status, answer.code, answer.message or f"it is {order.status}")
        if not answer.is_success:
            raise BrokerUnavailable(
                f"{self._line.name} answered {answer.status} to the cancellation of {client_order_id}"
            )
        return self._book.order(client_order_id) or order

    def _echo(self, terms: OrderTerms, body: Any) -> Order:
        """The order as accepted, if the answer shows the very order that was asked for."""
        if not isinstance(body, dict):
            raise self._unclear(terms, "the answer was empty or unreadable")
        if differing := self._differences(terms, body):
            raise self._unclear(terms, f"the answer shows another {differing}")
        return wire.order(body)

    def _earlier(self, terms: OrderTerms, answer: Answer) -> Order:
        """The order that took the client id before, if it is the same; a refusal of another kind if there is none."""
        try:
            row = self._line.find(BY_CLIENT_ID, client_order_id=terms.client_order_id)
        except (BrokerUnavailable, KeyRefused) as error:
            raise self._unclear(terms, f"its id may be taken, and the order cannot be read: {error}") from error
        if row is None:
            raise OrderRejected(answer.status, answer.code, answer.message)
        if differing := self._differences(terms, row):
            raise ClientIdConflict(
                f"{self._line.name} holds another order under {terms.client_order_id}; it differs in {differing}: "
                "find out who writes orders under this desk's ids before you resume"
            )
        return wire.order(row)

    def _differences(self, terms: OrderTerms, row: Row) -> str:
        try:
            return ", ".join(answer_differences(terms, row))
        except Unreadable as error:
            raise self._unclear(terms, str(error)) from error

    def _refusal(self, terms: OrderTerms, answer: Answer) -> OrderRejected | BrokerUnavailable:
        if answer.status in _REFUSALS:
            return OrderRejected(answer.status, answer.code, answer.message or f"refused with status {answer.status}")
        if answer.status == _TOO_MANY:
            return RateLimited(f"{self._line.name} takes no order now: too many requests", answer.resets)
        return self._unclear(terms, f"the answer was {answer.status}")

    def _unclear(self, terms: OrderTerms, why: str) -> SubmitUnclear:
        return SubmitUnclear(f"{self._line.name} may or may not hold {terms.client_order_id}: {why}")


def _says_id_is_taken(answer: Answer) -> bool:
    said = answer.code == _NOT_VALID or _UNIQUE.search(answer.message) is not None
    return answer.status == _UNPROCESSABLE and said
