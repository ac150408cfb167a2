"""The doors to orders: place, look up, list, change, cancel."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from perun.graph.app.exchange_server.bodies import ChangeBody, OrderBody
from perun.graph.app.exchange_server.papers import Paper, order_paper
from perun.graph.app.exchange_server.venue import Venue, venue_of
from perun.tools.brokerage.embedded.refusing import NOT_FOUND, reject
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.orders import Order, OrderType, Side

At = Annotated[Venue, Depends(venue_of)]

router: Final = APIRouter(prefix="/v2", tags=["orders"])


class Asked(Frozen):
    """Which orders a client wants to see: the query of GET /v2/orders."""

    status: Literal["open", "closed", "all"] = "open"
    limit: int = Field(50, ge=1, le=500)
    after: datetime | None = None
    until: datetime | None = None
    after_order_id: str | None = None
    before_order_id: str | None = None
    direction: Literal["asc", "desc"] = "desc"
    nested: bool = False
    symbols: str | None = None
    side: Side | None = None
    asset_class: str | None = None

    def wants(self, order: Order) -> bool:
        """True when the order is of the side, symbol, time and status that were asked for."""
        at = order.submitted_at
        return (
            self.status in {"all", "closed" if order.status.is_terminal else "open"}
            and self.side in {None, order.side}
            and (not self.symbols or order.symbol in self.symbols.split(","))
            and (self.after is None or at > _aware(self.after))
            and (self.until is None or at <= _aware(self.until))
        )


@router.post("/orders")
def place(body: OrderBody, at: At, afterwards: BackgroundTasks) -> Paper:
    """Place an order. Its exits stand beneath it."""
    order = at.exchange.take_ticket(body.ticket())
    if order.type is OrderType.MARKET:
        afterwards.add_task(at.nudge)
    return order_paper(order, _legs(order, at.exchange.books().orders.values()))


@router.get("/orders")
def listed(asked: Annotated[Asked, Query()], at: At) -> list[Paper]:
    """Orders, newest first unless asked otherwise; nested, exits stand beneath their entry and not beside it."""
    orders = _between(at.exchange.orders(), asked)
    if asked.nested:
        trees = [(order, _legs(order, orders)) for order in orders if order.parent is None]
        papers = [order_paper(order, legs) for order, legs in trees if any(map(asked.wants, (order, *legs)))]
    else:
        papers = [order_paper(order) for order in orders if asked.wants(order)]
    return (papers if asked.direction == "asc" else papers[::-1])[: asked.limit]


@router.get("/orders:by_client_order_id")
def by_client_order_id(client_order_id: str, at: At, nested: bool = False) -> Paper:
    """The order with that client id, whatever its state."""
    return _found(at, at.exchange.order(client_order_id), client_order_id, nested)


@router.get("/orders/{order_id}")
def by_id(order_id: str, at: At, nested: bool = False) -> Paper:
    """The order with that id, whatever its state."""
    return _found(at, at.exchange.order_by_broker_id(order_id), order_id, nested)


@router.patch("/orders/{order_id}")
def change(order_id: str, body: ChangeBody, at: At) -> Paper:
    """Put an order with other terms in the place of this one; the answer is the new one."""
    return order_paper(at.exchange.replace_order(order_id, body.change()))


@router.delete("/orders/{order_id}", status_code=204)
def cancel(order_id: str, at: At) -> Response:
    """Cancel an order, and all that came in one ticket with it."""
    order = at.exchange.order_by_broker_id(order_id)
    if order is None:
        reject(NOT_FOUND, f"order not found for {order_id}")
    at.exchange.cancel(order.client_order_id)
    return Response(status_code=204)


@router.delete("/orders", status_code=207)
def cancel_all(at: At) -> JSONResponse:
    """Cancel every open order."""
    return JSONResponse([{"id": id_, "status": 200} for id_ in cancel_every_order(at)], status_code=207)


def cancel_every_order(at: Venue) -> list[str]:
    """Cancel every open order; their ids."""
    open_now = tuple(at.exchange.books().orders.values())
    for order in open_now:
        still = at.exchange.order(order.client_order_id)
        if still is not None and not still.status.is_terminal:  # an earlier one of its ticket took it along
            at.exchange.cancel(order.client_order_id)
    return [order.broker_order_id for order in open_now]


def _found(at: Venue, order: Order | None, name: str, nested: bool) -> Paper:
    if order is None:
        reject(NOT_FOUND, f"order not found for {name}")
    return order_paper(order, _legs(order, at.exchange.orders()) if nested else ())


def _legs(order: Order, orders: Iterable[Order]) -> list[Order]:
    return [other for other in orders if other.parent == order.client_order_id]


def _between(orders: Sequence[Order], asked: Asked) -> Sequence[Order]:
    """The orders after and before those that are named; none when the exchange does not know them."""
    places = {order.broker_order_id: place for place, order in enumerate(orders)}
    first = places.get(asked.after_order_id, len(orders)) + 1 if asked.after_order_id else 0
    last = places.get(asked.before_order_id, 0) if asked.before_order_id else len(orders)
    return orders[first:last]


def _aware(moment: datetime) -> datetime:
    """Alpaca reads an instant without an offset as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
