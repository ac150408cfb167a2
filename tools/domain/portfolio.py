"""What an account holds: the account itself, its positions, and the portfolio that is both with its orders."""

from decimal import Decimal

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import ZERO, Amount
from perun.tools.domain.orders import Order


class Account(Frozen):
    """The brokerage account; every amount in US dollars."""

    account_id: str
    status: str
    """`ACTIVE` is the only status that may trade."""
    cash: Amount
    equity: Amount
    last_equity: Amount
    """Equity at the previous session's close."""
    buying_power: Amount
    trading_blocked: bool = False
    multiplier: Amount = Decimal(1)
    """How many times its equity the broker lets the account hold; 1 for a cash account."""
    maintenance_margin: Amount | None = None
    """US dollars that the broker asks to be kept for what is held; None when not told."""


class Position(Frozen):
    """Shares held in one symbol; a short position has a negative quantity."""

    symbol: Symbol
    qty: Amount
    avg_entry_price: Amount
    market_value: Amount
    current_price: Amount
    unrealized_pl: Amount
    qty_available: Amount
    """Shares that no working sell order holds."""


class Portfolio(Frozen):
    """Everything the broker says of us at one moment."""

    account: Account
    positions: tuple[Position, ...]
    working_orders: tuple[Order, ...]

    def position(self, symbol: str) -> Position | None:
        """The position in `symbol`, or None when there is none."""
        return next((position for position in self.positions if position.symbol == symbol), None)

    def held(self, symbol: str) -> Decimal:
        """Shares held in `symbol`; zero when there is no position."""
        position = self.position(symbol)
        return position.qty if position else ZERO

    def working(self, symbol: str) -> tuple[Order, ...]:
        """Orders in `symbol` that may still trade."""
        return tuple(order for order in self.working_orders if order.symbol == symbol)
