"""One turn with a model: render, call, let it read with tools, parse, repair once; the only loop around a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from perun.agents.calling import Round, ToolTape
from perun.agents.conversation import Conversation
from perun.agents.extracting import only_object
from perun.agents.models import Mind, Question, Reply, ToolCall, ToolSpec
from perun.agents.prompting import Prompt
from perun.agents.roles import CAST
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import AnswerUnusable, ModelUnavailable
from perun.tools.domain.events import AgentAbstained, Called, ModelAsked, Usage
from perun.tools.toolbox.tool import Kind, Told, Tool

Answer = TypeVar("Answer", bound=BaseModel)

ATTEMPTS = 2
"""The first try, and one repair that shows the model what was wrong."""
TOOL_ROUNDS = 2
"""Requests of a turn that may be spent on tools, unless settings say otherwise."""
LONGEST_PROBLEM = 400
"""Most characters of what is wrong: it may quote names that the model made up."""


class Tape(ToolTape, Protocol):
    """The record of a cycle: it takes events, and knows the answers and results that were given already."""

    def answer(self, key: str) -> ModelAsked | None:
        """The recorded request with that key, if there was one."""
        ...


@dataclass(frozen=True)
class Abstained:
    """An agent gives no opinion, which is not the same as a neutral one."""

    role: str
    reason: str


@dataclass(frozen=True)
class Turn(Generic[Answer]):
    """What one agent is asked."""

    role: str
    symbol: str | None
    facts: BaseModel
    holes: Mapping[str, str]
    """Text for every hole of the role's prompt."""
    answer: type[Answer]
    check: Callable[[Answer], str] = lambda answer: ""
    """What is wrong with an answer that fits its schema; empty when nothing is."""
    form: type[BaseModel] | None = None
    """A narrower schema to ask with, such as one that allows today's symbols alone; servers hold a model to it."""
    tools: tuple[Tool, ...] = ()
    """What may be called before the answer; of these, only the kinds that the role may call are offered."""
    matter: str = ""
    """Tells it apart from other turns of the role on the symbol in one cycle, where there may be some."""

    def key(self, said: Conversation) -> str:
        """Names the next request of the turn within its cycle."""
        return ":".join(filter(None, (self.role, self.symbol or "*", self.matter, str(said.requests))))


@dataclass(frozen=True)
class Talk(Generic[Answer]):
    """A turn that came to its end."""

    answer: Answer | Abstained
    told: tuple[Told, ...] = ()
    """What tools told on the way, in order."""


@dataclass(frozen=True)
class Asker:
    """Everything a turn needs: minds and prompts by role, and the tape."""

    minds: Mapping[str, Mind]
    prompts: Mapping[str, Prompt]
    tape: Tape
    tool_rounds: int = TOOL_ROUNDS
    """Requests of a turn that may be spent on tools; with none, no tool is offered."""

    def ask(self, turn: Turn[Answer]) -> Answer | Abstained:
        """The answer of a turn, for a role that needs to know no more of it."""
        return self.talk(turn).answer

    def talk(self, turn: Turn[Answer]) -> Talk[Answer]:
        """Ask; answer calls of tools for some rounds; show the model its error once; then the agent abstains.

        What the tape holds already is read from it: no model call and no tool call is ever repeated.
        """
        said, problem, failures = Conversation(self.prompts[turn.role].render(turn.holes)), "", 0
        while failures < ATTEMPTS:
            try:
                reply = self._reply(turn, said)
            except ModelUnavailable as error:
                return Talk(self._abstain(turn, str(error)), said.told)
            try:
                if self._wants_to_read(turn, said, reply):
                    said = self._read_on(turn, said, reply)
                else:
                    return Talk(read(_final(turn, reply), turn.answer, turn.check), said.told)
            except AnswerUnusable as unusable:
                problem, failures = unusable.problem[:LONGEST_PROBLEM], failures + 1
                said = said.corrected(reply, problem)
        return Talk(self._abstain(turn, f"unusable answer: {problem}"), said.told)

    def _wants_to_read(self, turn: Turn[Answer], said: Conversation, reply: Reply) -> bool:
        """Whether the reply asks for tools before its answer.

        Raises:
            AnswerUnusable: it does, and there are none for it.
        """
        if not reply.calls or _proposals(turn, reply):
            return False
        if not self._offered(turn, said):
            raise AnswerUnusable("no tool may be called now", reply.text)
        return True

    def _read_on(self, turn: Turn[Answer], said: Conversation, reply: Reply) -> Conversation:
        """The conversation with what the tools told."""
        told = Round(turn.role, turn.symbol, turn.key(said), reply.calls, self._offered(turn, said)).play(self.tape)
        return said.answered(reply, told, last=said.rounds + 1 >= self.tool_rounds)

    def _offered(self, turn: Turn[Answer], said: Conversation) -> tuple[Tool, ...]:
        """What the role may call now. Nobody can widen what the cast list grants."""
        granted = CAST[turn.role].tools
        return tuple(tool for tool in turn.tools if tool.kind in granted) if said.rounds < self.tool_rounds else ()

    def _reply(self, turn: Turn[Answer], said: Conversation) -> Reply:
        """What the model replies, from the tape or from the model."""
        taped = self.tape.answer(turn.key(said))
        if taped is not None and not taped.problem:
            return Reply(taped.answer, taped.usage, tuple(ToolCall(**dict(call)) for call in taped.calls))
        started = stopwatch()
        try:
            reply = _writable(self._asked(turn, said))
        except ModelUnavailable as error:
            self._record(turn, said, Reply("", Usage(calls=error.calls)), stopwatch() - started, str(error))
            raise
        self._record(turn, said, reply, stopwatch() - started, "")
        return reply

    def _asked(self, turn: Turn[Answer], said: Conversation) -> Reply:
        specs = tuple(ToolSpec(tool.name, tool.description, tool.arguments) for tool in self._offered(turn, said))
        form = turn.form or turn.answer
        return self.minds[turn.role].reply(Question(turn.role, turn.symbol, said.messages, turn.facts, form, specs))

    def _record(self, turn: Turn[Answer], said: Conversation, reply: Reply, seconds: float, problem: str) -> None:
        prompt = self.prompts[turn.role]
        self.tape.record(
            ModelAsked(
                key=turn.key(said),
                role=turn.role,
                symbol=turn.symbol,
                model=reply.model or self.minds[turn.role].name,
                prompt=prompt.name,
                prompt_hash=prompt.hash,
                messages=said.written,
                offered=tuple(tool.name for tool in self._offered(turn, said)),
                answer=reply.text,
                calls=tuple(Called(id=call.id, name=call.name, arguments=call.arguments) for call in reply.calls),
                missed=reply.missed,
                problem=problem,
                usage=reply.usage,
                seconds=round(seconds, 3),
            )
        )

    def _abstain(self, turn: Turn[Answer], reason: str) -> Abstained:
        self.tape.record(AgentAbstained(role=turn.role, symbol=turn.symbol, reason=reason))
        return Abstained(turn.role, reason)


def read(text: str, answer: type[Answer], check: Callable[[Answer], str]) -> Answer:
    """The answer in `text`, other words around it aside: strictly its schema (`"80"` is no number), nothing guessed.

    Raises:
        AnswerUnusable: it does not fit, or `check` found something wrong.
    """
    try:
        parsed = answer.model_validate_json(only_object(text), strict=True)
    except ValidationError as error:
        raise AnswerUnusable(_explain(error), text) from error
    if problem := check(parsed):
        raise AnswerUnusable(problem, text)
    return parsed


def _proposals(turn: Turn[Answer], reply: Reply) -> list[ToolCall]:
    forms = {tool.name for tool in turn.tools if tool.kind is Kind.PROPOSE}
    return [call for call in reply.calls if call.name in forms]


def _final(turn: Turn[Answer], reply: Reply) -> str:
    """The answer's text: what a form was filled in with, or what was said."""
    filled = _proposals(turn, reply)
    if len(filled) > 1:
        raise AnswerUnusable(f"{filled[0].name} was called more than once", reply.text)
    return filled[0].arguments if filled else reply.text


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:5]
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in problems)


def _writable(reply: Reply) -> Reply:
    """The reply without the half characters that JSON can escape but no file can hold."""
    calls = (ToolCall(_whole(call.id), _whole(call.name), _whole(call.arguments)) for call in reply.calls)
    return replace(reply, text=_whole(reply.text), calls=tuple(calls))


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()
