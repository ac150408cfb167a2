"""A mind behind a LangChain chat model: asks with a schema, returns raw text, counts every request."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr

from perun.agents.clients import openai_format
from perun.agents.failures import UNREADABLE, explained
from perun.agents.models import Question, Reply
from perun.tools.domain.errors import ModelRefusedKey
from perun.tools.domain.events import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

_ASK_AT_ONCE = 4


class Breaker:
    """Lets nobody ask again once the key was refused, and only a few before a first request has come back."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._asking = 0
        self._answered = False
        self._refusal = ""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Stands around one question to the provider.

        Raises:
            ModelRefusedKey: the key was refused before; nothing was asked.
        """
        with self._turn:
            self._turn.wait_for(lambda: self._answered or self._asking < _ASK_AT_ONCE)
            if self._refusal:
                raise ModelRefusedKey(self._refusal)
            self._asking += 1
        try:
            yield
        except ModelRefusedKey as error:
            self._refusal = str(error)
            raise
        finally:
            with self._turn:
                self._asking -= 1
                self._answered = True
                self._turn.notify_all()


class RequestMeter(threading.local):
    """Counts requests, retries included, for each thread apart: many questions are asked at once."""

    calls = 0

    def note(self, _request: object) -> None:
        """One request goes out; the HTTP client calls this on the thread that asks."""
        self.calls += 1


def _no_failures() -> tuple[type[Exception], ...]:
    return ()


@dataclass(frozen=True)
class Provider:
    """What all models of one provider share in this process."""

    name: str
    """For people, e.g. `openai`."""
    key: SecretStr = field(default_factory=lambda: SecretStr(""))
    """Only to be blotted out of what the provider says."""
    constrain: Callable[[type[BaseModel]], dict[str, Any]] = openai_format
    """The arguments of a request that tell the shape of the answer."""
    failures: Callable[[], tuple[type[Exception], ...]] = _no_failures
    """What its client may raise beside LangChain's own errors; called only when something was raised."""
    lanes: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(8))
    """How many questions may be under way at once."""
    breaker: Breaker = field(default_factory=Breaker)
    meter: RequestMeter = field(default_factory=RequestMeter)


class ChatMind:
    """A Mind that asks a LangChain chat model, built when the first question comes."""

    def __init__(self, name: str, build: "Callable[[], BaseChatModel]", provider: Provider | None = None) -> None:
        self._name = name
        self._build = build
        self._provider = provider or Provider(name)
        self._building = threading.Lock()
        self._built: BaseChatModel | None = None

    @property
    def name(self) -> str:
        """Shown to people and recorded, e.g. `openai:gpt-5-mini`."""
        return self._name

    def reply(self, question: Question) -> Reply:
        """Ask once; the HTTP client retries what may pass, as often as it was built to.

        Raises:
            ModelUnavailable: no answer came.
            ModelRefusedKey: the key is refused, now or by an earlier question.
        """
        with self._provider.lanes, self._provider.breaker.attempt():
            before = self._provider.meter.calls
            message = self._ask(question, before)
        return Reply(_text(message), _usage(message, self._provider.meter.calls - before))

    def _ask(self, question: Question, before: int) -> "AIMessage":
        provider, chat = self._provider, self._chat()
        shape = provider.constrain(question.answer)
        turns = [(message.speaker, message.text) for message in question.messages]
        try:
            return chat.invoke(turns, **shape)
        except _failures(provider) as error:
            failure = explained(error, provider.name, provider.key.get_secret_value(), provider.meter.calls - before)
        # Raised out here so that the client's error, which may hold the key, is not carried along as its context.
        raise failure

    def _chat(self) -> "BaseChatModel":
        with self._building:
            if self._built is None:
                self._built = self._build()
            return self._built


def _failures(provider: Provider) -> tuple[type[Exception], ...]:
    """What may come out of a chat model when its provider fails."""
    import httpx
    import httpx2
    from langchain_core.exceptions import LangChainException

    return (*provider.failures(), LangChainException, httpx.HTTPError, httpx2.HTTPError, *UNREADABLE)


def _text(message: "AIMessage") -> str:
    """What the model said; a refusal is an answer too, though not the one that was asked for."""
    return str(message.text) or str(message.additional_kwargs.get("refusal") or "")


def _usage(message: "AIMessage", calls: int) -> Usage:
    counted = message.usage_metadata
    return Usage(
        calls=max(calls, 1),
        input_tokens=counted["input_tokens"] if counted else 0,
        output_tokens=counted["output_tokens"] if counted else 0,
    )
