"""Nodes and edges, and nothing else."""

from typing import Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from perun.graph.desk import Desk
from perun.graph.nodes.advise import advise
from perun.graph.nodes.gate import gate
from perun.graph.nodes.gather import gather
from perun.graph.nodes.remember import remember
from perun.graph.nodes.trade import trade
from perun.graph.state import CycleState, StudyState
from perun.graph.study import Stands, study
from perun.graph.trace.noting import noted
from perun.tools.market.snapshot import Snapshot


class Execute(Protocol):
    """The node that trades."""

    def __call__(self, state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        """Place what was cleared."""
        ...


Cycle = CompiledStateGraph[CycleState, Desk, CycleState, CycleState]


def build(
    execute: Execute, checkpointer: BaseCheckpointSaver[str] | None = None, stands: Stands | None = None
) -> Cycle:
    """The graph of one cycle. `execute` brings the gated broker along; no other node has one."""
    cycle = StateGraph(CycleState, context_schema=Desk)
    cycle.add_node("gather", noted(gather))
    cycle.add_node("study", study(stands or {}).compile())
    cycle.add_node("trade", noted(trade))
    cycle.add_node("advise", noted(advise))
    cycle.add_node("gate", noted(gate))
    cycle.add_node("execute", noted(execute))
    cycle.add_node("remember", noted(remember))
    cycle.add_edge(START, "gather")
    cycle.add_conditional_edges("gather", _each_symbol, ["study"])
    cycle.add_edge("study", "trade")
    cycle.add_edge("trade", "advise")
    cycle.add_edge("advise", "gate")
    cycle.add_edge("execute", "remember")
    cycle.add_edge("remember", END)
    return cycle.compile(checkpointer=checkpointer, name="perun")


def _each_symbol(state: CycleState) -> list[Send]:
    """A study is given its own symbol's part of the snapshot, and the names of the others."""
    snapshot = state["snapshot"]
    return [Send("study", _study_of(snapshot, symbol)) for symbol in state["symbols"]]


def _study_of(snapshot: Snapshot, symbol: str) -> StudyState:
    position = snapshot.portfolio.position(symbol)
    watched = tuple(snapshot.symbols)
    return {"as_of": snapshot.as_of, "watched": watched, "seen": snapshot.symbols[symbol], "position": position}
