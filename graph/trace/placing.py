"""Which node an event belongs to: what it says itself, or else the node that was at work."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from perun.graph.ledger.events import StoredEvent
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CycleEnded,
    CycleStarted,
    ErrorNoted,
    Event,
    EvidenceTainted,
    IntentWritten,
    LessonLearned,
    MemoriesRecalled,
    MemoryWritten,
    ModelAsked,
    NodeFinished,
    NodeStarted,
    NumbersUnverified,
    OutcomesKnown,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    SnapshotTaken,
    ToolCalled,
    VerdictGiven,
)

Place = tuple[str, str | None]
"""A node, and whose study it belongs to."""

OPENING: Final = "opening"
"""What is done before the first node: books are compared, the account is marked."""
CLOSING: Final = "closing"
"""What is done after the last."""
STUDY: Final = ("research", "recall", "analyse")
ORDER: Final = (OPENING, "gather", *STUDY, "trade", "advise", "gate", "execute", "remember", CLOSING)
"""As a person reads a cycle; the studies of all symbols stand between *gather* and *trade*."""
_DESK_OF: Final = {"researcher": "research", "analyst": "analyse", "trader": "trade", "risk_manager": "advise"}
"""Where each agent sits."""


def placed(stored: Iterable[StoredEvent]) -> dict[Place, list[StoredEvent]]:
    """Every event under its node, nodes in the order in which a person reads them."""
    found: dict[Place, list[StoredEvent]] = {}
    at_work = OPENING
    for each in stored:
        place = _own(each.event) or (at_work, None)
        if place[0] in ORDER and place[0] not in STUDY:
            at_work = CLOSING if _is_last(each.event) else place[0]
        found.setdefault(place, []).append(each)
    symbols = [*_watched(found), *(symbol for _, symbol in found)]
    return dict(sorted(found.items(), key=lambda item: _rank(item[0], symbols)))


def _watched(found: Mapping[Place, Sequence[StoredEvent]]) -> list[str | None]:
    """The cycle's symbols, in its own order."""
    begun = (each.event for stored in found.values() for each in stored if isinstance(each.event, CycleStarted))
    return [symbol for event in begun for symbol in event.symbols]


def _is_last(event: Event) -> bool:
    """True for what ends *remember*: all that follows is done by no node."""
    return isinstance(event, NodeFinished) and event.node == "remember"


def _rank(place: Place, symbols: list[str | None]) -> tuple[int, int, int]:
    node, symbol = place
    where = ORDER.index(node) if node in ORDER else ORDER.index(CLOSING)
    # The three nodes of a study stand together, one symbol after the other.
    return (ORDER.index(STUDY[0]), symbols.index(symbol), where) if node in STUDY else (where, 0, 0)


def _own(event: Event) -> Place | None:
    """The place that the event itself names; None when it may happen anywhere."""
    match event:
        case NodeStarted() | NodeFinished():
            return event.node, event.symbol
        case ModelAsked() | ToolCalled() | AgentAbstained() | NumbersUnverified() | EvidenceTainted():
            node = _DESK_OF.get(event.role, event.role)
            return node, event.symbol if node in STUDY else None
        case MemoriesRecalled():
            return "recall", event.symbol
        case ResearchRead():
            return "research", event.symbol
        case ReportWritten():
            return "analyse", event.symbol
        case CycleEnded():
            return CLOSING, None
        case ErrorNoted() if event.where in ORDER:
            return event.where, None
        case _:
            return next(((node, None) for kind, node in _BY_KIND if isinstance(event, kind)), None) or _of_gate(event)


def _of_gate(event: Event) -> Place | None:
    if isinstance(event, VerdictGiven):
        return ("gate" if event.stage == "gate" else "execute"), None
    return None


_BY_KIND: Final[tuple[tuple[type, str], ...]] = (
    # Outcomes are looked up before the first node, also when an interrupted cycle goes on.
    (OutcomesKnown, OPENING),
    (LessonLearned, OPENING),
    (SnapshotTaken, "gather"),
    (SignalFormed, "trade"),
    (AdviceGiven, "advise"),
    (IntentWritten, "execute"),
    (MemoryWritten, "remember"),
)
