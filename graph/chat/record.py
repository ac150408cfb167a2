"""The record as a conversation reads it: cycles, decisions, orders and memories of one account. Reading only."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from perun.graph.desk import stamp
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.events import StoredEvent
from perun.graph.ledger.ledger import Ledger
from perun.graph.story import tell
from perun.memory.entries import Kind as MemoryKind
from perun.memory.entries import MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Memdir, unreported
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.orders import Order

LOOK_BACK: Final = 500
"""Cycles that a search for decisions looks through, latest first."""
SEARCHED: Final = 300
"""Memories that a search looks through, latest first."""
_TELLING: Final = frozenset(MemoryKind) - {MemoryKind.MARKET, MemoryKind.PORTFOLIO}
_END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """One decision: what was wished for a symbol in a cycle, and what became of it at the gate."""

    cycle: Cycle
    symbol: str
    action: str
    fate: str
    """`cleared`, `denied`, or `held` when no order was asked for."""

    @property
    def day(self) -> str:
        """The date of the market on which it was made."""
        return stamp(self.cycle.as_of)[:10]


class Record:
    """What can be read of one account. It keeps its ledger to itself and writes nothing."""

    def __init__(self, ledger: Ledger, account: str, memdir: Memdir) -> None:
        self._ledger, self._account, self._memdir = ledger, account, memdir

    def cycles(self, count: int = LOOK_BACK) -> list[Cycle]:
        """The last cycles that came to their end, latest first."""
        return self._ledger.cycles.finished_before(self._account, _END_OF_TIME, count)

    def last(self) -> Cycle | None:
        """The cycle that ended last, by the market's time; the one that is under way when none has ended."""
        return next(iter(self.cycles(1)), None) or self._ledger.cycles.last(self._account)

    def cycle(self, name: str) -> Cycle | None:
        """The cycle with that id or that slot; a day alone means its newest."""
        cycles = self._ledger.cycles
        return cycles.find(name, self._account) or cycles.last_of_day(name, self._account)

    def symbols(self) -> frozenset[str]:
        """Every symbol that a cycle ever watched, as far as one looks back."""
        return frozenset(symbol for cycle in self.cycles() for symbol in cycle.symbols)

    def events(self, cycle: Cycle) -> list[StoredEvent]:
        """All of a cycle's events; none when one of them cannot be read any more."""
        try:
            return self._ledger.events.read(cycle.cycle_id)
        except ConfigurationError:
            return []

    def fork(self, stream: str) -> list[StoredEvent]:
        """The events of a fork of one of this account's cycles; none when there is no such fork."""
        original = stream.removeprefix("fork:").rpartition(":")[0]
        if not stream.startswith("fork:") or self.cycle(original) is None:
            return []
        try:
            return self._ledger.events.read(stream)
        except ConfigurationError:
            return []

    def story(self, cycle: Cycle, symbol: str | None = None) -> Row:
        """The document `perun.why/1` of the cycle, or of one symbol in it."""
        return tell(cycle, self.events(cycle), symbol)

    def decisions(
        self, symbol: str | None = None, day: str | None = None, fate: str | None = None, count: int = 10
    ) -> list[Made]:
        """Decisions, latest first: those on a symbol, of a day (`2009-06-01`), with that fate or that action."""
        made = (each for cycle in self.cycles() for each in _made(cycle))
        wanted = (
            each
            for each in made
            if symbol in {None, each.symbol} and day in {None, each.day} and fate in {None, each.fate, each.action}
        )
        return [each for each, _ in zip(wanted, range(count), strict=False)]

    def decisions_of(self, cycle: Cycle) -> list[Made]:
        """Every decision of one cycle, in the trader's order."""
        return list(_made(cycle))

    def order(self, client_order_id: str) -> Order | None:
        """The order with that id as the ledger last knew it."""
        return self._ledger.books.order(self._account, client_order_id)

    def cycle_of_order(self, client_order_id: str) -> str | None:
        """The id of the cycle that asked for the order; of a protective stop, that of its entry."""
        intent = self._ledger.intents.get(self._account, client_order_id.removesuffix("-stop"))
        return intent.cycle_id if intent else None

    def fills(self, client_order_id: str) -> list[Row]:
        """Every fill of the order, oldest first."""
        fills = self._ledger.books.fills(self._account)
        return [fill.model_dump(mode="json") for fill in fills if fill.client_order_id == client_order_id]

    def memory(self, entry_id: str) -> MemoryEntry | None:
        """The memory with that id."""
        return self._memdir.read(entry_id)

    def memories(self, words: str, symbol: str | None = None, count: int = 3) -> list[MemoryEntry]:
        """Memories that share most words with `words`, the latest first among equals.

        By words and not by meaning: the index belongs to the run that has it open, and a conversation never holds it.
        """
        wanted = frozenset(words.lower().split())
        found = [entry for entry, _ in zip(self._newest(symbol), range(SEARCHED), strict=False)]
        ranked = sorted(found, key=lambda entry: -len(wanted & frozenset(entry.text.lower().split())))
        return ranked[:count]

    def _newest(self, symbol: str | None) -> Iterator[MemoryEntry]:
        for name in [symbol] if symbol else sorted(self.symbols()):
            yield from self._memdir.newest(Scope(_END_OF_TIME, name, _TELLING), unreported)


def _made(cycle: Cycle) -> Iterator[Made]:
    document = json.loads(cycle.result or "{}")
    verdicts = {row["symbol"]: row for row in document.get("verdicts", ())}
    for signal in document.get("signals", ()):
        yield Made(cycle, signal["symbol"], signal["action"], _fate(verdicts.get(signal["symbol"])))


def _fate(verdict: Row | None) -> str:
    if verdict is None:
        return "held"
    return "cleared" if verdict["cleared"] else "denied"


def row_of(rows: Sequence[Row], symbol: str) -> Row | None:
    """The last of the rows that is about the symbol."""
    return next((row for row in reversed(rows) if row["symbol"] == symbol), None)


def judged(story: Row, symbol: str) -> Row | None:
    """The verdict that decided on the symbol: the gate's, or the wire's where that denied what the gate had cleared."""
    rows = [row for row in story["verdicts"] if row["stage"] == "gate" or not row["cleared"]]
    return row_of(rows, symbol)
