"""How often recorded days were replayed: the best of many tries looks better than it is, so each one is counted."""

from typing import Final

from perun.graph.ledger.events import Events
from perun.graph.replay.plan import Plan
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import ReplayTried

STREAM: Final = "replays"
"""The ledger's stream of replays."""


def count(plan: Plan, events: Events, clock: Clock) -> int:
    """Note the plan if it was never tried; which trial it is of those under its control that share a day with it."""
    tried = [stored.event for stored in events.read(STREAM) if isinstance(stored.event, ReplayTried)]
    if plan.fingerprint not in {each.plan for each in tried}:
        own = ReplayTried(
            plan=plan.fingerprint, begins=plan.begins, ends=plan.ends, symbols=plan.symbols, control=plan.control
        )
        events.append(STREAM, own, clock.now())
        tried.append(own)
    rivals = [each.plan for each in tried if _rivals(each, plan)]
    return rivals.index(plan.fingerprint) + 1


def _rivals(other: ReplayTried, plan: Plan) -> bool:
    return other.control == plan.control and other.begins <= plan.ends and plan.begins <= other.ends
