"""What any client may ask of the exchange in one order: more than the desk ever asks, as Alpaca's wire allows."""

from typing import Annotated, Self

from pydantic import StringConstraints

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Price, Quantity
from perun.tools.domain.orders import OrderClass, OrderTerms, OrderType, Side, TimeInForce

ClientName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
"""A client order id as Alpaca takes it: any text, at most 128 characters."""


class StopLoss(Frozen):
    """The exit that bounds a loss, in US dollars: a stop, or a stop-limit when it has a limit."""

    stop_price: Price
    limit_price: Price | None = None


class Ticket(Frozen):
    """An order as it arrives at the exchange, from whomever.

    A ticket was cleared by nobody: it is the broker's side of the wire. Our own desk hands in a `ClearedOrder`, and
    `Exchange.submit` writes the ticket for it; only the exchange's HTTP server hands in tickets of other programs.
    """

    client_order_id: ClientName
    symbol: Symbol
    side: Side
    qty: Quantity
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Price | None = None
    stop_price: Price | None = None
    trail_price: Price | None = None
    """US dollars; trailing stops have this or `trail_percent`."""
    trail_percent: Price | None = None
    """Hundredths of the water mark."""
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: Price | None = None
    """US dollars; the limit of the exit that takes a profit."""
    stop_loss: StopLoss | None = None
    exits_in_force: TimeInForce | None = None
    """How long the exits work; as long as the entry when None, as at Alpaca."""

    @classmethod
    def of(cls, terms: OrderTerms) -> Self:
        """The ticket for terms of our own desk: the stop that protects an entry works until cancelled."""
        stop_loss = terms.stop_loss
        return cls(
            client_order_id=terms.client_order_id,
            symbol=terms.symbol,
            side=terms.side,
            qty=terms.qty,
            type=terms.type,
            time_in_force=terms.time_in_force,
            limit_price=terms.limit_price,
            stop_price=terms.stop_price,
            order_class=OrderClass.OTO if stop_loss else OrderClass.SIMPLE,
            stop_loss=StopLoss(stop_price=stop_loss) if stop_loss else None,
            exits_in_force=TimeInForce.GTC,
        )
