"""ReadingDesk: all that a conversation may touch. It reads; it can halt, after a person's yes; it cannot trade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.graph.chat.flipping import Fork
from perun.graph.chat.record import Record
from perun.graph.chat.transcript import Transcript
from perun.tools.domain.events import Event

Halting = Callable[[str, str], dict[str, Any]]
"""From a reason and who says so to what came of it: the way of `perun halt`."""


@dataclass(frozen=True)
class ReadingDesk:
    """A desk of which one can only ask. No broker, no order writer and no setting can be reached from it."""

    record: Record
    open_transcript: Callable[[str, Callable[[Event], None]], Transcript]
    """From a conversation's name, and who is told of each event, to its record."""
    halt: Halting
    minds: Callable[[], Mapping[str, Mind]] = dict
    """Voice to the model that speaks in it, with what one turn may spend; without one the baseline voice answers."""
    prompt: Prompt | None = None
    """The chronicler's; None without a model."""
    tool_rounds: int = 0
    fork: Fork | None = None
    """Judges a cycle again by limits that a person supposes; it sends nothing and changes no setting."""
    notice: Callable[[Event], None] = lambda event: None
    """Told of each event of a conversation as it is recorded, for whoever shows progress."""

    def transcript(self, conversation: str) -> Transcript:
        """The record of a conversation, which may be a new one."""
        return self.open_transcript(conversation, self.notice)
