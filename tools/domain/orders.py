"""Orders and fills: the terms that are asked for, what was cleared, what the broker made of it, what happened."""

from dataclasses import InitVar, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, NoReturn
from weakref import WeakValueDictionary

from pydantic import AwareDatetime, Field, StringConstraints

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import ZERO, Amount, Price, Quantity

ClientOrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class Side(StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order finds its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


RESTORED: Final = "perun-protect-"
"""How the client order id of a stop begins that was put back after it went missing."""
_STOPS: Final = {OrderType.STOP, OrderType.STOP_LIMIT}


class TimeInForce(StrEnum):
    """How long an order works. The desk asks for day and GTC alone; the others may be other programs' orders."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


class OrderClass(StrEnum):
    """Whether an order stands alone, or is one of a group: entry and exits, entry and one exit, two exits."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OTO = "oto"
    OCO = "oco"


class Leg(StrEnum):
    """Which part of a slot's plan for a symbol an order carries out."""

    ENTRY = "entry"
    EXIT = "exit"
    PROTECTION = "protection"
    EMERGENCY = "emergency"
    """Shares leave at the market because no stop can guard them."""


class OrderStatus(StrEnum):
    """Where an order stands at the broker, in Alpaca's words."""

    HELD = "held"
    NEW = "new"
    ACCEPTED = "accepted"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    PENDING_NEW = "pending_new"
    PENDING_REVIEW = "pending_review"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    PARTIALLY_FILLED = "partially_filled"
    DONE_FOR_DAY = "done_for_day"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    CALCULATED = "calculated"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"
    UNRECOGNISED = "unrecognised"
    """The broker used a word that we do not know: the order may still trade."""

    @property
    def is_terminal(self) -> bool:
        """True when nothing more can happen to the order."""
        return self in _TERMINAL


_TERMINAL: Final = {
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
    OrderStatus.EXPIRED,
    OrderStatus.REPLACED,
    OrderStatus.REJECTED,
}


class OrderTerms(Frozen):
    """All that is asked of a broker in one order. A buy that opens carries the stop that protects it."""

    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    qty: Quantity
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Price | None = None
    """US dollars; limit orders only."""
    stop_price: Price | None = None
    """US dollars; stop orders only."""
    stop_loss: Price | None = None
    """US dollars. When set, the fill starts a GTC stop order for the filled shares (one triggers another)."""


_SEAL: Final = object()


@dataclass(frozen=True)
class ClearedOrder:
    """Terms that passed every rule. Brokers accept nothing else, and only `risk.gate.clear` can make one.

    The seal is an object of this process, shown once and not kept: a cleared order cannot be read from a file, a
    checkpoint or an answer, and cannot be copied with other terms. What was sealed is noted, so that an object which
    came about without its constructor, or was edited behind its back, is told from one: see `cleared_terms`.
    """

    terms: OrderTerms
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a ClearedOrder is made by perun.tools.risk.gate.clear and by nothing else")
        _SEALED[id(self), hash(self.terms)] = self

    def __reduce__(self) -> NoReturn:
        # Pickle and copy would make a second one without asking for the seal.
        raise TypeError("a ClearedOrder cannot be copied or stored: it is sent once, by the process that cleared it")


_SEALED: Final[WeakValueDictionary[tuple[int, int], ClearedOrder]] = WeakValueDictionary()
"""Every order that was cleared and still lives, by its identity and its terms."""


def cleared_terms(order: object) -> OrderTerms:
    """The terms of a cleared order: what every broker asks before it sends anything.

    Raises:
        TypeError: it is anything but a ClearedOrder as the gate made it.
    """
    known = _SEALED.get((id(order), hash(getattr(order, "terms", None))))
    if known is None or known is not order:
        raise TypeError(f"only a ClearedOrder as the gate made it may be placed; this is a {type(order).__name__}")
    return known.terms


class Order(Frozen):
    """An order as the broker knows it."""

    client_order_id: str
    broker_order_id: str
    symbol: Symbol
    side: Side
    qty: Amount
    type: OrderType
    time_in_force: TimeInForce
    status: OrderStatus
    filled_qty: Amount = ZERO
    filled_avg_price: Amount | None = None
    """US dollars a share; None while nothing is filled."""
    limit_price: Amount | None = None
    stop_price: Amount | None = None
    parent: str | None = None
    """Client order id of the entry that this order protects, if it is a protective stop."""
    submitted_at: AwareDatetime
    reason: str = ""
    """Why it was rejected or cancelled, in the broker's words."""
    order_class: OrderClass = OrderClass.SIMPLE
    updated_at: AwareDatetime | None = None
    """When the broker last changed it; for a terminal order, when it ended. None when not told."""
    expires_at: AwareDatetime | None = None
    """When a GTC order is cancelled by the broker."""
    trail_price: Amount | None = None
    """US dollars between the high (for a buy, the low) water mark and the stop of a trailing stop."""
    trail_percent: Amount | None = None
    """The same distance in hundredths of the water mark; one of the two is given."""
    high_water: Amount | None = None
    """The best price seen since a trailing stop was submitted: highest for a sell, lowest for a buy."""
    triggered: bool = False
    """True once its stop was reached: it goes on as a market order, a stop-limit order as a limit order."""
    replaces: str | None = None
    """Broker order id of the order that this one replaced."""
    replaced_by: str | None = None
    """Broker order id of the order that replaced this one."""

    @property
    def open_qty(self) -> Decimal:
        """Shares that may still trade."""
        return ZERO if self.status.is_terminal else self.qty - self.filled_qty

    def carries_out(self, terms: OrderTerms) -> bool:
        """True when this is the order that was asked for: what stands under our id is ours only then."""
        asked = (terms.client_order_id, terms.symbol, terms.side, terms.qty, terms.type)
        return (self.client_order_id, self.symbol, self.side, self.qty, self.type) == asked

    @property
    def is_protective(self) -> bool:
        """True for a stop of ours that guards shares: one that came with its entry, or one that was put back."""
        ours = self.parent is not None or self.client_order_id.startswith(RESTORED)
        return ours and self.side is Side.SELL and self.type in _STOPS


class Fill(Frozen):
    """One execution: shares that changed hands at a price, and what it cost."""

    fill_id: str
    client_order_id: str
    symbol: Symbol
    side: Side
    qty: Quantity
    price: Price
    commission: Annotated[Amount, Field(ge=0)] = ZERO
    at: AwareDatetime

    @property
    def cash_flow(self) -> Decimal:
        """Dollars that came in (positive) or went out (negative), commission included."""
        gross = self.qty * self.price
        return (gross if self.side is Side.SELL else -gross) - self.commission
