"""A mind behind a LangChain chat model: asks with a schema, returns raw text, counts every request."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from pydantic import SecretStr

from perun.agents.failures import UNREADABLE, GaveUp, explained
from perun.agents.meter import Meter
from perun.agents.models import Question, Reply
from perun.agents.prices import FREE, Price
from perun.agents.speech import Dialect, Manner, heard
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import ModelRefusedKey, ModelUnavailable
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
    def attempt(self, seconds: float) -> Iterator[None]:
        """Stands around one question to the provider; waits at most so long for its turn.

        Raises:
            ModelRefusedKey: the key was refused before; nothing was asked.
            ModelUnavailable: the turn did not come.
        """
        with self._turn:
            free = self._turn.wait_for(lambda: self._answered or self._asking < _ASK_AT_ONCE, _bounded(seconds))
            if self._refusal:
                raise ModelRefusedKey(self._refusal)
            if not free:
                raise ModelUnavailable("the provider answered nobody in time")
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


def _no_failures() -> tuple[type[Exception], ...]:
    return ()


@dataclass(frozen=True)
class Provider:
    """What all models of one provider share in this process."""

    name: str
    """For people, e.g. `openai`."""
    dialect: Dialect
    seconds: float
    """Longest time for one answer, retries included."""
    key: SecretStr = field(default_factory=lambda: SecretStr(""))
    """Only to be blotted out of what the provider says."""
    failures: Callable[[], tuple[type[Exception], ...]] = _no_failures
    """What its client may raise beside LangChain's own errors; called only when something was raised."""
    lanes: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(8))
    """How many questions may be under way at once."""
    breaker: Breaker = field(default_factory=Breaker)
    meter: Meter = field(default_factory=Meter)


class ChatMind:
    """A Mind that asks a LangChain chat model, built when the first question comes."""

    def __init__(
        self, name: str, build: "Callable[[], BaseChatModel]", provider: Provider, price: Price = FREE
    ) -> None:
        self._name = name
        self._build = build
        self._provider = provider
        self._price = price
        self._manner = Manner(provider.dialect)
        self._building = threading.Lock()
        self._built: BaseChatModel | None = None

    @property
    def name(self) -> str:
        """Shown to people and recorded, e.g. `openai:gpt-5-mini`."""
        return self._name

    def reply(self, question: Question) -> Reply:
        """Ask once; the HTTP client retries what may pass, as often as it was built to and while time is left.

        Raises:
            ModelUnavailable: no answer came.
            ModelRefusedKey: the key is refused, now or by an earlier question.
        """
        provider, until = self._provider, stopwatch() + (inf if question.patience is None else question.patience)
        with _lane(provider, until - stopwatch()), provider.breaker.attempt(until - stopwatch()):
            chat = self._chat()
            provider.meter.begin(min(provider.seconds, until - stopwatch()))
            message = self._ask(chat, question)
        text, calls = heard(message)
        return Reply(text, self._usage(message), calls if question.tools else ())

    def _ask(self, chat: "BaseChatModel", question: Question) -> "AIMessage":
        """What the model says; a server that cannot be asked in this manner is asked in the next lower one."""
        while True:
            manner = self._manner
            try:
                return manner.put(chat, question)
            except _failures(self._provider) as error:
                lowered = manner.lowered(question, error)
                failure = explained(error, self._provider.name, self._secret, self._provider.meter.calls)
            # Raised out here so that the client's error, which may hold the key, is not carried along as its context.
            if lowered is None:
                raise failure
            self._manner = lowered

    @property
    def _secret(self) -> str:
        return self._provider.key.get_secret_value()

    def _chat(self) -> "BaseChatModel":
        with self._building:
            if self._built is None:
                self._built = self._build()
            return self._built

    def _usage(self, message: "AIMessage") -> Usage:
        calls = max(self._provider.meter.calls, 1)
        counted = message.usage_metadata
        if counted is None:
            return Usage(calls=calls)
        read, written = counted["input_tokens"], counted["output_tokens"]
        cached = counted.get("input_token_details", {}).get("cache_read") or 0
        cost = self._price.of(read, written, min(cached, read))
        return Usage(calls=calls, input_tokens=read, output_tokens=written, cost_usd=cost)


@contextmanager
def _lane(provider: Provider, seconds: float) -> Iterator[None]:
    """One of the provider's lanes, waited for at most so long.

    Raises:
        ModelUnavailable: none came free.
    """
    if not provider.lanes.acquire(timeout=_bounded(seconds)):
        raise ModelUnavailable(f"{provider.name} was busy with other questions until the time was over")
    try:
        yield
    finally:
        provider.lanes.release()


def _bounded(seconds: float) -> float | None:
    """Seconds as locks take them: none for ever, and never below zero."""
    return None if seconds == inf else max(0.0, seconds)


def _failures(provider: Provider) -> tuple[type[Exception], ...]:
    """What may come out of a chat model when its provider fails."""
    import httpx
    import httpx2
    from langchain_core.exceptions import LangChainException

    return (*provider.failures(), LangChainException, httpx.HTTPError, httpx2.HTTPError, GaveUp, *UNREADABLE)
