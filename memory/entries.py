"""A memory is one frozen entry of one kind: what was known, when, by whom, and how far it can be trusted."""

import json
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue, StringConstraints, model_validator

from perun.memory.aftermath import Credit, Horizon, Outcome
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol

LONGEST_TEXT: Final = 2000
"""Characters. The embedding model reads about the first 1,000 (256 tokens): say what matters first."""


class Kind(StrEnum):
    """What an entry remembers, in the order of its weight when time alone decides."""

    TRADE = "trade"
    SIGNAL = "signal"
    ANALYSIS = "analysis"
    MARKET = "market"
    PORTFOLIO = "portfolio"
    ERROR = "error"
    LOG = "log"
    LESSON = "lesson"

    @property
    def rank(self) -> int:
        """Its place in the order above; 0 comes first."""
        return _ORDER[self]


_ORDER: Final = {kind: rank for rank, kind in enumerate(Kind)}


def entry_id(kind: Kind, cycle_id: str, name: str) -> str:
    """The id of a cycle's entry, e.g. `signal-0f3a9c21b7de`: the same three always give the same id.

    Args:
        kind: What the entry remembers.
        cycle_id: The cycle that writes it.
        name: Tells apart the cycle's entries of one kind: a symbol, or an ordinal.
    """
    digest = sha256(json.dumps([kind, cycle_id, name]).encode()).hexdigest()
    return f"{kind}-{digest[:12]}"


def _bounded(text: str) -> str:
    """The text, cut with an ellipsis when it is too long: the record keeps the whole of what was said."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _as_second(version: object) -> object:
    return 2 if version == 1 else version


class Quarantine(Frozen):
    """Why an entry no longer comes to mind, and who said so. The entry itself is kept."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    who: str
    at: AwareDatetime


class MemoryEntry(Frozen):
    """One thing worth remembering."""

    schema_version: Annotated[Literal[2], BeforeValidator(_as_second)] = 2
    """Version 1 had neither aftermath nor quarantine; it is read as this one."""
    id: Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9a-f]{12}$")]
    kind: Kind
    symbols: tuple[Symbol, ...] = ()
    """Whom it is about; empty when it is about the whole market or desk."""
    as_of: AwareDatetime
    """The market time at which it was known. Nothing that looks from an earlier time may see it."""
    written_at: AwareDatetime
    """The wall clock when it was written."""
    cycle_id: str
    source: str
    """Who wrote it, e.g. `analyst`, `gate`, `execute`."""
    tainted: bool = False
    """Derived from text that anybody may have written."""
    text: Annotated[str, BeforeValidator(_bounded), Field(min_length=1, max_length=LONGEST_TEXT)]
    """What is embedded, and what a reader is shown."""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    """The same as facts, in JSON's own types: money as strings."""
    tags: tuple[str, ...] = ()
    """What it is about, in the words of `memory/tags.py`; the organizer adds them."""
    quarantine: Quarantine | None = None
    """Set when a person or the desk took it out of what is recalled."""
    outcomes: tuple[Outcome, ...] = ()
    """What followed, one for each horizon that was reached, in their order."""
    credits: tuple[Credit, ...] = ()
    """What followed the decisions that cited it, as they became known."""

    def as_known(self, as_of: datetime) -> Self:
        """The entry without what became known only after `as_of`."""
        outcomes = tuple(each for each in self.outcomes if each.known_at <= as_of)
        earned = tuple(each for each in self.credits if each.known_at <= as_of)
        return self.model_copy(update={"outcomes": outcomes, "credits": earned})

    def outcome(self, horizon: Horizon) -> Outcome | None:
        """What is known of it from that horizon."""
        return next((each for each in self.outcomes if each.horizon is horizon), None)

    @property
    def evidence(self) -> str:
        """How prompts and answers cite this entry."""
        return f"[mem:{self.id}]"

    @model_validator(mode="after")
    def _id_tells_kind(self) -> Self:
        if not self.id.startswith(f"{self.kind}-"):
            raise ValueError(f"the id of a {self.kind} begins with '{self.kind}-', not '{self.id}'")
        return self
