"""The account at Alpaca as everybody may read it: the BookReader port.

A row that cannot be understood makes exposure unknown, never zero: a position, or an order that may still trade,
raises BrokerUnavailable and names it. An order that is over, or a fill, can add no exposure: it is left out of its list
and told to `odd`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from perun.tools.brokerage.alpaca import wire
from perun.tools.brokerage.alpaca.line import Line
from perun.tools.brokerage.alpaca.sheets import fill_rows, order_rows, rows
from perun.tools.brokerage.alpaca.wire import Row, Unreadable
from perun.tools.domain.clock import Clock, seconds_between
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.market import Asset, MarketClock
from perun.tools.domain.orders import Fill, Order, OrderStatus, OrderType, Side
from perun.tools.domain.portfolio import Account, Portfolio, Position

BY_CLIENT_ID: Final = "/orders:by_client_order_id"
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any account of theirs."""
_TOGETHER: Final = timedelta(minutes=1)
"""An entry and its exits are made at one time; this much apart at most."""

_Noun = TypeVar("_Noun")


class AlpacaBook:
    """Reads one account; it has no way to change it. The port says what each method gives."""

    def __init__(self, line: Line, odd: Callable[[str], None] = lambda _: None, wall: Clock | None = None) -> None:
        self._line = line
        self._odd = odd
        self._wall = wall
        """The machine's clock; None where the server may live in a time of its own."""
        # By the broker's id; neither ever changes, so each is asked once.
        self._entries: dict[str, str | None] = {}
        """The client id of the entry that a stop protects."""
        self._client_ids: dict[str, str] = {}

    def account(self) -> Account:
        """The account as it stands now."""
        return self._known(wire.account, self._line.read("/account"))

    def positions(self) -> Sequence[Position]:
        """Every open position, whoever opened it, sorted by symbol."""
        positions = (self._known(wire.position, row) for row in rows(self._line, "/positions"))
        return tuple(sorted(positions, key=lambda position: position.symbol))

    def working_orders(self) -> Sequence[Order]:
        """Every order that is not terminal, whoever placed it, oldest first."""
        # Flat: a stop whose entry is filled must not be hidden with it.
        open_orders = self._orders(order_rows(self._line, status="open", nested="false"))
        return tuple(order for order in open_orders if not order.status.is_terminal)

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, whatever its state and age."""
        row = self._line.find(BY_CLIENT_ID, client_order_id=client_order_id)
        return None if row is None else self._known(self._order, row)

    def orders(self, since: datetime | None = None) -> Sequence[Order]:
        """Every order since then, oldest first; a stop after its entry."""
        return tuple(self._orders_since(since))

    def fills(self, since: datetime | None = None) -> Sequence[Fill]:
        """Every execution since then, oldest first."""
        listed = list(fill_rows(self._line, _just_before(since)))
        if any(str(row.get("order_id")) not in self._client_ids for row in listed):
            for _ in self._orders_since(since):
                pass  # their names are kept as they are read: one list instead of a question for each
        return tuple(self._fills(listed))

    def clock(self) -> MarketClock:
        """Where the market stands in its day."""
        return self._known(wire.market_clock, self._line.read("/clock"))

    def skew_seconds(self, reading: MarketClock) -> Decimal | None:
        """How far the machine's clock is ahead of Alpaca's; the answer's way here is part of it."""
        return seconds_between(reading.now, self._wall.now()) if self._wall else None

    def asset(self, symbol: str) -> Asset | None:
        """What Alpaca lists. It does not say here whether the exchange has halted it."""
        row = self._line.find(f"/assets/{quote(symbol, safe='')}")
        return None if row is None else self._known(wire.asset, row)

    def portfolio(self) -> Portfolio:
        """Account, positions and working orders. An order that fills meanwhile is seen twice rather than not at all."""
        orders = tuple(self.working_orders())  # first: what fills after this look shows in the positions
        positions = tuple(self.positions())
        return Portfolio(account=self.account(), positions=positions, working_orders=orders)

    def _known(self, read: Callable[[Row], _Noun], row: Any) -> _Noun:
        """What the row says; where it says nothing that can be used, nothing may be assumed."""
        if not isinstance(row, Mapping):
            raise BrokerUnavailable(f"{self._line.name} answered with something else than an object")
        try:
            return read(row)
        except Unreadable as error:
            raise BrokerUnavailable(f"{self._line.name} tells what cannot be understood: {error}") from error

    def _orders_since(self, since: datetime | None) -> Iterator[Order]:
        return self._orders(order_rows(self._line, _just_before(since), status="all", nested="true"))

    def _orders(self, listed: Iterable[Row]) -> Iterator[Order]:
        for row, entry in _unfolded(listed):
            if entry is not None:
                self._entries[str(row.get("id"))] = entry
            if not _is_over(row):
                yield self._known(self._order, row)
            elif ended := self._if_readable(self._order, row):
                yield ended

    def _order(self, row: Row) -> Order:
        """The order of the row, with the entry that it protects."""
        order = wire.order(row)
        self._client_ids[order.broker_order_id] = order.client_order_id
        if order.status is OrderStatus.UNRECOGNISED:
            self._odd(f"the order {order.client_order_id} has the unknown status {row.get('status')}")
        if order.side is not Side.SELL or order.type is not OrderType.STOP:
            return order
        if order.broker_order_id not in self._entries:
            self._entries[order.broker_order_id] = self._entry_of(order, row)
        return order.model_copy(update={"parent": self._entries[order.broker_order_id]})

    def _entry_of(self, stop: Order, row: Row) -> str | None:
        """The client id of the entry with which a stop was made: Alpaca shows it on the entry's side only."""
        made = wire.instant(row.get("created_at")) or stop.submitted_at
        until = (made + _TOGETHER).isoformat()
        query = {"symbols": stop.symbol, "status": "all", "nested": "true", "until": until}
        listed = _unfolded(order_rows(self._line, made - _TOGETHER, **query))
        return next((entry for leg, entry in listed if leg.get("id") == stop.broker_order_id), None)

    def _fills(self, listed: Iterable[Row]) -> Iterator[Fill]:
        for row in listed:
            read = partial(wire.fill, client_order_id=self._client_id(str(row.get("order_id"))))
            if fill := self._if_readable(read, row):
                yield fill

    def _client_id(self, broker_order_id: str) -> str:
        """Fills name orders by the broker's id; an order that is not to be found keeps that name."""
        if broker_order_id not in self._client_ids:
            row = self._line.find(f"/orders/{quote(broker_order_id, safe='')}")
            known = self._known(wire.order, row).client_order_id if row else broker_order_id
            self._client_ids[broker_order_id] = known
        return self._client_ids[broker_order_id]

    def _if_readable(self, read: Callable[[Row], _Noun], row: Row) -> _Noun | None:
        try:
            return read(row)
        except Unreadable as error:
            self._odd(str(error))
            return None


def _just_before(since: datetime | None) -> datetime:
    """What to ask for: Alpaca's `after` leaves out the very instant."""
    return _BEGINNING if since is None else since - timedelta(microseconds=1)


def _unfolded(listed: Iterable[Row], entry: str | None = None) -> Iterator[tuple[Row, str | None]]:
    """Each order, and after it its exits with the client id of their entry."""
    for row in listed:
        if isinstance(row, Mapping):
            yield row, entry
            yield from _unfolded(row.get("legs") or (), str(row.get("client_order_id")))


def _is_over(row: Row) -> bool:
    status = row.get("status")
    return status in set(OrderStatus) and OrderStatus(str(status)).is_terminal
