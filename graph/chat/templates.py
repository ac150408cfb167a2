"""The baseline voice: answers to the standard questions, from the record by template, with the same citations."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from perun.graph.chat import flipping, parts
from perun.graph.chat.checking import Claim
from perun.graph.chat.citations import of_cycle, of_event
from perun.graph.chat.focusing import Focus, predecessor
from perun.graph.chat.hearing import Aim, Heard
from perun.graph.chat.record import Record, Row, judged, row_of
from perun.graph.ledger.cycles import Cycle

MIND: Final = "baseline (no LLM)"
HELP: Final = (
    "I answer from the record: why a decision came out so, what was seen, what the gate said, what happened to an "
    "order, what would have flipped it, how two cycles compare, which decisions there were, what is remembered, and "
    "what the account held.",
    "Name a symbol, a day (2009-06-01), a cycle or an order; else I speak of the last cycle.",
    "I cannot trade or change anything; I can halt the desk, after you confirm it.",
)
_MOST_LINES: Final = 10


@dataclass(frozen=True)
class Asked:
    """A question with the part of the record that it means, and whose voice answers."""

    heard: Heard
    focus: Focus
    voice: str
    record: Record
    fork: flipping.Fork | None = None
    """Judges a cycle again by other limits; None where nobody can."""

    def about(self, cycle: Cycle) -> list[str]:
        """The symbols to speak of: the one that was named, or all of the cycle's."""
        return [self.focus.symbol] if self.focus.symbol else list(cycle.symbols)


def answer(asked: Asked) -> list[Claim]:
    """The sentences of the baseline voice; none when the record has nothing to say."""
    tell = _ANSWERS.get(asked.heard.aim)
    return list(tell(asked))[: 3 * _MOST_LINES] if tell else []


def why(asked: Asked) -> Iterator[Claim]:
    """Report, signal, advice, verdict and order of each decision; of one role alone when it is asked."""
    cycle, all_of_it = asked.focus.cycle, asked.focus.symbol is None
    if cycle is not None and all_of_it:
        yield Claim(f"The cycle {cycle.slot} ended {cycle.outcome or cycle.state.value}.", (of_cycle(cycle),))
    chosen = parts.BY_VOICE.get(asked.voice, (parts.signal, parts.verdict) if all_of_it else parts.WHOLE)

    def told(cycle: Cycle, story: Row, symbol: str) -> Iterable[Claim]:
        return chain.from_iterable(part(cycle, story, symbol) for part in chosen)

    yield from _each(asked, told)


def _each(asked: Asked, tell: Callable[[Cycle, Row, str], Iterable[Claim]]) -> Iterator[Claim]:
    """What is told of each symbol that is meant, from the story of the cycle that is meant."""
    if (cycle := asked.focus.cycle) is not None:
        story = asked.record.story(cycle)
        for symbol in asked.about(cycle):
            yield from tell(cycle, story, symbol)


def gate(asked: Asked) -> Iterator[Claim]:
    """What each rule that matters measured."""

    def measured(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
        yield from parts.verdict(cycle, story, symbol)
        yield from flipping.nearest(cycle, judged(story, symbol))

    return _each(asked, measured)


def flip(asked: Asked) -> Iterator[Claim]:
    """What stood in the way, or which limit was nearest; what a limit that the question supposes would have done."""
    cycle, limits = asked.focus.cycle, asked.heard.changes
    if cycle is not None and limits and asked.fork is not None:
        yield from flipping.judged_by(asked.record, asked.fork, cycle, asked.about(cycle), limits)
    yield from _each(asked, flipping.flips)


def seen(asked: Asked) -> Iterator[Claim]:
    """Close and indicators, memories and findings that reached the agents."""
    cycle = asked.focus.cycle
    events = asked.record.events(cycle) if cycle else []
    snapshot = next((each.seq for each in events if each.event.kind == "snapshot"), None)

    def shown(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
        row = row_of(story["gathered"], symbol)
        if row and snapshot:
            known = ", ".join(
                f"{name} {value}" for name, value in row.items() if value is not None and name != "symbol"
            )
            yield Claim(f"Of {symbol} the desk saw {known}.", (of_event(cycle, snapshot),))
        if hits := row_of(story["memories"], symbol):
            kinds = ", ".join(f"{hit['kind']} of {hit['as_of'][:10]}" for hit in hits["hits"]) or "nothing"
            yield Claim(f"Of {symbol} there came to mind: {kinds}.", (of_event(cycle, hits["event"]),))
        yield from parts.findings(cycle, story, symbol)

    return _each(asked, shown)


def order(asked: Asked) -> Iterator[Claim]:
    """The life of one order, or of the decision's orders; where there is none, what the gate said."""
    if asked.focus.order and (known := asked.record.order(asked.focus.order)):
        return parts.order_life(asked.record, known)

    def told(cycle: Cycle, story: Row, symbol: str) -> Iterable[Claim]:
        return list(parts.order(cycle, story, symbol)) or parts.verdict(cycle, story, symbol)

    return _each(asked, told)


def remember(asked: Asked) -> Iterator[Claim]:
    """Memories that share words with the question."""
    for entry in asked.record.memories(asked.heard.text, asked.focus.symbol):
        said = f"A memory of {entry.as_of:%Y-%m-%d}, {entry.kind}: {parts.quoted(entry.text)}"
        yield Claim(said, (entry.evidence,))


def account(asked: Asked) -> Iterator[Claim]:
    """Cash, equity and positions before the cycle, and cash and equity after it."""
    cycle = asked.focus.cycle
    if cycle is None:
        return
    for stored in asked.record.events(cycle):
        cites = (of_event(cycle, stored.seq),)
        event: Any = stored.event
        if event.kind == "snapshot":
            yield from _book(cycle, event.snapshot["portfolio"], cites)
        elif event.kind == "cycle.ended":
            yield Claim(f"After the cycle: cash {event.cash:.2f}, equity {event.equity:.2f} US dollars.", cites)


def _book(cycle: Cycle, book: Row, cites: tuple[str, ...]) -> Iterator[Claim]:
    cash, equity = (f"{Decimal(book['account'][name]):.2f}" for name in ("cash", "equity"))
    yield Claim(f"Before the cycle {cycle.slot}: cash {cash}, equity {equity} US dollars.", (*cites, of_cycle(cycle)))
    for row in book["positions"]:
        yield Claim(f"It held {row['qty']} {row['symbol']} bought at {row['avg_entry_price']}.", cites)


def find(asked: Asked) -> Iterator[Claim]:
    """Decisions by symbol, day and fate, latest first."""
    day, heard = next(iter(asked.heard.days), None), asked.heard
    for made in asked.record.decisions(next(iter(heard.symbols), None), day, heard.fate, _MOST_LINES):
        said = f"On {made.day}: {made.action} of {made.symbol}, {made.fate}."
        yield Claim(said, (of_cycle(made.cycle),))


def compare(asked: Asked) -> Iterator[Claim]:
    """Two cycles side by side: only what differs."""
    first = asked.focus.cycle
    second = asked.focus.cycles[1] if len(asked.focus.cycles) > 1 else None
    second = second or (predecessor(first, asked.record) if first else None)
    if first is None or second is None:
        return
    older, newer = sorted((first, second), key=lambda cycle: cycle.as_of)
    both = (of_cycle(older), of_cycle(newer))
    yield Claim(f"{older.slot} ended {older.outcome}, {newer.slot} ended {newer.outcome}.", both)
    yield from _differences(asked, older, newer)


def _differences(asked: Asked, older: Cycle, newer: Cycle) -> Iterator[Claim]:
    then, now = asked.record.story(older), asked.record.story(newer)
    fates = [{made.symbol: made for made in asked.record.decisions_of(each)} for each in (older, newer)]
    for symbol in asked.about(newer):
        rows = [row_of(story["signals"], symbol) for story in (then, now)]
        if not all(rows):
            continue
        cites = tuple(of_event(cycle, row["event"]) for cycle, row in zip((older, newer), rows, strict=True) if row)
        wishes = [f"{row['action']} with confidence {row['confidence']:.2f}" for row in rows if row]
        ends = [made[symbol].fate for made in fates]
        if wishes[0] != wishes[1] or ends[0] != ends[1]:
            said = f"{symbol}: first {wishes[0]}, {ends[0]}; then {wishes[1]}, {ends[1]}."
            yield Claim(said, (*cites, of_cycle(older), of_cycle(newer)))
        else:
            yield Claim(f"{symbol}: both times {wishes[0]}, {ends[0]}.", (*cites, of_cycle(older), of_cycle(newer)))


_ANSWERS: Final[dict[Aim, Callable[[Asked], Iterable[Claim]]]] = {
    Aim.WHY: why,
    Aim.GATE: gate,
    Aim.FLIP: flip,
    Aim.SEEN: seen,
    Aim.ORDER: order,
    Aim.REMEMBER: remember,
    Aim.ACCOUNT: account,
    Aim.FIND: find,
    Aim.COMPARE: compare,
}
