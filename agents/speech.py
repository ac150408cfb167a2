"""How a question is put to a chat model: its messages, its tools, and the way in which the answer's shape is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel

from perun.agents.failures import refuses_form, refuses_tools
from perun.agents.models import Message, Question, ToolCall, ToolSpec
from perun.agents.schemas import json_schema

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

Way = Literal["schema", "function", "words"]
"""How an answer's shape is told, best first: as the format of the answer, as a function to call, in the prompt."""

ANSWER: Final = "answer"
"""The function whose arguments are the answer."""


@dataclass(frozen=True)
class Dialect:
    """What a provider's protocol has words for."""

    schema: Callable[[type[BaseModel]], dict[str, Any]]
    """The arguments of a request that tell the format of the answer."""
    ignores: frozenset[str]
    """JSON schema keywords that a function's schema cannot hold."""
    tools: bool = True
    schema_beside_tools: bool = True
    """Whether a request may hold both; where it may not, the answer is asked for as one more function."""


@dataclass(frozen=True)
class Manner:
    """How one model is asked in this process: as its protocol allows, until the server says that it cannot."""

    dialect: Dialect
    way: Way = "schema"
    tools: bool = True

    def way_of(self, question: Question) -> Way:
        """How this question's answer is asked for."""
        crowded = self.way == "schema" and self._offers(question) and not self.dialect.schema_beside_tools
        return "function" if crowded else self.way

    def lowered(self, question: Question, error: Exception) -> "Manner | None":
        """The next lower manner, when the error says that the server refuses this one; else None."""
        way = self.way_of(question)
        if way == "schema" and refuses_form(error):
            return replace(self, way="function" if self._has_tools else "words")
        if (way == "function" or self._offers(question)) and refuses_tools(error):
            return replace(self, tools=False, way="words" if self.way == "function" else self.way)
        return None

    def put(self, chat: "BaseChatModel", question: Question) -> "AIMessage":
        """Ask, and return what came back."""
        way = self.way_of(question)
        arguments = self.dialect.schema(question.answer) if way == "schema" else {}
        tools = [self._function(spec) for spec in question.tools] if self._has_tools else []
        choice = None
        if way == "function":
            choice = "any" if tools else ANSWER
            tools.append(self._answer(question.answer))
        asked = list(_spoken(self._messages(question, way), self._has_tools))
        if not tools:
            return chat.invoke(asked, **arguments)
        return chat.bind_tools(tools, tool_choice=choice, **arguments).invoke(asked)

    @property
    def _has_tools(self) -> bool:
        return self.tools and self.dialect.tools

    def _offers(self, question: Question) -> bool:
        return bool(question.tools) and self._has_tools

    def _messages(self, question: Question, way: Way) -> Sequence[Message]:
        if way != "words":
            return question.messages
        schema = json.dumps(json_schema(question.answer), separators=(",", ":"))
        told = f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{schema}"
        first, *rest = question.messages
        return replace(first, text=f"{first.text}\n\n{told}"), *rest

    def _function(self, spec: ToolSpec) -> dict[str, Any]:
        parameters = json_schema(spec.arguments, self.dialect.ignores)
        function = {"name": spec.name, "description": spec.description, "parameters": parameters, "strict": True}
        return {"type": "function", "function": function}

    def _answer(self, answer: type[BaseModel]) -> dict[str, Any]:
        return self._function(ToolSpec(ANSWER, "Give your answer: call this once, when you are done.", answer))


def heard(message: "AIMessage") -> tuple[str, tuple[ToolCall, ...]]:
    """The text of an answer, and the calls in it.

    The arguments of an answer that is asked for as a function are its text; a refusal is an answer too, though not the
    one that was asked for.
    """
    calls = tuple(_calls(message))
    if answers := [call.arguments for call in calls if call.name == ANSWER]:
        return "\n".join(answers), ()
    return str(message.text) or str(message.additional_kwargs.get("refusal") or ""), calls


def _calls(message: "AIMessage") -> Iterator[ToolCall]:
    for number, call in enumerate(message.tool_calls):
        yield ToolCall(call["id"] or f"call-{number}", call["name"], json.dumps(call["args"]))
    for number, broken in enumerate(message.invalid_tool_calls):
        yield ToolCall(broken["id"] or f"broken-{number}", broken["name"] or "", broken["args"] or "")


def _spoken(messages: Sequence[Message], has_tools: bool) -> "Iterator[BaseMessage]":
    """The messages as the client takes them; where there are no tools, what was said with them is told as text."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    for message in messages:
        match message.speaker:
            case "system":
                yield SystemMessage(message.text)
            case "assistant" if message.calls and has_tools:
                yield _with_calls(message)
            case "assistant":
                asked = (f"I look up {call.name} {call.arguments}" for call in message.calls)
                yield AIMessage("\n".join((message.text, *asked)).strip())
            case "tool" if has_tools:
                yield ToolMessage(message.text, tool_call_id=message.answers or "")
            case _:
                yield HumanMessage(message.text)


def _with_calls(message: Message) -> "AIMessage":
    from langchain_core.messages import AIMessage

    sound, broken = [], []
    for call in message.calls:
        try:
            arguments = json.loads(call.arguments)
        except (ValueError, RecursionError):
            arguments = None
        if isinstance(arguments, dict):
            sound.append({"name": call.name, "args": arguments, "id": call.id, "type": "tool_call"})
        else:
            told = {"name": call.name, "args": call.arguments, "id": call.id, "error": "no JSON object"}
            broken.append({**told, "type": "invalid_tool_call"})
    return AIMessage(message.text, tool_calls=sound, invalid_tool_calls=broken)
