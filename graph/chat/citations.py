"""Citations: how a sentence names what it rests on, and what the record holds under that name."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from perun.graph.chat import telling
from perun.graph.chat.record import Record
from perun.graph.ledger.cycles import Cycle

_CITATION: Final = re.compile(r"\[?(?P<kind>cycle|mem|rule|order|fork):(?P<id>[^\]\[\s]+)\]?")
_INLINE: Final = re.compile(r"\[(?:cycle|mem|rule|order|fork):[^\]\[\s]+\]")
_EVENT: Final = re.compile(r"(?P<cycle>.+)/event:(?P<seq>\d{1,9})")


@dataclass(frozen=True)
class Cited:
    """Something of the record that a sentence may rest on."""

    citation: str
    """As it is written: `[cycle:2009-06-01/event:12]`."""
    text: str
    """All that it says; numbers and names of a sentence must stand in here."""
    cycle_id: str | None
    """The cycle that it belongs to; None for a rule."""
    outside: bool = False
    """Its words may go back to text that anybody may have written."""


def of_cycle(cycle: Cycle) -> str:
    """How a cycle is cited: by its slot."""
    return f"[cycle:{cycle.slot}]"


def of_event(cycle: Cycle, seq: int) -> str:
    """How one event of a cycle is cited."""
    return f"[cycle:{cycle.slot}/event:{seq}]"


def of_fork(stream: str, seq: int) -> str:
    """How one event of a fork is cited: its stream's name begins with the word itself."""
    return f"[{stream}/event:{seq}]"


def inline(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the citations that stand in it, and those citations."""
    return " ".join(_INLINE.sub(" ", text).split()), tuple(_INLINE.findall(text))


def resolve(citation: str, record: Record) -> Cited | None:
    """What stands under the citation; None when it is none, or nothing stands there."""
    match = _CITATION.fullmatch(citation.strip())
    return _RESOLVERS[match["kind"]](match["id"], record) if match else None


def _cycle(name: str, record: Record) -> Cited | None:
    event = _EVENT.fullmatch(name)
    # A cycle's id begins with the word itself: `[cycle:1f11e45f:2009-06-01]` names it in full.
    slot = event["cycle"] if event else name
    cycle = record.cycle(slot) or record.cycle(f"cycle:{slot}")
    if cycle is None:
        return None
    if event is None:
        return Cited(of_cycle(cycle), telling.cycle_text(record, cycle), cycle.cycle_id)
    stored = next((each for each in record.events(cycle) if each.seq == int(event["seq"])), None)
    if stored is None:
        return None
    head = f"cycle {cycle.slot} as of {cycle.as_of:%Y-%m-%d}, event {stored.seq}: "
    text, outside = head + telling.event_text(stored.event), telling.is_from_outside(stored.event)
    return Cited(of_event(cycle, stored.seq), text, cycle.cycle_id, outside)


def _memory(name: str, record: Record) -> Cited | None:
    entry = record.memory(name)
    return Cited(entry.evidence, telling.memory_text(entry), entry.cycle_id, entry.tainted) if entry else None


def _rule(code: str, record: Record) -> Cited | None:
    text = telling.rule_text(code)
    return Cited(f"[rule:{code}]", text, None) if text else None


def _order(name: str, record: Record) -> Cited | None:
    order = record.order(name)
    if order is None:
        return None
    return Cited(f"[order:{name}]", telling.order_life(record, order), record.cycle_of_order(name))


def _fork(name: str, record: Record) -> Cited | None:
    event = _EVENT.fullmatch(f"fork:{name}")
    if event is None:
        return None
    stream = event["cycle"]
    stored = next((each for each in record.fork(stream) if each.seq == int(event["seq"])), None)
    if stored is None:
        return None
    said = f"{stream}, in which nothing was sent, event {stored.seq}: {telling.event_text(stored.event)}"
    original = stream.removeprefix("fork:").rpartition(":")[0]
    return Cited(of_fork(stream, stored.seq), said, original, telling.is_from_outside(stored.event))


_RESOLVERS: Final[dict[str, Callable[[str, Record], Cited | None]]] = {
    "cycle": _cycle,
    "mem": _memory,
    "rule": _rule,
    "order": _order,
    "fork": _fork,
}
