"""The doors to positions: see them, and close them."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, BackgroundTasks, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from perun.graph.app.exchange_server.bodies import Shares
from perun.graph.app.exchange_server.orders import cancel_every_order
from perun.graph.app.exchange_server.papers import Paper, order_paper, position_paper
from perun.graph.app.exchange_server.venue import Venue, uuid_of, venue_of
from perun.tools.brokerage.embedded.refusing import INVALID, NOT_FOUND, reject
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.errors import OrderRejected
from perun.tools.domain.money import whole_shares
from perun.tools.domain.orders import Order, Side
from perun.tools.domain.portfolio import Position

At = Annotated[Venue, Depends(venue_of)]
Part = Annotated[Shares | None, Query()]
Hundredths = Annotated[Decimal | None, Query(gt=0, le=100, max_digits=24, decimal_places=9)]

router: Final = APIRouter(prefix="/v2/positions", tags=["positions"])


@router.get("")
def positions(at: At) -> list[Paper]:
    """Every position at the last closes."""
    return [_paper(position, at) for position in at.book.positions()]


@router.get("/{symbol_or_asset_id}")
def position(symbol_or_asset_id: str, at: At) -> Paper:
    """One position."""
    return _paper(_position(symbol_or_asset_id, at), at)


@router.delete("", status_code=207)
def close_all(
    at: At, afterwards: BackgroundTasks, cancel_orders: Annotated[bool, Field(default=False)] = False
) -> JSONResponse:
    """Sell everything, after cancelling every open order when that is asked for."""
    if cancel_orders:
        cancel_every_order(at)
    afterwards.add_task(at.nudge)
    answers = [_closing(position, at) for position in at.book.positions()]
    return JSONResponse(answers, status_code=207, background=afterwards)


@router.delete("/{symbol_or_asset_id}")
def close(
    symbol_or_asset_id: str, at: At, afterwards: BackgroundTasks, qty: Part = None, percentage: Hundredths = None
) -> Paper:
    """Sell a position, or a part of it; the answer is the order that does it."""
    position = _position(symbol_or_asset_id, at)
    if percentage is not None:
        qty = whole_shares(position.qty * percentage / 100)
    if qty is not None and qty < 1:
        reject(INVALID, "there is less than one share to sell")
    order = _sell(position.symbol, qty or position.qty, at)
    afterwards.add_task(at.nudge)
    return order_paper(order)


def _closing(position: Position, at: Venue) -> Paper:
    """What became of one position when all are closed."""
    try:
        order = _sell(position.symbol, position.qty, at)
    except OrderRejected as refused:
        body = {"code": refused.code, "message": refused.message}
        return {"symbol": position.symbol, "status": refused.status, "body": body}
    return {"symbol": position.symbol, "status": 200, "order_id": order.broker_order_id, "body": order_paper(order)}


def _sell(symbol: str, qty: Decimal, at: Venue) -> Order:
    return at.exchange.take_ticket(Ticket(client_order_id=str(uuid4()), symbol=symbol, side=Side.SELL, qty=qty))


def _position(name: str, at: Venue) -> Position:
    found = next((each for each in at.book.positions() if name in {each.symbol, uuid_of(each.symbol)}), None)
    if found is None:
        reject(NOT_FOUND, "position does not exist")
    return found


def _paper(position: Position, at: Venue) -> Paper:
    return position_paper(position, at.view().bars(position.symbol, 2)[0].close)
