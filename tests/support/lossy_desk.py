"""A desk on the embedded exchange whose wire loses things, whose process dies, and which is halted at a bad moment."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

from perun.graph.bookkeeping import OURS
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import Findings, reconcile
from perun.graph.submission import Desk, Submission
from perun.graph.watch import Watch
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.books import Standing as Opening
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import KeyRefused, NotSent, OrderRejected, SubmitUnclear
from perun.tools.domain.orders import ClearedOrder, Leg, Order, OrderTerms
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.market.recorded import RecordedMarket
from support.exchange import exchange_at
from support.gate import NOW, entry, exit_, limits
from support.market import FIRST_DAY, Row, made_market, weekdays

HISTORY: Final = 16
"""Sessions before the account opens: enough for an average true range."""
SESSIONS: Final = 24
START: Final = weekdays(FIRST_DAY, HISTORY)[-1]
SYMBOLS: Final = ("CALM", "FALL", "THIN")
PROTECTION: Final = f"{OURS}protect-"
CASH: Final = Decimal(100_000)


@cache
def market() -> RecordedMarket:
    """One symbol that goes sideways, one that falls through its stops, one that often does not trade."""
    cycles: dict[str, list[Row]] = {
        "CALM": [(100, 102, 99, 101), (101, 102, 98, 100)],
        "FALL": [(100, 104, 98, 102), (102, 103, 101, 102), (91, 92, 80, 85), (101, 103, 99, 100)],
        "THIN": [100, None, (90, 95, 89, 94), None, None, 100],
    }
    before: list[Row] = [(100, 102, 98, 100)] * HISTORY
    rows = {symbol: before + each * (SESSIONS // len(each)) for symbol, each in cycles.items()}
    with tempfile.TemporaryDirectory() as folder:
        made = made_market(Path(folder), rows)
        for symbol in rows:
            made.bar(symbol, START)  # read now: the folder is gone in a moment
        return made


class Died(Exception):
    """The process is gone: nothing of ours catches this."""


class Mishap(StrEnum):
    """What may befall a request on its way."""

    NONE = "none"
    ANSWER_LOST = "the answer is lost"
    REQUEST_LOST = "the request is lost"
    NOT_SENT = "no connection"
    REJECTED = "the broker rejects it"
    KEY_REFUSED = "the broker does not know the key"
    DIES_BEFORE = "the process dies before the request"
    DIES_AFTER = "the process dies after the order was accepted"


_INSTEAD: Final[dict[Mishap, Exception]] = {
    Mishap.REQUEST_LOST: SubmitUnclear("the connection broke"),
    Mishap.NOT_SENT: NotSent("connection refused"),
    Mishap.REJECTED: OrderRejected(403, 40310000, "the broker does not want it"),
    Mishap.KEY_REFUSED: KeyRefused("the paper account does not accept the key"),
    Mishap.DIES_BEFORE: Died(),
}
_AFTERWARDS: Final[dict[Mishap, Exception]] = {
    Mishap.ANSWER_LOST: SubmitUnclear("the connection broke"),
    Mishap.DIES_AFTER: Died(),
}


class Wish(NamedTuple):
    """What a slot asks for in a symbol."""

    slot: int
    symbol: str
    leg: Leg

    @property
    def id(self) -> str:
        return f"{OURS}embedded-{self.slot}-{self.symbol}-{self.leg}-1"


class Sent(NamedTuple):
    """A request that left the desk, and the state in which the desk was at that instant."""

    terms: OrderTerms
    wish: Wish | None
    state: TradingState

    @property
    def is_protection(self) -> bool:
        return self.terms.client_order_id.startswith(PROTECTION)


class LossyDesk:
    """Ledger, exchange and gated broker in one folder. Whoever holds it moves its clock and says what goes wrong."""

    def __init__(self, folder: Path, partial_fill_percent: int = 0) -> None:
        self._folder, self._instant = folder, NOW
        self._partial = partial_fill_percent
        self.halt_file = folder / "HALT"
        self.sent: list[Sent] = []
        self.accepted: list[Sent] = []
        self.turned_away: list[str] = []
        # The account's id seeds partial fills: a random one would make an example fail only now and then.
        opening = Opening(account_id="machine", day=START, cash=CASH, last_equity=CASH)
        Store.create(folder / "exchange.db", opening).close()
        self.open()

    def open(self) -> None:
        self._calm()
        self.ledger = open_ledger(self._folder / "ledger.db", self)
        self.exchange = exchange_at(self._folder, market(), start=START, partial_fill_percent=self._partial)
        self.book = EmbeddedBook(self.exchange)
        self.account = self.book.account().account_id
        self.watch = Watch(self.ledger, self.account, self.halt_file, self)
        self.recorder = EventRecorder(self.ledger, self.name, self)
        lines = limits(max_order_notional=Decimal(5_000))
        self._broker = GatedBroker(self.book, LossyWire(self), market(), lines, self._look)
        self._desk = Desk(self.book, self.ledger, self.account, self.watch, self.recorder, self, lambda seconds: None)

    def close(self) -> None:
        self.ledger.close()
        self.exchange.close()

    def restart(self) -> None:
        self.close()
        self.open()

    @property
    def name(self) -> str:
        """The stream of events of what people do."""
        return f"desk:{self.account}"

    @property
    def has_another_session(self) -> bool:
        return market().next_session(self.book.clock().now.date()) is not None

    def now(self) -> datetime:
        """The desk's clock, which stands until somebody waits."""
        return self._instant

    def wait(self, time: timedelta) -> None:
        self._instant += time

    def halt(self) -> None:
        self.watch.tighten(TradingState.HALTED, "a person said so", "a test", self.recorder)

    def ask_for(self, wish: Wish, mishap: Mishap = Mishap.NONE, halt_at_look: int = 0) -> None:
        """Send what the slot asks for; `halt_at_look` halts the desk just before that look at its standing."""
        say = entry if wish.leg is Leg.ENTRY else exit_
        errand = Submission(f"cycle:{wish.slot}", self._desk)
        with self.going_wrong(mishap, halt_at_look, wish):
            errand.send(wish.id, wish.leg, partial(self._broker.place, say(wish.symbol, id=wish.id)))

    def reconcile(self) -> Findings:
        return reconcile(self.name, self._desk, self._broker)

    @contextmanager
    def going_wrong(self, mishap: Mishap, halt_at_look: int = 0, wish: Wish | None = None) -> Iterator[None]:
        """So far as something is sent in the block, this happens to it; a process that dies starts again."""
        self.mishap, self._halt_at_look, self.wish = mishap, halt_at_look, wish
        try:
            yield
        except Died:
            self.restart()
        finally:
            self._calm()

    def _calm(self) -> None:
        self.mishap, self._halt_at_look, self.wish = Mishap.NONE, 0, None

    def _look(self) -> Standing:
        self._halt_at_look -= 1
        if self._halt_at_look == 0:
            self.halt()
        return self.watch.standing()


class LossyWire(EmbeddedWriter):
    """Sends to the real exchange, with the desk's mishap, and notes what was sent, accepted and turned away."""

    def __init__(self, desk: LossyDesk) -> None:
        super().__init__(desk.exchange)
        self._desk = desk

    def submit(self, order: ClearedOrder) -> Order:
        desk = self._desk
        sent = Sent(order.terms, desk.wish, desk.watch.standing().state)
        desk.sent.append(sent)
        try:
            if error := _INSTEAD.get(desk.mishap):
                raise error
            answer = super().submit(order)
        except (OrderRejected, NotSent, KeyRefused):
            desk.turned_away.append(order.terms.symbol)
            raise
        desk.accepted.append(sent)
        if error := _AFTERWARDS.get(desk.mishap):
            raise error
        return answer
