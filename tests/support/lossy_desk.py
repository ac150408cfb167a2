"""A desk on the embedded exchange whose wire loses things, whose process dies, and which is halted at a bad moment."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

from perun.graph.bookkeeping import OURS
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import PATIENCE, Findings, reconcile
from perun.graph.submission import OrderDesk, Submission
from perun.graph.watch import Watch
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.books import Standing as Opening
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import KeyRefused, NotSent, OrderRejected, RateLimited
from perun.tools.domain.orders import ClearedOrder, Leg, Order, OrderTerms
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.market.recorded import RecordedMarket
from support.exchange import exchange_at
from support.gate import NOW, entry, exit_, limits
from support.market import FIRST_DAY, Row, made_market, weekdays
from support.mishaps import AFTERWARDS, AT_FIRST, INSTEAD, ON_ITS_WAY, STAYED, Died, Mishap

HISTORY: Final = 16
"""Sessions before the account opens: enough for an average true range."""
SESSIONS: Final = 72
CLOSED: Final = timedelta(days=100)
"""After every third of the sessions the exchange stays closed for so long that every GTC order ends meanwhile."""
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
        made = made_market(Path(folder), rows, days=_days())
        for symbol in rows:
            made.bar(symbol, START)  # read now: the folder is gone in a moment
        return made


def _days() -> list[date]:
    days = weekdays(FIRST_DAY, HISTORY + SESSIONS // 3)
    for _ in range(2):
        days += weekdays(days[-1] + CLOSED, SESSIONS // 3)
    return days


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
    mishap: Mishap

    @property
    def is_protection(self) -> bool:
        return self.terms.client_order_id.startswith(PROTECTION)

    @property
    def may_stand(self) -> bool:
        """False when the exchange is known not to have it."""
        return self.mishap not in STAYED


class LossyDesk:
    """Ledger, exchange and gated broker in one folder. Whoever holds it moves its clock and says what goes wrong."""

    def __init__(self, folder: Path, partial_fill_percent: int = 0) -> None:
        self._folder, self._instant = folder, NOW
        self._partial = partial_fill_percent
        self._halts: set[tuple[str, date]] = set()
        self._late: list[tuple[datetime, ClearedOrder, Sent]] = []
        self.halt_file = folder / "HALT"
        self.sent: list[Sent] = []
        self.accepted: list[Sent] = []
        self.turned_away: list[str] = []
        self.seen = Counter[str]()
        """What happened, and how often: a test of anything that never happens tests nothing."""
        # The account's id seeds partial fills: a random one would make an example fail only now and then.
        opening = Opening(account_id="machine", day=START, cash=CASH, last_equity=CASH)
        Store.create(folder / "exchange.db", opening).close()
        self.open()

    def open(self) -> None:
        self._calm()
        self.ledger = open_ledger(self._folder / "ledger.db", self)
        oddities = {"partial_fill_percent": self._partial, "halts": frozenset(self._halts)}
        self.exchange = exchange_at(self._folder, market(), start=START, **oddities)
        self.book = EmbeddedBook(self.exchange)
        self.account = self.book.account().account_id
        self.watch = Watch(self.ledger, self.account, self.halt_file, self)
        self.recorder = EventRecorder(self.ledger, self.name, self)
        lines = limits(max_order_notional=Decimal(5_000))
        self._broker = GatedBroker(self.book, LossyWire(self), market(), lines, self._look)
        self._desk = OrderDesk(self.book, self.ledger, self.account, self.watch, self.recorder, self, self.sleep)

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

    @property
    def is_suspended(self) -> bool:
        """True while the account's owner lets the exchange refuse everything."""
        return self.exchange.books().standing.suspended

    @property
    def on_their_way(self) -> list[str]:
        """The client ids of requests that may still come to the exchange."""
        return [sent.terms.client_order_id for _, _, sent in self._late]

    def now(self) -> datetime:
        """The desk's clock, which stands until somebody waits."""
        return self._instant

    def wait(self, time: timedelta) -> None:
        """Let time pass. A request that was on its way for as long as the desk's patience is lost for good."""
        self._instant += time
        self._late = [each for each in self._late if self._instant - each[0] < PATIENCE]

    def sleep(self, seconds: float) -> None:
        self.wait(timedelta(seconds=seconds))

    def deliver(self) -> None:
        """What was on its way comes to the exchange."""
        late, self._late = self._late, []
        for _, order, sent in late:
            with suppress(OrderRejected):
                self.exchange.submit(order)
                self.accepted.append(sent)
                self.seen["a request arrived late"] += 1

    def stop_trading_in(self, symbol: str) -> None:
        """The symbol does not trade today, nor in the next session."""
        day = self.exchange.clock().now.date()
        following = market().next_session(day)
        self._halts |= {(symbol, each) for each in (day, following and following.day) if each}
        self.restart()

    def tighten(self, state: TradingState) -> None:
        self.watch.tighten(state, "a person said so", "a test", self.recorder)

    def ask_for(self, wish: Wish, mishap: Mishap = Mishap.NONE, halt_at_look: int = 0) -> None:
        """Send what the slot asks for; `halt_at_look` halts the desk just before that look at its standing."""
        say = entry if wish.leg is Leg.ENTRY else exit_
        errand = Submission(f"cycle:{wish.slot}", self._desk)
        with self.going_wrong(mishap, halt_at_look, wish):
            proposal = say(wish.symbol, id=wish.id, decided_at=self.book.clock().now)
            errand.send(wish.id, wish.leg, partial(self._broker.place, proposal))

    def reconcile(self) -> Findings:
        found = reconcile(self.name, self._desk, self._broker)
        self.seen.update({f"reconciliation: {what}": len(lines) for what, lines in vars(found).items()})
        return found

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

    def keep_on_its_way(self, order: ClearedOrder, sent: Sent) -> None:
        self._late.append((self._instant, order, sent))

    def _look(self) -> Standing:
        self._halt_at_look -= 1
        if self._halt_at_look == 0:
            self.tighten(TradingState.HALTED)
        return self.watch.standing()


class LossyWire(EmbeddedWriter):
    """Sends to the real exchange, with the desk's mishap, and notes what was sent, accepted and turned away."""

    settles_at_once = False  # type: ignore[misc] # there is a wire between

    def __init__(self, desk: LossyDesk) -> None:
        super().__init__(desk.exchange)
        self._desk = desk

    def submit(self, order: ClearedOrder) -> Order:
        desk = self._desk
        sent = Sent(order.terms, desk.wish, desk.watch.standing().state, desk.mishap)
        desk.sent.append(sent)
        desk.seen[f"{sent.state}: {sent.terms.side}"] += 1
        try:
            self._fail(order, sent)
            answer = super().submit(order)
        except (OrderRejected, NotSent, RateLimited, KeyRefused):
            desk.turned_away.append(order.terms.symbol)
            raise
        desk.accepted.append(sent)
        if error := AFTERWARDS.get(sent.mishap):
            raise error
        return answer

    def _fail(self, order: ClearedOrder, sent: Sent) -> None:
        if sent.mishap in ON_ITS_WAY:
            self._desk.keep_on_its_way(order, sent)
        if sent.mishap in AT_FIRST:
            self._desk.mishap = Mishap.NONE
        if sent.mishap is Mishap.BUSY_AT_FIRST:
            raise RateLimited("too many requests", resets=self._desk.now() + timedelta(seconds=5))
        if error := INSTEAD.get(sent.mishap):
            raise error
