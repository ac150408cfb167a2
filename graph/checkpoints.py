"""A cycle's state as a checkpoint writes it: without secrets, whatever a node, an answer or an error brought in."""

from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from perun.graph.redaction import KEYS, Redaction
from perun.graph.state import SPOKEN


class HushedSerializer(JsonPlusSerializer):
    """LangGraph's own form. Only types of ours are read back, and no secret is written.

    It is the last of several doors: what minds say is blotted before it becomes state. Here stops what came another
    way: a secret that cleaning put together from pieces, or one in the error of a node, which LangGraph keeps too.
    """

    redaction: Redaction = KEYS

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of form, and its bytes."""
        kind, data = super().dumps_typed(obj)
        return kind, self.redaction.whole(data)


def serializer(redaction: Redaction) -> HushedSerializer:
    """What every checkpointer of ours writes with."""
    made = HushedSerializer(allowed_msgpack_modules=[(type_.__module__, type_.__name__) for type_ in SPOKEN])
    made.redaction = redaction
    return made
