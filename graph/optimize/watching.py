"""Guard-rails after promotion: how a prompt behaves in the shadow and in use, and when it must go.

A share of denials is held against its lower bound, so that two unlucky cycles roll nothing back. In use a prompt is
watched for its first cycles; after them the desk's own loss limits stand, as they do for every prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from perun.graph.optimize.promotion import MORE_COST, MORE_DENIALS, MORE_DRAWDOWN
from perun.graph.optimize.review import wilson
from perun.tools.domain.events import AgentAbstained, CycleEnded, Event, ModelAsked, VerdictGiven
from perun.tools.domain.money import ZERO
from perun.tools.domain.prompt_events import ShadowPlayed

SHADOWS: Final = {"trader": "trade", "risk_manager": "advise"}
"""Agents that decide on facts which are on record by then, and the node at which they are asked again."""
PROBATION: Final = 60
"""Cycles for which a promoted prompt is watched in use."""
FEWEST_WATCHED: Final = 5
"""Cycles below which nothing is said of one in use."""
MORE_ABSTENTIONS: Final = 0.2
"""By how much more of its cycles may end without its opinion."""


@dataclass(frozen=True)
class Bearing:
    """How an agent's prompt behaved over cycles of the record."""

    cycles: int
    asked: int
    denied: int
    abstained: int
    """Cycles in which the agent gave no opinion, whatever for."""
    cost_usd: Decimal
    """Of all its turns."""
    fall: float
    """The account's largest fall over these cycles, as a fraction of equity."""


def bearing(cycles: Sequence[Sequence[Event]], agent: str) -> Bearing:
    """What the records of cycles, oldest first, tell of the agent's conduct."""
    events = [event for cycle in cycles for event in cycle]
    verdicts = [event.verdict for event in events if isinstance(event, VerdictGiven) and event.stage == "gate"]
    silent = [any(isinstance(each, AgentAbstained) and each.role == agent for each in cycle) for cycle in cycles]
    turns = [event for event in events if isinstance(event, ModelAsked) and event.role == agent]
    return Bearing(
        cycles=len(cycles),
        asked=len(verdicts),
        denied=sum(not verdict.cleared for verdict in verdicts),
        abstained=sum(silent),
        cost_usd=sum((turn.usage.cost_usd for turn in turns), ZERO),
        fall=_fall([event.equity for event in events if isinstance(event, CycleEnded) and event.equity is not None]),
    )


def breaches(before: Bearing, after: Bearing, replayed_fall: float) -> list[str]:
    """Which guard-rails a prompt in use has passed; none while too few cycles tell.

    Args:
        before: of the prompt that spoke before it, over its last cycles.
        after: of the prompt in use, since it speaks.
        replayed_fall: the largest fall that its replay had shown.
    """
    if after.cycles < FEWEST_WATCHED:
        return []
    found = _denials(before.asked, before.denied, after.asked, after.denied)
    if _surely(after.abstained, after.cycles) > _share(before.abstained, before.cycles) + MORE_ABSTENTIONS:
        found.append(f"it gave no opinion in {after.abstained} of {after.cycles} cycles")
    if before.cycles and before.cost_usd:
        found += _dear(before.cost_usd / before.cycles, after.cost_usd / after.cycles)
    if after.fall > replayed_fall + MORE_DRAWDOWN:
        found.append(f"the account fell {after.fall:.1%} while it spoke, in its replay {replayed_fall:.1%}")
    return found


def shadow_breaches(played: Sequence[ShadowPlayed]) -> list[str]:
    """Which guard-rails a prompt passed in the shadow, on the very cycles that the one in use decided."""
    asked_then, denied_then = sum(each.asked_then for each in played), sum(each.denied_then for each in played)
    found = _denials(asked_then, denied_then, sum(each.asked for each in played), sum(each.denied for each in played))
    cost_then = sum((each.cost_then_usd for each in played), ZERO)
    if cost_then:
        found += _dear(cost_then / len(played), sum((each.cost_usd for each in played), ZERO) / len(played))
    return found


def _denials(asked_then: int, denied_then: int, asked: int, denied: int) -> list[str]:
    if _surely(denied, asked) <= _share(denied_then, asked_then) + MORE_DENIALS:
        return []
    return [f"the gate denied {denied} of its {asked} proposals, and {denied_then} of {asked_then} of the other's"]


def _dear(then: Decimal, now: Decimal) -> list[str]:
    if now <= then * Decimal(str(MORE_COST)):
        return []
    return [f"a cycle of it costs {now:.4f} USD, of the other {then:.4f}"]


def _surely(times: int, of: int) -> float:
    return wilson(times, of)[0] if of else 0.0


def _share(times: int, of: int) -> float:
    return times / of if of else 0.0


def _fall(equity: Sequence[Decimal]) -> float:
    highest, fall = ZERO, ZERO
    for each in equity:
        highest = max(highest, each)
        fall = max(fall, 1 - each / highest) if highest else fall
    return float(fall)
