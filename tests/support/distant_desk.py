"""A desk whose broker is the served exchange at the end of a bad line, run after run, with time that nobody waits for.

Example:
    with distant_desk(tmp_path, monkeypatch, Trouble([FAULTS["accept then 504"]])) as desk:
        assert desk.run("a") == ("traded", 0)
        assert desk.intent("a").state is IntentState.FILLED
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app import wiring
from perun.graph.app.exchange_server.venue import uuid_of
from perun.graph.app.running import exit_code
from perun.graph.app.wiring import ledger_path, open_floor
from perun.graph.bookkeeping import OURS
from perun.graph.cycle import run_cycle
from perun.graph.ledger.intents import Intent
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.watch import Watch
from perun.tools.domain.errors import PerunError
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.orders import Fill, Order, OrderStatus, OrderType, Side
from perun.tools.domain.standing import TradingState
from perun.tools.market.recorded import RecordedMarket
from support.exchange_server import ServedExchange, served_exchange
from support.exchange_stream import Manner, StreamLine
from support.fault_proxy import FaultProxy
from support.fault_server import Fault
from support.floor import parts, settings

SYMBOL: Final = "AAPL"
"""The baseline buys it at the close of the first session, and holds it for a while."""
START: Final = date(2009, 6, 1)
NOW: Final = datetime(2026, 9, 1, 19, 45, tzinfo=UTC)
"""What the computer's clock says when the desk runs first."""


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the line on the first run; without anything, nothing is."""

    plan: Sequence[Fault] = ()
    """The faults that POSTs of orders meet, one after another."""
    stream: Manner = Manner.HONEST
    during: Callable[["DistantDesk"], None] = lambda desk: None
    """Happens while the risk manager thinks: the last moment before the gate."""
    on_wait: Callable[["DistantDesk"], None] = lambda desk: None
    """Happens each time the desk waits."""
    before: Callable[["DistantDesk"], None] = lambda desk: None
    """Happens before the desk is opened."""
    settings: dict[str, str] = field(default_factory=dict)


class DeskClock:
    """The computer's clock and its sleep in one: waiting moves it, and takes no time."""

    def __init__(self, woken: Callable[[], None]) -> None:
        self._instant, self._woken = NOW, woken
        self.waited: list[float] = []

    def now(self) -> datetime:
        return self._instant

    def sleep(self, seconds: float) -> None:
        self._instant += timedelta(seconds=seconds)
        self.waited.append(seconds)
        self._woken()


class Thinking(Baseline):
    """The baseline, and what happens in the world while its risk manager thinks."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def reply(self, question: Question) -> Reply:
        if question.role == "risk_manager":
            self._meanwhile()
        return super().reply(question)


class DistantDesk:
    """One DATA_DIR, and all that stands between it and the exchange."""

    def __init__(
        self, folder: Path, served: ServedExchange, line: FaultProxy, stream: StreamLine, trouble: Trouble
    ) -> None:
        self.served, self.line, self.stream, self.trouble = served, line, stream, trouble
        self.clock = DeskClock(lambda: self.trouble.on_wait(self))
        self._folder = folder
        self._account = uuid_of(served.exchange.books().standing.account_id)

    def run(self, slot: str, symbols: Sequence[str] = (SYMBOL,)) -> tuple[str, int]:
        """One cycle by the real wiring: its outcome (an error's name if it ended in one), and its exit code."""
        self.trouble.before(self)
        try:
            with open_floor(self._settings(), parts(Thinking(lambda: self.trouble.during(self)))) as floor:
                document = run_cycle(floor, symbols, slot)
        except PerunError as error:
            return type(error).__name__, error.exit_code
        return document["outcome"], exit_code(document)

    def mend(self) -> None:
        """From now on the line is good, and a broker that was down is up."""
        self.trouble = Trouble()
        self.line.mend()

    def state(self) -> TradingState:
        with self._ledger() as ledger:
            return Watch(ledger, self._account, self._folder / "HALT", self.clock).standing().state

    def intent(self, slot: str) -> Intent | None:
        with self._ledger() as ledger:
            return ledger.intents.get(self._account, _entry_id(slot))

    def noted(self, slot: str) -> list[str]:
        """The codes of what went wrong, as the slot's record has them."""
        with self._ledger() as ledger:
            events = [each.event for each in ledger.events.read(f"cycle:{self._account}:{slot}")]
        return [event.code for event in events if isinstance(event, ErrorNoted)]

    def posts(self, slot: str) -> int:
        """How often the slot's order was sent."""
        return sum(body["client_order_id"] == _entry_id(slot) for body in self.line.bodies)

    def orders(self, slot: str) -> list[Order]:
        """What the exchange holds of the slot, protective stops aside."""
        orders = self.served.exchange.orders()
        return [each for each in orders if each.parent is None and f"-{slot}-" in each.client_order_id]

    def disagreements(self) -> list[str]:
        """Where ledger and exchange differ, and what of the account is as it should never be."""
        held, told = self.served.exchange.books(), self.served.exchange.fills()
        with self._ledger() as ledger:
            booked = ledger.books.fills(self._account)
        stops = [order for order in held.orders.values() if order.type is OrderType.STOP]
        guarded = sum(stop.open_qty for stop in stops if stop.status is not OrderStatus.HELD)
        found = {
            "the ledger has other fills than the exchange": _deals(booked) != _deals(told),
            "the position is not the sum of its fills": held.held(SYMBOL) != sum(map(_change, told)),
            "shares are without a stop": guarded != held.held(SYMBOL),
            "a slot has two orders": any(len(self.orders(slot)) > 1 for slot in ("a", "b", "c")),
        }
        return [what for what, is_so in found.items() if is_so]

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with open_ledger(ledger_path(self._folder), self.clock) as ledger:
            yield ledger

    def _settings(self) -> Any:
        return settings(
            self._folder,
            broker="alpaca",
            alpaca_api_key=self.served.key,
            alpaca_secret_key=self.served.secret,
            alpaca_trading_url=self.line.url,
            alpaca_data_url=self.served.base_url,
            alpaca_stream_url=self.stream.url,
            **self.trouble.settings,
        )


def _deals(fills: Sequence[Fill]) -> list[tuple[str, Decimal, Decimal]]:
    return sorted((fill.client_order_id, fill.qty, fill.price) for fill in fills)


def _change(fill: Fill) -> Decimal:
    return fill.qty if fill.side is Side.BUY else -fill.qty


def _entry_id(slot: str) -> str:
    return f"{OURS}alpaca-paper-{slot}-{SYMBOL}-entry-1"


@contextmanager
def distant_desk(folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble) -> Iterator[DistantDesk]:
    """Serve an exchange on the shipped days, put the bad line before it, and stop the clock."""
    market = RecordedMarket.shipped()
    with ExitStack() as stack:
        playing = {"pace": "auto", "quiet_seconds": 0.05}
        served = stack.enter_context(served_exchange(folder, market, app=playing, start=START))
        line = stack.enter_context(FaultProxy(served, trouble.plan))
        stream = stack.enter_context(StreamLine(served, trouble.stream))
        desk = DistantDesk(folder / "data", served, line, stream, trouble)
        monkeypatch.setattr(wiring, "SystemClock", lambda: desk.clock)
        monkeypatch.setattr(wiring, "sleep", desk.clock.sleep)
        yield desk
