"""From what came of a trade to a lesson: a template with typed slots, whose numbers are code's."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field

from perun.memory.aftermath import Outcome
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.outcomes import in_words
from perun.memory.tags import SITUATIONAL
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Price, plain
from perun.tools.research.cleaning import plain as visible

LONGEST_SETUP: Final = 400
"""Characters of what the share looked like then: about what the embedding model reads beside the rest."""
LONGEST_WORDS: Final = 200
"""Characters that may be added in words."""


class Slots(Frozen):
    """What a lesson is made of."""

    symbol: Symbol
    wished: Literal["BUY", "SELL"]
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    """The signal's; None when its entry is gone."""
    on: date
    """The session of the purchase; for a wish that was not traded, the day it was made."""
    outcome: Outcome
    bought: Price | None = None
    """US dollars a share, commissions included; None for a wish that was not traded."""
    sold: Price | None = None
    """Likewise, commissions taken off."""
    stopped: bool = False
    """True when a protective stop sold the last shares."""
    denied: tuple[str, ...] = ()
    """Codes of the rules for which the gate let nothing through."""
    setup: str = ""
    """How the share stood when it was wished, in the desk's own words."""

    @property
    def gained(self) -> Decimal:
        """The change in the direction of the wish."""
        return self.outcome.change if self.wished == "BUY" else -self.outcome.change

    @property
    def beat(self) -> Decimal | None:
        """The excess in the direction of the wish."""
        excess = self.outcome.excess
        return excess if excess is None or self.wished == "BUY" else -excess


Words = Callable[[Slots], str]
"""Says in words what a reader should take from it. A model may stand behind it; no number of its is kept."""

_NUMBER: Final = re.compile(
    r"\d+|[%‰]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?"
    r"|twice|thrice|doubl(?:e[ds]?|ing)|tripl(?:e[ds]?|ing)|hal(?:f|ve[ds]?|ving)|thirds?|quarters?|per\s?cent\w*)\b",
    re.IGNORECASE,
)


def number_in(words: str) -> str:
    """The first number in the words, in digits or spelled out; empty when there is none."""
    said = _NUMBER.search(words)
    return said[0] if said else next((character for character in words if character.isnumeric()), "")


def plainly(slots: Slots) -> str:
    """The words when no model is set: what the numbers say, and no more than that."""
    good, bad = ("It paid", "It lost") if slots.bought else ("It would have paid", "It would have lost")
    said = good if slots.gained > 0 else bad
    match slots.beat:
        case None:
            return f"{said}."
        case beat if (beat > 0) == (slots.gained > 0):
            return f"{said}, and the benchmark did {'worse' if beat > 0 else 'better'}."
        case beat:
            return f"{said}, but the benchmark did {'worse' if beat > 0 else 'better'}."


def lesson_id(sources: Sequence[MemoryEntry], name: str) -> str:
    """The id of the lesson of that name: one trade, one lesson, whenever it is written."""
    return entry_id(Kind.LESSON, sources[0].cycle_id, name)


def lesson(
    slots: Slots, name: str, sources: Sequence[MemoryEntry], written_at: datetime, words: Words = plainly
) -> MemoryEntry | None:
    """The lesson of a trade, or of a wish that was not traded; None when nothing is remembered to learn it from.

    It is known from when its outcome is, names the entries that it comes from, and is tainted when one of them is.

    Args:
        slots: What goes into the template.
        name: Tells the lesson apart from others of the cycle.
        sources: The entries that it comes from, that of the wish or purchase first; quarantined ones teach nothing.
        written_at: The wall clock.
        words: Who finds the words.
    """
    taught = [entry for entry in sources if entry.quarantine is None]
    if not taught:
        return None
    tags = {tag for entry in taught for tag in entry.tags if tag in SITUATIONAL}
    return MemoryEntry(
        id=lesson_id(sources, name),
        kind=Kind.LESSON,
        symbols=(slots.symbol,),
        as_of=slots.outcome.known_at,
        written_at=written_at,
        cycle_id=sources[0].cycle_id,
        source="reflection",
        tainted=any(entry.tainted for entry in taught),
        text=_text(slots, words),
        data={"sources": [entry.id for entry in taught], "slots": slots.model_dump(mode="json")},
        tags=tuple(sorted(tags | ({"stop-out"} if slots.stopped else set()))),
    )


def _text(slots: Slots, words: Words) -> str:
    return f"{without_words(slots)} {_worded(slots, words)}"


def without_words(slots: Slots) -> str:
    """What is known; how it looked then comes first, for that is what situations are compared with."""
    setup = f"{visible(slots.setup, LONGEST_SETUP)} " if slots.setup else f"{slots.symbol}: "
    return f"{setup}{_deed(slots)}: {in_words(slots.outcome)}."


def _deed(slots: Slots) -> str:
    how_sure = "" if slots.confidence is None else f" with confidence {slots.confidence:.2f}"
    if slots.bought is None or slots.sold is None:
        why = f"denied by the gate, {', '.join(slots.denied)}" if slots.denied else "not traded"
        return f"Then a {slots.wished}{how_sure} was wished on {slots.on} and {why}"
    by = "by its stop" if slots.stopped else "on a signal"
    return f"Then bought{how_sure} on {slots.on} at {_price(slots.bought)}, sold {by} at {_price(slots.sold)}"


def _price(amount: Decimal) -> str:
    return plain(amount.quantize(Decimal("0.01")))


def _worded(slots: Slots, words: Words) -> str:
    """The words, unless they are none, bring numbers of their own, or too many: then those of the template."""
    said = visible(words(slots), LONGEST_WORDS + 1)
    fits = 0 < len(said) <= LONGEST_WORDS and not number_in(said)
    return said if fits else plainly(slots)
