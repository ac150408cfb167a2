"""One turn with a model: render, call, parse, repair once; the only loop around a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from perun.agents.models import Message, Mind, Question, Reply
from perun.agents.prompting import Prompt
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import AnswerUnusable, ModelUnavailable
from perun.tools.domain.events import AgentAbstained, Event, ModelAsked, Usage

Answer = TypeVar("Answer", bound=BaseModel)

ATTEMPTS = 2
"""The first try, and one repair that shows the model what was wrong."""
SHOWN_AGAIN = 4_000
"""Most characters of an unusable answer that a repair repeats to the model; the tape keeps it whole."""
LONGEST_PROBLEM = 400
"""Most characters of what is wrong: it may quote names that the model made up."""


class Tape(Protocol):
    """The record of a cycle: it takes events, and knows the answers that were given already."""

    def record(self, event: Event) -> None:
        """Write the event; durable when it returns."""
        ...

    def answer(self, key: str) -> ModelAsked | None:
        """The recorded turn with that key, if there was one."""
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


@dataclass(frozen=True)
class Asker:
    """Everything a turn needs: minds and prompts by role, and the tape."""

    minds: Mapping[str, Mind]
    prompts: Mapping[str, Prompt]
    tape: Tape

    def ask(self, turn: Turn[Answer]) -> Answer | Abstained:
        """Ask once, and once more with the error when the answer cannot be used; then the agent abstains.

        An answer that the tape holds already is read from it: no model call is ever repeated.
        """
        messages = self.prompts[turn.role].render(turn.holes)
        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                said = self._said(turn, messages, attempt)
                return read(said, turn.answer, turn.check)
            except ModelUnavailable as error:
                return self._abstain(turn, str(error))
            except AnswerUnusable as unusable:
                problem = unusable.problem[:LONGEST_PROBLEM]
                messages = (*messages, *_repair(unusable.answer, problem))
        return self._abstain(turn, f"unusable answer: {problem}")

    def _said(self, turn: Turn[Answer], messages: tuple[Message, ...], attempt: int) -> str:
        """The model's text, from the tape or from the model."""
        key = f"{turn.role}:{turn.symbol or '*'}:{attempt}"
        taped = self.tape.answer(key)
        if taped is not None and not taped.problem:
            return taped.answer
        mind = self.minds[turn.role]
        started = stopwatch()
        try:
            reply = mind.reply(Question(turn.role, turn.symbol, messages, turn.facts, turn.form or turn.answer))
        except ModelUnavailable as error:
            self._record(turn, key, messages, Reply("", Usage(calls=error.calls)), stopwatch() - started, str(error))
            raise
        reply = replace(reply, text=_writable(reply.text))
        self._record(turn, key, messages, reply, stopwatch() - started, "")
        return reply.text

    def _record(
        self, turn: Turn[Answer], key: str, messages: tuple[Message, ...], reply: Reply, seconds: float, problem: str
    ) -> None:
        prompt = self.prompts[turn.role]
        self.tape.record(
            ModelAsked(
                key=key,
                role=turn.role,
                symbol=turn.symbol,
                model=self.minds[turn.role].name,
                prompt=prompt.name,
                prompt_hash=prompt.hash,
                messages=tuple((message.speaker, message.text) for message in messages),
                answer=reply.text,
                problem=problem,
                usage=reply.usage,
                seconds=round(seconds, 3),
            )
        )

    def _abstain(self, turn: Turn[Answer], reason: str) -> Abstained:
        self.tape.record(AgentAbstained(role=turn.role, symbol=turn.symbol, reason=reason))
        return Abstained(turn.role, reason)


def read(text: str, answer: type[Answer], check: Callable[[Answer], str]) -> Answer:
    """The answer in `text`: strictly its schema (`"80"` is no number), no NaN, nothing guessed.

    Raises:
        AnswerUnusable: it does not fit, or `check` found something wrong.
    """
    try:
        parsed = answer.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise AnswerUnusable(_explain(error), text) from error
    if problem := check(parsed):
        raise AnswerUnusable(problem, text)
    return parsed


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:5]
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in problems)


def _repair(answer: str, problem: str) -> tuple[Message, Message]:
    ask = f"That answer cannot be used: {problem}. Answer again, with the JSON object alone."
    return Message("assistant", answer[:SHOWN_AGAIN]), Message("user", ask)


def _writable(text: str) -> str:
    """The text without the half characters that JSON can escape but no file can hold."""
    return text.encode(errors="replace").decode()
