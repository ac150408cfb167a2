"""One symbol: research, recall in the words of what was found (the design drew both side by side), analyse."""

from collections.abc import Mapping
from typing import Final, Protocol

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from perun.graph.desk import Desk
from perun.graph.nodes.analyse import analyse
from perun.graph.nodes.recall import recall
from perun.graph.nodes.research import research
from perun.graph.state import StudyResult, StudyState
from perun.graph.trace.noting import noted


class Stand(Protocol):
    """A node of the study, or what stands in for it in a fork that takes over what it did."""

    def __call__(self, state: StudyState, runtime: Runtime[Desk]) -> StudyState:
        """Do the node's part."""
        ...


Stands = Mapping[str, Stand]
"""By the names of the nodes in whose place they stand."""
_NODES: Final[Stands] = {"research": research, "recall": recall, "analyse": analyse}


def study(stands: Stands) -> StateGraph[StudyState, Desk, StudyState, StudyResult]:
    """The study's graph. Only a fork brings anybody who stands in."""
    graph = StateGraph(StudyState, context_schema=Desk, output_schema=StudyResult)
    for name, node in _NODES.items():
        graph.add_node(name, stands.get(name) or noted(node))
    graph.add_edge(START, "research")
    graph.add_edge("research", "recall")
    graph.add_edge("recall", "analyse")
    graph.add_edge("analyse", END)
    return graph
