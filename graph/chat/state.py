"""All that flows through one turn of a conversation, and the only types of ours that its checkpoints hold."""

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages


class ChatState(TypedDict, total=False):
    """A turn, from *listen* to what is said. Its thread is the conversation."""

    messages: Annotated[list[AnyMessage], add_messages]
    """What clients show; what was really said stands in the record."""
    voice: str
    """Whom the person talks to: a role, or `desk`."""
    cycle: str
    """The cycle that is talked about, by id or slot; empty when the question tells."""
    turn: int
    answer: dict[str, Any]
    """What was said, sentence by sentence with its citations, for clients that show more than text."""
    way: str
    """Where *listen* sends the turn: `answer`, `refuse` or `confirm`."""
