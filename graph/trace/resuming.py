"""Where a fork begins: in a copy of the original's steps up to a node, or in what the record tells of them."""

from typing import Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver

from perun.agents.answers import AnalystReport
from perun.graph.builder import Cycle
from perun.graph.state import CycleState
from perun.graph.trace.reading import Trace
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import AdviceGiven, ReportWritten, SignalFormed, SnapshotTaken
from perun.tools.market.snapshot import Snapshot

Saver = BaseCheckpointSaver[str]

IN_A_STUDY: Final = ("research", "recall", "analyse")
"""Nodes that run once for each symbol, inside the study."""
BEFORE: Final = {**dict.fromkeys(IN_A_STUDY, "gather"), "trade": "study", "advise": "trade", "gate": "advise"}
"""Where a fork may begin, and the node of the cycle whose work it takes over as it was."""


def thread(thread_id: str, checkpoint_id: str | None = None) -> Any:
    """How LangGraph is told which thread is meant, and which of its steps."""
    named = {"thread_id": thread_id, "checkpoint_ns": ""}
    return {"configurable": named if checkpoint_id is None else {**named, "checkpoint_id": checkpoint_id}}


def continue_from(trace: Trace, steps: Saver | None, store: Saver, graph: Cycle, stream: str, at: str) -> str:
    """Lay the fork's thread up to the node, from the `checkpoint` or from the `record`, and say from which.

    Args:
        trace: The original.
        steps: Where its steps are kept; None when there are none.
        store: Where those of forks are kept.
        graph: The fork's, which keeps its steps there.
        stream: The fork's thread.
        at: The node that it begins with.
    """
    if steps is not None and (step := _step_before(trace, steps, graph, at)):
        _copy_steps(steps, store, trace.cycle.cycle_id, stream, step)
        return "checkpoint"
    graph.update_state(thread(stream), _as_recorded(trace, at), as_node=BEFORE[at])
    return "record"


def _step_before(trace: Trace, steps: Saver, graph: Cycle, at: str) -> str | None:
    """The checkpoint after which the node ran; None when it is not kept any more."""
    kept, node = graph.copy({"checkpointer": steps}).get_state_history(thread(trace.cycle.cycle_id)), _outer(at)
    return next((str(each.config["configurable"]["checkpoint_id"]) for each in kept if node in each.next), None)


def _outer(at: str) -> str:
    """The node of the cycle in which the node runs."""
    return "study" if at in IN_A_STUDY else at


def _copy_steps(steps: Saver, store: Saver, cycle_id: str, stream: str, last: str) -> None:
    """The chain up to that step, without what the step's own tasks wrote: they are to be run anew."""
    chain = [each for each in steps.list(thread(cycle_id)) if each.checkpoint["id"] <= last]
    for each in reversed(chain):
        parent = each.parent_config["configurable"]["checkpoint_id"] if each.parent_config else None
        store.put(thread(stream, parent), each.checkpoint, each.metadata, each.checkpoint["channel_versions"])


def _as_recorded(trace: Trace, at: str) -> CycleState:
    """The state before the node, from the events of those before it."""
    cycle = trace.cycle
    state = CycleState(cycle_id=cycle.cycle_id, slot=cycle.slot, symbols=cycle.symbols, snapshot=snapshot_of(trace))
    if at in IN_A_STUDY:
        return state
    reports = {event.symbol: AnalystReport.model_validate(event.report) for _, event in trace.all(ReportWritten)}
    formed = {event.signal.symbol: event for _, event in trace.all(SignalFormed)}
    state["reports"] = reports
    if at != "trade":
        state["signals"] = tuple(event.signal for event in formed.values())
        state["tainted"] = any(event.tainted for event in formed.values())
    if at == "gate":
        state["advice"] = tuple({event.advice.symbol: event.advice for _, event in trace.all(AdviceGiven)}.values())
    return state


def snapshot_of(trace: Trace) -> Snapshot:
    """What the desk knew of market and account.

    Raises:
        ConfigurationError: the cycle did not come so far.
    """
    taken = [event for _, event in trace.all(SnapshotTaken)]
    if not taken:
        raise ConfigurationError(f"{trace.cycle.cycle_id} has no snapshot on record: there is nothing to fork")
    return Snapshot.model_validate(taken[-1].snapshot)
