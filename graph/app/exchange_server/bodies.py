"""What clients send: the bodies of orders and changes as Alpaca's clients write them, read without rounding."""

from decimal import Decimal
from typing import Annotated, Final, Literal, NoReturn
from uuid import uuid4

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from perun.tools.brokerage.embedded.refusing import INVALID, MALFORMED, reject
from perun.tools.brokerage.embedded.replacing import Change
from perun.tools.brokerage.embedded.ticket import StopLoss, Ticket
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Price, Quantity
from perun.tools.domain.orders import OrderClass, OrderType, Side, TimeInForce

_PLACES: Final = Field(max_digits=24, decimal_places=9)
Dollars = Annotated[Price, _PLACES]
Shares = Annotated[Quantity, _PLACES]
ClientId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Class = Annotated[OrderClass, BeforeValidator(lambda given: given or OrderClass.SIMPLE)]
"""Alpaca writes a simple order's class as nothing at all, too."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TakeProfit(_Body):
    """The exit that takes a profit."""

    limit_price: Dollars


class Loss(_Body):
    """The exit that bounds a loss."""

    stop_price: Dollars
    limit_price: Dollars | None = None


class OrderBody(_Body):
    """The body of POST /v2/orders. Fields that the exchange does not know are passed over, as Alpaca does."""

    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    qty: Shares | None = None
    notional: Dollars | None = None
    limit_price: Dollars | None = None
    stop_price: Dollars | None = None
    trail_price: Dollars | None = None
    trail_percent: Dollars | None = None
    order_class: Class = OrderClass.SIMPLE
    take_profit: TakeProfit | None = None
    stop_loss: Loss | None = None
    extended_hours: bool = False
    client_order_id: ClientId | None = None

    def ticket(self) -> Ticket:
        """The ticket for the exchange, with a client id of our making where none was given.

        Raises:
            Refused: it asks for what this exchange does not do.
        """
        if self.notional is not None:
            _refuse_notional(self.qty)
        if self.qty is None:
            reject(MALFORMED, "qty or notional is required")
        if self.extended_hours:
            reject(INVALID, "extended_hours is not served: the recorded market has regular sessions only")
        loss, is_oco = self.stop_loss, self.order_class is OrderClass.OCO
        return Ticket(
            client_order_id=self.client_order_id or str(uuid4()),
            symbol=self.symbol,
            side=self.side,
            qty=self.qty,
            type=self.type,
            time_in_force=self.time_in_force,
            limit_price=None if is_oco else self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
            trail_percent=self.trail_percent,
            order_class=self.order_class,
            take_profit=self._target(),
            stop_loss=StopLoss(stop_price=loss.stop_price, limit_price=loss.limit_price) if loss else None,
        )

    def _target(self) -> Decimal | None:
        if self.take_profit is not None:
            return self.take_profit.limit_price
        # The target of two exits may also be given as the order's own limit.
        return self.limit_price if self.order_class is OrderClass.OCO else None


class ChangeBody(_Body):
    """The body of PATCH /v2/orders/{id}."""

    qty: Shares | None = None
    time_in_force: TimeInForce | None = None
    limit_price: Dollars | None = None
    stop_price: Dollars | None = None
    trail: Dollars | None = None
    client_order_id: ClientId | None = None

    def change(self) -> Change:
        """The change for the exchange."""
        name = self.client_order_id or str(uuid4())
        return Change(**{**dict(self), "client_order_id": name})


class ConfigurationBody(_Body):
    """The body of PATCH /v2/account/configurations: what may be set, and what can only stay as it is."""

    suspend_trade: bool | None = None
    no_shorting: Literal[True] | None = None
    fractional_trading: Literal[False] | None = None
    max_margin_multiplier: Literal["1"] | None = None
    ptp_no_exception_entry: Literal[False] | None = None


def _refuse_notional(qty: Decimal | None) -> NoReturn:
    if qty is not None:
        reject((400, 40010000), "only one of qty or notional is accepted")
    reject(INVALID, "notional orders are not served: this exchange trades whole shares")
