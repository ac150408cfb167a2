"""All that flows through a run, with the reducer beside its field."""

from datetime import datetime
from typing import Annotated, TypedDict

from perun.agents.answers import AnalystReport
from perun.agents.facts import Remembered
from perun.tools.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side, TimeInForce
from perun.tools.domain.portfolio import Position
from perun.tools.domain.research import Finding
from perun.tools.domain.signals import Action, Advice, Ruling, TradingSignal
from perun.tools.domain.verdicts import Verdict
from perun.tools.market.snapshot import Snapshot, SymbolSnapshot
from perun.tools.risk.gate import Proposal


def merged(old: dict[str, AnalystReport], new: dict[str, AnalystReport]) -> dict[str, AnalystReport]:
    """Both maps; the newer value wins, so that a node that runs again after a crash changes nothing."""
    return {**old, **new}


def united(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Both lists without repetition, in the order of their first appearance."""
    return tuple(dict.fromkeys((*old, *new)))


class Trouble(TypedDict, total=False):
    """What went wrong on the way, for a cycle that goes on all the same."""

    degraded: Annotated[tuple[str, ...], united]
    """One line each, fit for a person."""


class CycleState(Trouble, total=False):
    """A whole cycle, from *gather* to *remember*. Its id is the thread's, and the record's key."""

    cycle_id: str
    slot: str
    symbols: tuple[str, ...]
    snapshot: Snapshot
    reports: Annotated[dict[str, AnalystReport], merged]
    signals: tuple[TradingSignal, ...]
    tainted: bool
    """The trader read words that go back to text from outside: so may the words of its signals."""
    advice: tuple[Advice, ...]
    verdicts: tuple[Verdict, ...]
    """One for each BUY or SELL, in the gate's order; replaced by the wire's where that one denied."""
    proposals: tuple[Proposal, ...]
    """What the gate cleared, with the cleared size as ceiling. Data, not an order: the wire clears again."""
    orders: tuple[Order, ...]
    done: bool
    """Set by *remember*, the last node: only then has the cycle come to its end."""


class StudyState(Trouble, total=False):
    """One symbol's study: what is recalled and researched side by side, then analysed."""

    as_of: datetime
    watched: tuple[str, ...]
    """Every symbol of the cycle: what the analyst's tools may be asked about."""
    seen: SymbolSnapshot
    position: Position | None
    memories: tuple[Remembered, ...]
    findings: tuple[Finding, ...]
    reports: Annotated[dict[str, AnalystReport], merged]


class StudyResult(Trouble, total=False):
    """What a study hands back to its cycle."""

    reports: Annotated[dict[str, AnalystReport], merged]


SPOKEN = (
    AnalystReport,
    Remembered,
    Order,
    Finding,
    Advice,
    TradingSignal,
    Verdict,
    Snapshot,
    SymbolSnapshot,
    Position,
    Proposal,
    # The words that stand inside them.
    Action,
    Ruling,
    Side,
    OrderType,
    TimeInForce,
    OrderClass,
    OrderStatus,
)
"""Every type of ours that a checkpoint may hold; no other is read back."""
