"""The calls of one reply: what each tool told, from the tape or from the tool."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from perun.agents.conversation import LONGEST_NAME
from perun.agents.models import ToolCall
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.events import Event, ToolCalled
from perun.tools.toolbox.tool import LONGEST_ARGUMENTS, ReadTool, Told, Tool, refusal

CALLS_A_ROUND: Final = 4
"""Calls that are answered in one round; more are refused."""


class ToolTape(Protocol):
    """The part of a cycle's record that knows which calls were answered already."""

    def record(self, event: Event) -> None:
        """Write the event; durable when it returns."""
        ...

    def tool_result(self, key: str) -> ToolCalled | None:
        """The recorded call of a tool with that key, if there was one."""
        ...


@dataclass(frozen=True)
class Round:
    """One reply that called tools: who asked for what, and what was on offer."""

    role: str
    symbol: str | None
    key: str
    """The key of the request that was replied to."""
    calls: Sequence[ToolCall]
    offered: Sequence[Tool]

    def play(self, tape: ToolTape) -> tuple[Told, ...]:
        """What each call was told, in order. Each result is on the tape, and none is asked for twice."""
        return tuple(self._results(tape))

    def _results(self, tape: ToolTape) -> Iterator[Told]:
        readable = {tool.name: tool for tool in self.offered if isinstance(tool, ReadTool)}
        for place, call in enumerate(self.calls):
            key = f"{self.key}/{place}"
            taped = tape.tool_result(key)
            if taped is None:
                started = stopwatch()
                told = _told(call, place, readable)
                tape.record(self._event(key, call, told, stopwatch() - started))
            else:
                told = Told(text=taped.result, evidence=taped.evidence, tainted=taped.tainted, refused=taped.refused)
            yield told

    def _event(self, key: str, call: ToolCall, told: Told, seconds: float) -> ToolCalled:
        return ToolCalled(
            key=key,
            role=self.role,
            symbol=self.symbol,
            tool=call.name[:LONGEST_NAME],
            arguments=call.arguments[:LONGEST_ARGUMENTS],
            result=told.text,
            evidence=told.evidence,
            tainted=told.tainted,
            refused=told.refused,
            seconds=round(seconds, 3),
        )


def _told(call: ToolCall, place: int, readable: Mapping[str, Tool]) -> Told:
    tool = readable.get(call.name)
    if place >= CALLS_A_ROUND:
        return refusal(f"at most {CALLS_A_ROUND} calls at once")
    if not isinstance(tool, ReadTool):
        return refusal(f"there is no tool {call.name[:LONGEST_NAME]!r}: there are {', '.join(readable) or 'none'}")
    return tool.call(call.arguments)
