"""Minds that say what a test wrote, a tape in memory, and an asker made of both and the shipped prompts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel

from perun.agents.asking import Asker
from perun.agents.models import Mind, Question, Reply
from perun.agents.prompting import load_prompts
from perun.agents.roles import HOLES
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import AgentAbstained, Event, ModelAsked, ToolCalled, Usage

Said = str | BaseModel | ModelUnavailable | Reply

PROMPTS = Path(str(files("perun.agents.prompts")))
"""The folder of prompts that ships."""

COST = Usage(calls=1, input_tokens=100, output_tokens=10)


class ScriptedMind:
    """A mind that answers by a callable, question to text, and keeps every question."""

    name = "scripted"

    def __init__(self, say: Callable[[Question], Said]) -> None:
        self._say = say
        self.questions: list[Question] = []

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self.questions)

    def reply(self, question: Question) -> Reply:
        """What the script says; an error in it is raised."""
        self.questions.append(question)
        said = self._say(question)
        if isinstance(said, ModelUnavailable):
            raise said
        if isinstance(said, Reply):
            return said
        return Reply(said if isinstance(said, str) else said.model_dump_json(), COST)


def saying(*texts: Said) -> ScriptedMind:
    """A mind that says these in turn; a question too many is a fault of the code under test."""
    left = list(texts)

    def say(question: Question) -> Said:
        assert left, f"the {question.role} was asked once too often"
        return left.pop(0)

    return ScriptedMind(say)


@dataclass
class MemoryTape:
    """A tape that forgets when the test ends."""

    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        self.events.append(event)

    def answer(self, key: str) -> ModelAsked | None:
        """The last turn with that key, as the ledger's tape gives it."""
        return next((turn for turn in reversed(self.turns) if turn.key == key), None)

    def tool_result(self, key: str) -> ToolCalled | None:
        """The call of a tool with that key."""
        return next((call for call in self.tool_calls if call.key == key), None)

    @property
    def tool_calls(self) -> list[ToolCalled]:
        """Every call of a tool, in order."""
        return [event for event in self.events if isinstance(event, ToolCalled)]

    @property
    def turns(self) -> list[ModelAsked]:
        """Every turn with a model, in order."""
        return [event for event in self.events if isinstance(event, ModelAsked)]

    @property
    def abstentions(self) -> list[AgentAbstained]:
        """Every abstention, in order."""
        return [event for event in self.events if isinstance(event, AgentAbstained)]


def asker(mind: Mind, tape: MemoryTape | None = None) -> Asker:
    """The shipped prompts, spoken to one mind for every role."""
    return Asker(dict.fromkeys(HOLES, mind), load_prompts(PROMPTS, HOLES), tape or MemoryTape())
