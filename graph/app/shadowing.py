"""`perun optimize watch`: promoted prompts decide finished cycles in the shadow, go in use, and are rolled back.

In the shadow a prompt decides the latest finished cycles again, as forks: on the very facts that the desk had, with
nothing in reach that sends an order. That is asked once for each cycle, between cycles: trading never waits for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from perun.agents.roles import ROSTER
from perun.graph.app.bench import Tell
from perun.graph.app.forking import Otherwise, forked
from perun.graph.app.hushing import redaction
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place, registry
from perun.graph.ledger.ledger import open_ledger
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.trials import Trials, exact
from perun.graph.optimize.watching import PROBATION, SHADOWS, bearing, breaches, shadow_breaches
from perun.graph.trace.forking import SPEAKERS
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.events import CycleStarted, Event, ModelAsked, NodeStarted, SignalFormed, VerdictGiven
from perun.tools.domain.money import ZERO
from perun.tools.domain.prompt_events import PromptLabelled, ShadowPlayed

SCHEMA: Final = "perun.optimize_watch/1"
GUARD_RAIL: Final = "guard-rail"
"""Who took a prompt back, when nobody did."""
OPTIMIZER: Final = "optimizer"
_MOST_CYCLES: Final = 500


@dataclass(frozen=True)
class _Past:
    """The record of a finished cycle."""

    cycle_id: str
    events: Sequence[Event]

    @property
    def prompts(self) -> Mapping[str, str]:
        """Hash of each agent's prompt."""
        return next((event.prompts for event in self.events if isinstance(event, CycleStarted)), {})

    def came_to(self, node: str) -> bool:
        """Whether the cycle came so far."""
        return any(isinstance(event, NodeStarted) and event.node == node for event in self.events)


def watched(overrides: Mapping[str, str], tell: Tell) -> dict[str, Any]:
    """Look after every promoted prompt.

    Returns:
        The document `perun.optimize_watch/1`: a line for each that was looked at.

    Raises:
        BrokerUnavailable, ModelUnavailable: what was found so far stands; the next look goes on.
    """
    settings = read_settings(overrides).settings
    done = []
    with _desk(settings) as (prompts, past):
        for agent in ROSTER:
            if (line := _look_after(prompts, past, agent)) is not None:
                done.append(line)
        waiting = [(agent, shadow) for agent in SHADOWS if (shadow := prompts.labels(agent).get("shadow"))]
        trials = Trials(prompts.events, prompts.clock)
        known = {shadow.hash: {each.cycle_id for each in trials.shadowed(shadow.hash)} for _, shadow in waiting}
    for agent, shadow in waiting:
        latest = [each for each in past if _is_for(each, agent, shadow)][-settings.optimization_shadow_cycles :]
        new = [each for each in latest if each.cycle_id not in known[shadow.hash]]
        played = [_played(each, agent, shadow, overrides, tell) for each in new]
        with _desk(settings) as (prompts, _):
            done.append(_settled(prompts, agent, shadow, played, settings.optimization_shadow_cycles))
    return {"schema": SCHEMA, "prompts": done}


def _look_after(prompts: Registry, past: Sequence[_Past], agent: str) -> dict[str, Any] | None:
    """Roll the prompt in use back when it passed a guard-rail; None when it was not promoted, or long ago."""
    labels = prompts.labels(agent)
    own, before = labels.get("in use"), labels.get("previous")
    judged = Trials(prompts.events, prompts.clock).judgement(own.hash) if own else None
    if own is None or before is None or judged is None or not judged.eligible:
        return None
    spoke = [each.events for each in past if each.prompts.get(agent) == own.hash]
    if len(spoke) > PROBATION:
        return None
    spoken = [each.events for each in past if each.prompts.get(agent) == before.hash][-PROBATION:]
    reasons = breaches(bearing(spoken, agent), bearing(spoke, agent), float(judged.drawdown))
    row = {"agent": agent, "prompt": f"{agent}@{own.version}", "cycles": len(spoke), "reasons": reasons}
    if not reasons:
        return {**row, "stands": "in use"}
    prompts.rollback(agent, "; ".join(reasons), GUARD_RAIL)
    return {**row, "stands": "rolled back"}


def _is_for(each: _Past, agent: str, shadow: PromptLabelled) -> bool:
    return each.came_to(SHADOWS[agent]) and each.prompts.get(agent) != shadow.hash


def _played(past: _Past, agent: str, shadow: PromptLabelled, overrides: Mapping[str, str], tell: Tell) -> ShadowPlayed:
    at = SHADOWS[agent]
    tell(f"in the shadow, {agent}@{shadow.version}: {past.cycle_id}")
    made = forked(past.cycle_id, Otherwise(at, prompts=[f"{agent}={shadow.hash}"]), overrides)["forks"][0]
    then = [event.verdict for event in past.events if isinstance(event, VerdictGiven) and event.stage == "gate"]
    turns = [event for event in past.events if isinstance(event, ModelAsked) and event.role in SPEAKERS[at]]
    rows = made["decisions"]
    said = _said(past)
    return ShadowPlayed(
        agent=agent,
        hash=shadow.hash,
        cycle_id=past.cycle_id,
        fork=made["stream"],
        decisions=len(rows),
        same=sum(said.get(row["symbol"]) == row["action"] for row in rows),
        asked=sum(row["cleared"] is not None for row in rows),
        denied=sum(row["cleared"] is False for row in rows),
        asked_then=len(then),
        denied_then=sum(not verdict.cleared for verdict in then),
        cost_usd=exact(float(made["usage"]["cost_usd"])),
        cost_then_usd=exact(float(sum((turn.usage.cost_usd for turn in turns), ZERO))),
    )


def _said(past: _Past) -> dict[str, str]:
    formed = (event.signal for event in past.events if isinstance(event, SignalFormed))
    return {signal.symbol: signal.action.value for signal in formed}


def _settled(
    prompts: Registry, agent: str, shadow: PromptLabelled, played: Sequence[ShadowPlayed], wanted: int
) -> dict[str, Any]:
    """Note what was played; then let the prompt speak, take it out of the shadow, or go on waiting."""
    trials = Trials(prompts.events, prompts.clock)
    for each in played:
        trials.note(each)
    every = trials.shadowed(shadow.hash)[-wanted:]
    reasons = shadow_breaches(every)
    row = {"agent": agent, "prompt": f"{agent}@{shadow.version}", "cycles": len(every), "reasons": reasons}
    if reasons:
        prompts.take_away(agent, "shadow", "; ".join(reasons), GUARD_RAIL)
        return {**row, "stands": "taken out of the shadow"}
    if len(every) < wanted:
        return {**row, "stands": "in the shadow"}
    same = f"{sum(each.same for each in every)} of {sum(each.decisions for each in every)} decisions the same"
    prompts.use(agent, shadow.hash, f"no harm in {len(every)} cycles in the shadow, {same}", OPTIMIZER)
    prompts.take_away(agent, "shadow", "it speaks now", OPTIMIZER)
    return {**row, "stands": "in use"}


@contextmanager
def _desk(settings: Settings) -> Iterator[tuple[Registry, list[_Past]]]:
    """The prompts with their labels, and the latest finished cycles, oldest first, while the ledger is open."""
    folder, clock = data_folder(settings), SystemClock()
    with (
        open_ledger(ledger_place(settings), clock, redaction=redaction(settings)) as ledger,
        open_venue(settings, folder) as venue,
    ):
        cycles = ledger.cycles.finished_before(venue.account, venue.book.clock().now, _MOST_CYCLES)[::-1]
        past = [_Past(each.cycle_id, [row.event for row in ledger.events.read(each.cycle_id)]) for each in cycles]
        yield registry(folder, ledger, clock), past
