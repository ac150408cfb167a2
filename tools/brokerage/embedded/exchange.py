"""The exchange: one account on recorded prices, whose clock stands at a session's close until it is advanced."""

import secrets
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from perun.tools.brokerage.embedded import rules, valuation
from perun.tools.brokerage.embedded.books import Books, Standing
from perun.tools.brokerage.embedded.session import play
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.tape import Closes, RecordedPrices, Tape
from perun.tools.brokerage.embedded.tickets import tickets
from perun.tools.domain.errors import ConfigurationError, UnknownSymbol
from perun.tools.domain.market import MarketClock
from perun.tools.domain.orders import ClearedOrder, Fill, Order, OrderStatus

_ID_BYTES: Final = 4


class Exchange:
    """Takes orders, plays sessions, keeps books. It reads the file anew each time: another process may share it."""

    def __init__(self, store: Store, tape: Tape, settings: ExchangeSettings) -> None:
        self._store = store
        self._tape = tape
        self._settings = settings

    @classmethod
    def open(cls, path: Path, market: RecordedPrices, settings: ExchangeSettings) -> Self:
        """The exchange whose books lie at `path`, with a new account when there is no file.

        Raises:
            ConfigurationError: the file is damaged or foreign, or the recording has not the session it needs.
            BrokerUnavailable: another process holds the file.
        """
        tape = Tape(market)
        store = Store(path) if path.exists() else Store.create(path, _opening(tape, settings))
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

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, terminal or not."""
        with self._store.reading():
            return self._store.order(client_order_id)

    def orders(self) -> tuple[Order, ...]:
        """Every order, oldest first."""
        with self._store.reading():
            return self._store.orders()

    def fills(self) -> tuple[Fill, ...]:
        """Every fill, oldest first."""
        with self._store.reading():
            return self._store.fills()

    def submit(self, order: ClearedOrder) -> Order:
        """Place a cleared order; it works from the next session's open.

        Raises:
            TypeError: it is anything but a ClearedOrder.
            OrderRejected: the exchange refuses it for good.
            MarketUnavailable: the recording has no session left in which it could trade.
        """
        if not isinstance(order, ClearedOrder):
            raise TypeError(f"the exchange accepts a ClearedOrder and nothing else, not {type(order).__name__}")
        with self._store.writing():
            books = self._store.books()
            standing = books.standing
            placed = tickets(order.terms, standing.account_id, self._tape.session(standing.day).closes)
            if any(self._store.order(ticket.client_order_id) for ticket in placed):
                rules.reject(rules.MALFORMED, "client_order_id must be unique")
            self._tape.following(standing.day)
            rules.check(order.terms, books, self.closes(books))
            self._store.save(books, books.with_orders(*placed))
        return placed[0]

    def cancel(self, client_order_id: str) -> Order:
        """End a working order. An entry and the child that waits for it end together, whichever is named.

        Raises:
            OrderRejected: there is no such order, or it is already terminal.
        """
        with self._store.writing():
            order = self._store.order(client_order_id)
            if order is None:
                rules.reject(rules.NOT_FOUND, f"order not found for {client_order_id}")
            if order.status.is_terminal:
                rules.reject(rules.INVALID, f'order is already in "{order.status}" state')
            books = self._store.books()
            first = books.orders[order.parent] if order.status is OrderStatus.HELD and order.parent else order
            ended = books.ended(first, OrderStatus.CANCELED, "cancelled by request")
            self._store.save(books, ended)
        return ended.orders[client_order_id]

    def advance(self, as_of: datetime) -> MarketClock:
        """Play the next session, once for each `as_of`: a clock that already stands later is left alone.

        Raises:
            MarketUnavailable: the recording has no further session.
            ConfigurationError: the clock stands before `as_of`: the books are not those that the caller saw.
        """
        with self._store.writing():
            books = self._store.books()
            stands = self._tape.session(books.standing.day).closes
            if stands < as_of:
                raise ConfigurationError(f"the exchange stands at {stands}, before {as_of}; are these its books?")
            if stands == as_of:
                books = self._play_next(books)
        return self._tape.clock(books.standing.day)

    def _play_next(self, books: Books) -> Books:
        closes = self.closes(books)
        session = self._tape.following(books.standing.day)
        played, fills = play(books, session, self._tape.bars(session.day), self._settings)
        played = played.at(session.day, last_equity=valuation.equity(books, closes))
        self._store.save(books, played, fills)
        return played


def _opening(tape: Tape, settings: ExchangeSettings) -> Standing:
    return Standing(
        account_id=secrets.token_hex(_ID_BYTES),
        day=tape.session(settings.start).day,
        cash=settings.cash,
        last_equity=settings.cash,
    )
