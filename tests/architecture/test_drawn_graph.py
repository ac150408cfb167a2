"""The graph as drawn is the cycle of the design, and a change of it is a diff that people read."""

import pytest
from langchain_core.runnables.graph import Graph
from langgraph.runtime import Runtime

from perun.graph.builder import build
from perun.graph.desk import Desk
from perun.graph.state import CycleState
from support.golden import Golden


def _execute(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """A stand-in: nothing is run here."""
    return {}


@pytest.fixture(scope="module")
def drawn() -> Graph:
    return build(_execute).get_graph(xray=True)


def _before(drawn: Graph, node: str) -> set[str]:
    return {edge.source for edge in drawn.edges if edge.target == node}


def test_when_the_graph_is_drawn_then_it_is_the_golden_one(drawn: Graph, golden: Golden) -> None:
    golden("graph.mmd", drawn.draw_mermaid())


def test_when_the_graph_is_drawn_then_its_nodes_are_those_of_the_design(drawn: Graph) -> None:
    assert set(drawn.nodes) == {
        "__start__",
        "gather",
        "study:recall",
        "study:research",
        "study:analyse",
        "trade",
        "advise",
        "gate",
        "execute",
        "remember",
        "__end__",
    }


def test_when_the_graph_is_drawn_then_only_the_gate_leads_to_execute(drawn: Graph) -> None:
    assert _before(drawn, "execute") == {"gate"}
    assert _before(drawn, "gate") == {"advise"}
    assert _before(drawn, "remember") == {"gate", "execute"}
