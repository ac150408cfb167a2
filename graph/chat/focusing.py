"""Which part of the record a question means: a cycle, a symbol in it, an order, or two cycles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from perun.graph.chat.hearing import Aim, Heard
from perun.graph.chat.record import Record
from perun.graph.desk import stamp
from perun.graph.ledger.cycles import Cycle

_BY_FATE: Final = frozenset({Aim.WHY, Aim.GATE, Aim.FLIP, Aim.ORDER, Aim.SEEN, Aim.UNCLEAR})
"""Questions in which a word such as *denied* tells which decision is meant."""


@dataclass(frozen=True)
class Focus:
    """What a question is about, as far as the record has it."""

    cycles: tuple[Cycle, ...] = ()
    """The first is the one that is meant; a second is what it is compared with."""
    symbol: str | None = None
    order: str | None = None
    missing: str = ""
    """What was named and is not in the record, in one sentence; empty when nothing is amiss."""

    @property
    def cycle(self) -> Cycle | None:
        """The cycle that is meant."""
        return self.cycles[0] if self.cycles else None


@dataclass(frozen=True)
class Before:
    """What a conversation was about until now."""

    cycle: str | None = None
    symbol: str | None = None


def focus(heard: Heard, record: Record, before: Before) -> Focus:
    """What the question means: what it names, else what was spoken of before, else the last cycle."""
    if order := next((name for name in heard.names if record.order(name)), None):
        return _of_order(order, record)
    if strange := _strangers(heard):
        return Focus(missing=strange)
    named, missing = _named(heard, record)
    if missing:
        return Focus(missing=missing)
    symbol = next(iter(heard.symbols), None)
    symbol = symbol or (before.symbol if not named else None)
    if not named and heard.fate and heard.aim in _BY_FATE and heard.symbols:
        return _by_fate(heard, record, before)
    cycles = tuple(named) or tuple(_default(symbol, record, before))
    if not cycles:
        return Focus(missing="The record holds no cycle yet.")
    if symbol and symbol not in cycles[0].symbols:
        return Focus(missing=f"The cycle {cycles[0].slot} did not look at {symbol}.")
    return Focus(cycles, symbol)


def _of_order(order: str, record: Record) -> Focus:
    id_, known = record.cycle_of_order(order), record.order(order)
    cycle = record.cycle(id_) if id_ else None
    return Focus((cycle,) if cycle else (), known.symbol if known else None, order)


def _strangers(heard: Heard) -> str:
    if heard.strangers and not heard.symbols and not heard.days:
        return f"The record holds nothing about {', '.join(heard.strangers)}."
    return ""


def _named(heard: Heard, record: Record) -> tuple[list[Cycle], str]:
    """Cycles that are named by id, by slot or by day; or what is named and is not there."""
    found: dict[str, Cycle] = {}
    for name in heard.names:
        if ("-" in name or ":" in name) and (cycle := record.cycle(name)):
            found[cycle.cycle_id] = cycle
    covered = " ".join(cycle.slot for cycle in found.values())
    for day in heard.days:
        if day in covered:
            continue
        cycle = _on(day, record.cycles())
        if cycle is None:
            return [], f"The record holds no cycle of {day}."
        found[cycle.cycle_id] = cycle
    return list(found.values()), ""


def _on(day: str, cycles: Iterable[Cycle]) -> Cycle | None:
    return next((cycle for cycle in cycles if stamp(cycle.as_of)[:10] == day), None)


def _by_fate(heard: Heard, record: Record, before: Before) -> Focus:
    """The last decision on the symbol that came out so; the one spoken of before, if it did."""
    symbol, fate = heard.symbols[0], heard.fate
    made = record.decisions(symbol=symbol, fate=fate, count=50)
    spoken = [each for each in made if before.cycle in {each.cycle.cycle_id, each.cycle.slot}]
    if not made:
        return Focus(missing=f"The record holds no decision on {symbol} that came to {fate}.")
    return Focus(((spoken or made)[0].cycle,), symbol)


def _default(symbol: str | None, record: Record, before: Before) -> Iterator[Cycle]:
    """The cycle spoken of before, else the last one that looked at the symbol."""
    spoken = record.cycle(before.cycle) if before.cycle else None
    if spoken and (symbol is None or symbol in spoken.symbols):
        yield spoken
    else:
        yield from _last(symbol, record)


def _last(symbol: str | None, record: Record) -> Sequence[Cycle]:
    if symbol is None:
        return [cycle] if (cycle := record.last()) else []
    return [cycle for cycle in record.cycles() if symbol in cycle.symbols][:1]


def predecessor(cycle: Cycle, record: Record) -> Cycle | None:
    """The cycle that ended before this one, by the market's time."""
    earlier = [each for each in record.cycles() if each.as_of < cycle.as_of]
    return earlier[0] if earlier else None
