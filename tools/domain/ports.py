"""The seams to the world: small protocols, each with one real and one embedded implementation or more."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from perun.tools.domain.events import Event
from perun.tools.domain.market import Asset, Bar, MarketClock, Quote, Session
from perun.tools.domain.orders import ClearedOrder, Fill, Order
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.research import Document


class MarketView(Protocol):
    """The market as it could be known at one instant; it has no way to say anything later."""

    @property
    def as_of(self) -> datetime:
        """The instant of the view."""
        ...

    def bars(self, symbol: str, count: int) -> Sequence[Bar]:
        """The last `count` bars that had ended by *as of*, oldest first; fewer when there are fewer.

        Raises:
            UnknownSymbol: the market does not hold the symbol, or not yet at *as of*.
        """
        ...

    def quote(self, symbol: str) -> Quote:
        """The latest quote not after *as of*.

        Raises:
            UnknownSymbol: the market does not hold the symbol, or not yet at *as of*.
            MarketUnavailable: there is no quote to give.
        """
        ...


class Market(Protocol):
    """A source of prices. It is read only through a view that is fixed in time."""

    def at(self, as_of: datetime) -> MarketView:
        """The market as known at `as_of` (aware)."""
        ...

    def symbols(self) -> Sequence[str]:
        """Every symbol it holds, sorted."""
        ...


class RecordedSessions(Protocol):
    """The trading days that a recorded market holds."""

    def session(self, day: date) -> Session:
        """The session of that day.

        Raises:
            UnknownSymbol: the recording has no session that day.
        """
        ...

    def next_session(self, day: date) -> Session | None:
        """The first session after `day`; None when the recording ends."""
        ...

    def bar(self, symbol: str, day: date) -> Bar | None:
        """The bar of that session; None when the symbol did not trade. For the exchange's matching only."""
        ...


class BookReader(Protocol):
    """What a broker knows of our account. Reading only.

    Every method raises BrokerUnavailable when the broker does not answer.
    """

    def account(self) -> Account:
        """The account as it stands now."""
        ...

    def positions(self) -> Sequence[Position]:
        """Every open position, sorted by symbol."""
        ...

    def working_orders(self) -> Sequence[Order]:
        """Every order that is not terminal, protective stops included, oldest first."""
        ...

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, whatever its state; None when the broker has none."""
        ...

    def orders(self, since: datetime | None = None) -> Sequence[Order]:
        """Every order submitted at `since` (the broker's time) or later, oldest first; None for all it remembers."""
        ...

    def fills(self, since: datetime | None = None) -> Sequence[Fill]:
        """Every execution of the account at `since` (the broker's time) or later, oldest first; None for all."""
        ...

    def clock(self) -> MarketClock:
        """Where the market stands in its day."""
        ...

    def skew_seconds(self, reading: MarketClock) -> Decimal | None:
        """How far the machine's clock is ahead of a reading taken this moment; None for a market in its own time."""
        ...

    def asset(self, symbol: str) -> Asset | None:
        """What the broker lists under that symbol; None when it lists nothing."""
        ...

    def portfolio(self) -> Portfolio:
        """Account, positions and working orders, read together."""
        ...


class OrderWriter(Protocol):
    """The hand that trades. Only `brokerage.gated` may hold one."""

    @property
    def settles_at_once(self) -> bool:
        """True when nothing can still be on its way once `submit` has ended, even by the death of the process."""
        ...

    def submit(self, order: ClearedOrder) -> Order:
        """Place a cleared order, once.

        Raises:
            OrderRejected: refused for good (a duplicate client id among the reasons).
            BrokerUnavailable: no clear answer; the order may or may not exist.
        """
        ...

    def cancel(self, client_order_id: str) -> Order:
        """Ask for a cancellation; the answer shows where the order stands then.

        Raises:
            OrderRejected: there is no such order, or it is already terminal.
            BrokerUnavailable: no clear answer.
        """
        ...


class AccountSwitch(Protocol):
    """The brake on the broker's side: while it is on, the broker itself takes no new order."""

    def suspend(self, *, suspended: bool) -> None:
        """Turn the brake on or off. Doing it twice changes nothing.

        Raises:
            BrokerUnavailable: the broker did not confirm it.
            KeyRefused: the broker does not accept the key.
        """
        ...


class Recorder(Protocol):
    """Where events go, as they happen."""

    def record(self, event: Event) -> None:
        """Write the event at the end of this cycle's chain; durable when it returns."""
        ...


class NewsSource(Protocol):
    """Documents from outside about a symbol."""

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        """Documents about `symbol` published no later than `as_of`, newest first.

        Raises:
            NewsUnavailable: a source did not answer; the error carries what others said.
        """
        ...


class Pace(Protocol):
    """How a desk waits for its market: a live one is watched, a recorded one is moved on."""

    def is_current(self, as_of: datetime) -> bool:
        """True while a decision taken at `as_of` may still be acted on."""
        ...

    def follow(self, client_order_ids: Sequence[str], as_of: datetime) -> None:
        """Let the orders of the cycle of `as_of` trade, until they are done or patience ends."""
        ...

    def end_cycle(self, as_of: datetime) -> None:
        """The cycle of `as_of` is over. Doing it twice changes nothing."""
        ...
