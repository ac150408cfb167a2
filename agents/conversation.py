"""What was said in one turn with a model so far: each step makes the next conversation."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from perun.agents.models import Message, Reply, ToolCall
from perun.tools.toolbox.tool import LONGEST_ARGUMENTS, Told

SHOWN_AGAIN: Final = 4_000
"""Most characters of an unusable answer that a repair repeats to the model; the tape keeps it whole."""
LONGEST_NAME: Final = 40
"""Most characters of a tool's name that anybody repeats: a model may make one up."""
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
NO_MORE: Final = "There are no more tools. Answer now, with the JSON object alone."


@dataclass(frozen=True)
class Conversation:
    """The messages of a turn, and how far it has come."""

    messages: tuple[Message, ...]
    requests: int = 0
    """Requests made so far: what names the next one."""
    rounds: int = 0
    """Of those, how many were spent on tools."""
    told: tuple[Told, ...] = ()
    """What tools told on the way."""

    @property
    def written(self) -> tuple[tuple[str, str], ...]:
        """(speaker, text) pairs for the record; what an assistant called stands after its words."""
        return tuple((message.speaker, _with_calls(message)) for message in self.messages)

    def answered(self, reply: Reply, told: Sequence[Told], *, last: bool) -> "Conversation":
        """The model called tools and was told; after the `last` round it is asked for its answer."""
        results = zip(reply.calls, told, strict=True)
        answers = tuple(Message("tool", each.text, answers=call.id) for call, each in results)
        ask = (Message("user", NO_MORE),) * last
        return replace(
            self,
            messages=(*self.messages, _said(reply), *answers, *ask),
            requests=self.requests + 1,
            rounds=self.rounds + 1,
            told=(*self.told, *told),
        )

    def corrected(self, reply: Reply, problem: str) -> "Conversation":
        """The answer cannot be used: the model is shown what it said, and why."""
        wrong = f"That answer cannot be used: {problem}."
        answers = tuple(Message("tool", wrong, answers=call.id) for call in reply.calls)
        ask = Message("user", f"{wrong} Answer again, with the JSON object alone.")
        return replace(self, messages=(*self.messages, _said(reply), *answers, ask), requests=self.requests + 1)


def _said(reply: Reply) -> Message:
    """The model's own turn, in a form that every server reads back: bounded, and with arguments that are JSON."""
    return Message("assistant", reply.text[:SHOWN_AGAIN], tuple(map(_readable, reply.calls)))


def _with_calls(message: Message) -> str:
    return "\n".join(filter(None, (message.text, *(f"{call.name}({call.arguments})" for call in message.calls))))


def _readable(call: ToolCall) -> ToolCall:
    name = _NO_NAME.sub("_", call.name)[:LONGEST_NAME] or "_"
    return replace(call, name=name, arguments=call.arguments if _is_object(call.arguments) else "{}")


def _is_object(arguments: str) -> bool:
    if len(arguments) > LONGEST_ARGUMENTS:
        return False
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False
