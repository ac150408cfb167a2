"""The exchange: one account on recorded prices, whose clock stands at a session's close until it is advanced."""

import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from perun.tools.brokerage.embedded import refusing, rules, valuation
from perun.tools.brokerage.embedded.books import Books, Standing
from perun.tools.brokerage.embedded.drafting import draft
from perun.tools.brokerage.embedded.form import check_form
from perun.tools.brokerage.embedded.replacing import Change, replaced, replacement
from perun.tools.brokerage.embedded.session import play
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.tape import Closes, RecordedPrices, Tape
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.brokerage.embedded.updates import Listener, updates
from perun.tools.domain.errors import ConfigurationError, UnknownSymbol
from perun.tools.domain.market import MarketClock
from perun.tools.domain.orders import ClearedOrder, Fill, Order, cleared_terms

_ID_BYTES: Final = 4


class Exchange:
    """Takes orders, plays sessions, keeps books. It reads the file anew each time: another process may share it.

    It has two doors. Our own desk comes through `submit`, which takes a `ClearedOrder` and nothing else. The HTTP
    server that makes the exchange a broker for other programs comes through `take_ticket`, `replace_order` and
    `suspend`: it stands on the broker's side of the wire, where nothing is cleared and everything is checked.
    """

    def __init__(self, store: Store, tape: Tape, settings: ExchangeSettings) -> None:
        self._store = store
        self._tape = tape
        self._settings = settings
        self._listeners: list[Listener] = []

    @classmethod
    def open(cls, path: Path, market: RecordedPrices, settings: ExchangeSettings, *, durable: bool = True) -> Self:
        """The exchange whose books lie at `path`, with a new account when there is no file; `durable` as for `Store`.

        Raises:
            ConfigurationError: the file is damaged or foreign, or the recording has not the session it needs.
            BrokerUnavailable: another process holds the file.
        """
        tape = Tape(market)
        if path.exists():
            store = Store(path, durable=durable)
        else:
            store = Store.create(path, _opening(tape, settings), durable=durable)
        exchange = cls(store, tape, settings)
        with ExitStack() as on_failure:
            on_failure.callback(exchange.close)
            exchange._check_recording(path)
            on_failure.pop_all()
        return exchange

    def _check_recording(self, path: Path) -> None:
        try:
            self.clock()
        except UnknownSymbol as error:
            raise ConfigurationError(f"the account in {path} cannot go on: {error}; set another DATA_DIR") from error

    def close(self) -> None:
        """Let the file go."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def now(self) -> datetime:
        """The instant at which the exchange's clock stands."""
        return self.clock().now

    def clock(self) -> MarketClock:
        """Where the market stands in its day."""
        return self._tape.clock(self.books().standing.day)

    def books(self) -> Books:
        """Cash, holdings and working orders as they are now."""
        with self._store.reading():
            return self._store.books()

    def closes(self, books: Books) -> Closes:
        """Looks up last closes as the clock of these books knows them."""
        return self._tape.closes(books.standing.day)

    def is_halted(self, symbol: str) -> bool:
        """True when the symbol does not trade on the day at which the clock stands."""
        return (symbol, self.books().standing.day) in self._settings.halts

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, terminal or not."""
        with self._store.reading():
            return self._store.order(client_order_id)

    def order_by_broker_id(self, broker_order_id: str) -> Order | None:
        """The order with that id of the exchange's own, terminal or not."""
        with self._store.reading():
            return self._store.order_by_broker_id(broker_order_id)

    def orders(self, since: datetime | None = None) -> tuple[Order, ...]:
        """Every order submitted at `since` or later, oldest first; None for all."""
        with self._store.reading():
            return self._store.orders(since)

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        """Every fill at `since` or later, oldest first; None for all."""
        with self._store.reading():
            return self._store.fills(since)

    def listen(self, listener: Listener) -> None:
        """Call `listener` for everything that happens to an order through this object, once it is on disk.

        What another process does with the same file is not told.
        """
        self._listeners.append(listener)

    def submit(self, order: ClearedOrder) -> Order:
        """Place a cleared order; it works from the next session's open.

        Raises:
            TypeError: it is anything but a ClearedOrder.
            OrderRejected: the exchange refuses it for good.
            MarketUnavailable: the recording has no session left in which it could trade.
        """
        return self._place(Ticket.of(cleared_terms(order)))

    def take_ticket(self, ticket: Ticket) -> Order:
        """Place an order of another program. For the exchange's own server alone: nobody has cleared it.

        Raises:
            OrderRejected: the exchange refuses it for good.
            MarketUnavailable: the recording has no session left in which it could trade.
        """
        return self._place(ticket)

    def _place(self, ticket: Ticket) -> Order:
        with self._store.writing():
            books = self._store.books()
            check_form(ticket)
            last = rules.last_close(ticket.symbol, self.closes(books))
            placed = draft(ticket, books.standing.account_id, self._tape.session(books.standing.day).closes, last)
            self._refuse_used(order.client_order_id for order in placed)
            self._tape.following(books.standing.day)
            rules.check(ticket, books, self.closes(books), self._settings.halts)
            after = books.with_orders(*placed)
            self._store.save(books, after)
        self._tell(books, after)
        return placed[0]

    def replace_order(self, broker_order_id: str, change: Change) -> Order:
        """Put an order with other terms in the place of a working one. For the exchange's own server alone.

        Raises:
            OrderRejected: there is no such order, it cannot be replaced, or the new terms are refused.
        """
        with self._store.writing():
            books = self._store.books()
            order = self._working(self._store.order_by_broker_id(broker_order_id), broker_order_id, "replaced")
            at = self._tape.session(books.standing.day).closes
            new = replacement(order, change, books, self.closes(books), at)
            self._refuse_used([new.client_order_id])
            after = replaced(books, order, new)
            self._store.save(books, after)
        self._tell(books, after)
        return new

    def cancel(self, client_order_id: str) -> Order:
        """End a working order. All that came in one ticket end together, whichever is named.

        Raises:
            OrderRejected: there is no such order, or it is already terminal.
        """
        with self._store.writing():
            books = self._store.books()
            order = self._working(self._store.order(client_order_id), client_order_id, "cancelled")
            after = books.cancelled(order, self._tape.session(books.standing.day).closes)
            self._store.save(books, after)
        self._tell(books, after)
        return after.orders[client_order_id]

    def suspend(self, suspended: bool) -> None:
        """Refuse every new order from now on, or take them again. Working orders go on."""
        with self._store.writing():
            books = self._store.books()
            self._store.save(books, books.with_suspension(suspended))

    def advance(self, as_of: datetime) -> MarketClock:
        """Play the next session, once for each `as_of`: a clock that already stands later is left alone.

        Raises:
            MarketUnavailable: the recording has no further session.
            ConfigurationError: the clock stands before `as_of`: the books are not those that the caller saw.
        """
        with self._store.writing():
            books = after = self._store.books()
            fills: tuple[Fill, ...] = ()
            stands = self._tape.session(books.standing.day).closes
            if stands < as_of:
                raise ConfigurationError(f"the exchange stands at {stands}, before {as_of}; are these its books?")
            if stands == as_of:
                after, fills = self._play_next(books)
        self._tell(books, after, fills)
        return self._tape.clock(after.standing.day)

    def _play_next(self, books: Books) -> tuple[Books, tuple[Fill, ...]]:
        closes = self.closes(books)
        session = self._tape.following(books.standing.day)
        played, fills = play(books, session, self._tape.bars(session.day), self._settings)
        played = played.at(session.day, last_equity=valuation.equity(books, closes))
        self._store.save(books, played, fills)
        return played, fills

    def _refuse_used(self, client_order_ids: Iterable[str]) -> None:
        if any(self._store.order(name) for name in client_order_ids):
            refusing.reject(refusing.MALFORMED, "client_order_id must be unique")

    def _working(self, order: Order | None, name: str, done: str) -> Order:
        if order is None:
            refusing.reject(refusing.NOT_FOUND, f"order not found for {name}")
        if order.status.is_terminal:
            refusing.reject(refusing.INVALID, f'order is already in "{order.status}" state and cannot be {done}')
        return order

    def _tell(self, before: Books, after: Books, fills: Iterable[Fill] = ()) -> None:
        for update in updates(before, after, fills):
            for listener in self._listeners:
                listener(update)


def _opening(tape: Tape, settings: ExchangeSettings) -> Standing:
    return Standing(
        account_id=settings.account or secrets.token_hex(_ID_BYTES),
        day=tape.session(settings.start).day,
        cash=settings.cash,
        last_equity=settings.cash,
    )
