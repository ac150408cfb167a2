"""remember: what was seen, thought, wished, allowed and done becomes memory entries."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count, takewhile

from langgraph.runtime import Runtime
from pydantic import JsonValue

from perun.agents import wording
from perun.agents.asking import Tape
from perun.graph.desk import Desk
from perun.graph.nodes.recall import situation
from perun.graph.notable import notes
from perun.graph.state import CycleState
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.index import folder_day
from perun.memory.recall import Memory
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.events import ErrorNoted, MemoryWritten
from perun.tools.domain.money import plain
from perun.tools.domain.orders import Order
from perun.tools.domain.signals import TradingSignal
from perun.tools.domain.verdicts import Verdict


def remember(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Write the entries. Ids come from cycle and name, so that writing twice is writing once."""
    desk = runtime.context
    entries = list(_entries(state, desk))
    desk.recorder.record(MemoryWritten(ids=tuple(entry.id for entry in entries)))
    try:
        desk.memory.remember([_with_aftermath(entry, desk.memory) for entry in entries])
    except MemoryUnavailable as error:
        desk.recorder.record(ErrorNoted(where="remember", code="MEMORY_UNAVAILABLE", message=str(error)))
        return {"degraded": (str(error),), "done": True}
    return {"done": True}


def _with_aftermath(entry: MemoryEntry, memory: Memory) -> MemoryEntry:
    """The entry with what came after it, when this cycle was interrupted once it had been written.

    A trade is dated by the market's clock, which went on meanwhile: it keeps the date under which it lies.
    """
    before = memory.files.read(entry.id, None if entry.kind is Kind.TRADE else folder_day(entry.as_of))
    kept = ("as_of", "outcomes", "credits", "quarantine")
    return entry.model_copy(update={name: getattr(before, name) for name in kept}) if before else entry


def _entries(state: CycleState, desk: Desk) -> Iterator[MemoryEntry]:
    writer = _Writer(state["cycle_id"], state["snapshot"].as_of, desk)
    verdicts = {verdict.symbol: verdict for verdict in state.get("verdicts", ())}
    for symbol, seen in state["snapshot"].symbols.items():
        yield writer.entry(Kind.MARKET, symbol, "gather", situation(seen), seen.model_dump(mode="json"))
    book = state["snapshot"].portfolio
    yield writer.entry(Kind.PORTFOLIO, "", "gather", wording.portfolio(book), book.model_dump(mode="json"))
    mind, tape = desk.asker.minds["analyst"].name, desk.asker.tape
    for symbol, report in state.get("reports", {}).items():
        text = f"{symbol}: {report.stance}, conviction {report.conviction}. {report.summary}"
        told = report.model_dump(mode="json") | {"record": _asked(tape, "analyst", symbol, writer.cycle_id)}
        yield writer.entry(Kind.ANALYSIS, symbol, f"analyst: {mind}", text, told, tainted=bool(report.tainted))
    asked = _asked(tape, "trader", "*", writer.cycle_id)
    for signal in state["signals"]:
        text = signal_text(signal, verdicts.get(signal.symbol))
        told = signal.model_dump(mode="json") | {"record": asked}
        yield writer.entry(Kind.SIGNAL, signal.symbol, "trader", text, told, tainted=state.get("tainted", False))
    now = desk.book.clock().now if state.get("orders") else writer.as_of
    for order in state.get("orders", ()):
        yield writer.entry(
            Kind.TRADE,
            order.symbol,
            "execute",
            order_text(order),
            order.model_dump(mode="json"),
            name=order.client_order_id,
            as_of=now,
        )
    for number, line in enumerate(state.get("degraded", ())):
        yield writer.entry(Kind.ERROR, "", "cycle", line, {}, name=str(number))
    for number, note in enumerate(notes(state, desk)):
        yield writer.entry(
            Kind.LOG, note.symbol, note.source, note.text, {}, name=f"{number}:{note.text}", tainted=note.tainted
        )


def _asked(tape: Tape, role: str, symbol: str, cycle_id: str) -> dict[str, JsonValue]:
    """Where prompt and answer stand in the record: the cycle, and the key of the turn's last request."""
    keys = list(takewhile(tape.answer, (f"{role}:{symbol}:{number}" for number in count())))
    return {"cycle": cycle_id, "key": keys[-1] if keys else None}


class _Writer:
    """Fills in what all entries of a cycle share."""

    def __init__(self, cycle_id: str, as_of: datetime, desk: Desk) -> None:
        self.cycle_id, self.as_of, self._desk = cycle_id, as_of, desk

    def entry(
        self,
        kind: Kind,
        symbol: str,
        source: str,
        text: str,
        data: dict[str, object],
        *,
        name: str = "",
        as_of: datetime | None = None,
        tainted: bool = False,
    ) -> MemoryEntry:
        """One entry; an empty symbol means that it is about no symbol in particular."""
        return MemoryEntry(
            id=entry_id(kind, self.cycle_id, name or symbol),
            kind=kind,
            symbols=(symbol,) if symbol else (),
            as_of=as_of or self.as_of,
            written_at=self._desk.clock.now(),
            cycle_id=self.cycle_id,
            source=source,
            tainted=tainted,
            text=text,
            data=data,
        )


def signal_text(signal: TradingSignal, verdict: Verdict | None) -> str:
    """A signal and what became of it at the gate, in one sentence each."""
    wish = f"{signal.symbol}: {signal.action} with confidence {signal.confidence:.2f}. {signal.rationale}"
    if verdict is None:
        return wish
    if verdict.cleared:
        return f"{wish} The gate cleared it."
    return f"{wish} The gate denied it: {', '.join(breach.code for breach in verdict.breaches)}."


def order_text(order: Order) -> str:
    """An order and what became of it."""
    done = f"{order.side} {plain(order.qty)} {order.symbol} {order.type}: {order.status}"
    if order.filled_avg_price is not None:
        done += f", {plain(order.filled_qty)} at {plain(order.filled_avg_price)}"
    return f"{done}. {order.reason}".strip()
