"""The chat's graph: a turn is listened to, and then answered, refused, or confirmed by the person."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.nodes import answer, confirm, listen, refuse
from perun.graph.chat.state import ChatState

Turn = CompiledStateGraph[ChatState, ReadingDesk, ChatState, ChatState]


def build(checkpointer: BaseCheckpointSaver[str] | None = None) -> Turn:
    """The graph of one turn. A checkpointer lets a turn wait for a person's yes."""
    turn = StateGraph(ChatState, context_schema=ReadingDesk)
    turn.add_node("listen", listen)
    turn.add_node("answer", answer)
    turn.add_node("refuse", refuse)
    turn.add_node("confirm", confirm)
    turn.add_edge(START, "listen")
    turn.add_conditional_edges("listen", _way, ["answer", "refuse", "confirm"])
    for last in ("answer", "refuse", "confirm"):
        turn.add_edge(last, END)
    return turn.compile(checkpointer=checkpointer)


def graph() -> Turn:
    """The graph as `langgraph.json` names it, to be opened and looked at."""
    return build()


def _way(state: ChatState) -> str:
    return state["way"]
