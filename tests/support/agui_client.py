"""A client of AG-UI over HTTP, made of the protocol's own types: every event that comes is validated."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
from ag_ui.core import Event, Interrupt, ResumeEntry, RunAgentInput, UserMessage
from fastapi import FastAPI
from pydantic import TypeAdapter

from perun.graph.app.exchange_server.serving import bound, server_of

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)


@dataclass
class Client:
    """One thread of a person's program."""

    url: str
    thread: str
    headers: dict[str, str] = field(default_factory=dict)
    messages: list[UserMessage] = field(default_factory=list)

    def ask(self, text: str, **state: str) -> list[Any]:
        """The events of a question."""
        self.messages.append(UserMessage(id=uuid4().hex, role="user", content=text))
        return self.run(state=state)

    def resume(self, interrupt: str, payload: object, status: Any = "resolved") -> list[Any]:
        """The events of an answer to what was asked back."""
        return self.run(resume=[ResumeEntry(interrupt_id=interrupt, status=status, payload=payload)])

    def run(self, **more: Any) -> list[Any]:
        """One run: its events, in order."""
        given: dict[str, Any] = {"state": {}, "tools": [], "context": [], "forwarded_props": {}, **more}
        body = RunAgentInput(thread_id=self.thread, run_id=uuid4().hex, messages=self.messages, **given)
        said = json.loads(body.model_dump_json(by_alias=True, exclude_none=True))
        with httpx.stream("POST", f"{self.url}/agui", json=said, headers=self.headers, timeout=60) as answer:
            answer.raise_for_status()
            lines = [line.removeprefix("data:") for line in answer.iter_lines() if line.startswith("data:")]
        return [_EVENT.validate_json(line) for line in lines]


def text_of(events: list[Any]) -> str:
    """What was said in a run."""
    return "".join(event.delta for event in events if event.type == "TEXT_MESSAGE_CONTENT")


def interrupt_of(events: list[Any]) -> Interrupt:
    """What a run asks back."""
    (interrupt,) = events[-1].outcome.interrupts
    assert isinstance(interrupt, Interrupt)
    return interrupt


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app on a free port of loopback; its address."""
    listener = bound("127.0.0.1", 0)
    server = server_of(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
