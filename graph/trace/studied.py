"""What the studies of a run were given: findings and memories as they were, so that a fork need not look for them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from langgraph.runtime import Runtime

from perun.agents.facts import Remembered
from perun.graph.desk import Desk
from perun.graph.nodes.recall import as_shown
from perun.graph.state import StudyState
from perun.graph.study import Stand, Stands
from perun.graph.trace.reading import Trace
from perun.graph.trace.resuming import Saver
from perun.memory.memdir import Memdir
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import MemoriesRecalled, ResearchRead

_INSIDE: Final = "study:"
"""How the name begins under which LangGraph keeps the steps of a study."""
Given = TypeVar("Given")


def stands(trace: Trace, at: str, files: Memdir, steps: Saver | None, *, research_anew: bool) -> Stands:
    """What stands in for the nodes of a study whose work a fork that begins `at` takes over.

    Args:
        trace: The original.
        at: Where the fork begins.
        files: The memory's files, for memories of which the record has the id alone.
        steps: Where the original's steps are kept; None when there are none.
        research_anew: The researcher is asked again, in a fork that begins with research.

    Raises:
        ConfigurationError: what a study was given is not kept any more.
    """
    taken: dict[str, Stand] = {}
    if at in {"recall", "analyse"} or (at == "research" and not research_anew):
        taken["research"] = _research({event.symbol: event for _, event in trace.all(ResearchRead)})
    if at == "analyse":
        recalled = {event.symbol: event for _, event in trace.all(MemoriesRecalled)}
        kept = dict(_of_steps(trace, steps)) if steps is not None else {}
        taken["recall"] = _recall(recalled, {**dict(_of_files(recalled, kept, files, trace.cycle.as_of)), **kept})
    return taken


def _research(read: Mapping[str, ResearchRead]) -> Stand:
    def research(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
        """Say again what was found."""
        event = _of(state, read, "research")
        runtime.context.recorder.record(event)
        return {"findings": event.findings}

    return research


def _recall(recalled: Mapping[str, MemoriesRecalled], shown: Mapping[str, tuple[Remembered, ...]]) -> Stand:
    def recall(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
        """Say again what came to mind."""
        runtime.context.recorder.record(_of(state, recalled, "memories"))
        return {"memories": _of(state, shown, "memories")}

    return recall


def _of(state: StudyState, given: Mapping[str, Given], what: str) -> Given:
    symbol = state["seen"].symbol
    if symbol not in given:
        raise ConfigurationError(f"the record has no {what} of {symbol}: the run broke off before")
    return given[symbol]


def _of_steps(trace: Trace, steps: Saver) -> Iterator[tuple[str, tuple[Remembered, ...]]]:
    """Symbol and memories, from what each study knew before it was analysed."""
    whole: Any = {"configurable": {"thread_id": trace.cycle.cycle_id}}
    for step in steps.list(whole):
        known = step.checkpoint["channel_values"]
        is_study = step.config["configurable"]["checkpoint_ns"].startswith(_INSIDE)
        if is_study and "memories" in known and "seen" in known:
            yield known["seen"].symbol, known["memories"]


def _of_files(
    recalled: Mapping[str, MemoriesRecalled], kept: Mapping[str, object], files: Memdir, as_of: datetime
) -> Iterator[tuple[str, tuple[Remembered, ...]]]:
    """Likewise from the memory's own files, as they were known then."""
    for symbol, event in recalled.items():
        if symbol not in kept:
            yield symbol, tuple(_shown(hit.id, files, as_of) for hit in event.hits)


def _shown(id_: str, files: Memdir, as_of: datetime) -> Remembered:
    entry = files.read(id_)
    if entry is None:
        raise ConfigurationError(f"the memory {id_} is not kept any more: let the fork begin at recall instead")
    return as_shown(entry.as_known(as_of))
