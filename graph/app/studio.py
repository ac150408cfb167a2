"""The graph for LangGraph's own tools: to be opened and looked at. It has no hand, so it cannot trade."""

from langgraph.runtime import Runtime

from perun.graph.builder import Cycle, build
from perun.graph.desk import Desk
from perun.graph.state import CycleState
from perun.tools.domain.errors import Halted


def graph() -> Cycle:
    """The cycle's graph, as `langgraph.json` names it."""
    return build(_without_a_hand)


def _without_a_hand(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    raise Halted("this graph was opened for looking: orders are placed by perun run alone")
