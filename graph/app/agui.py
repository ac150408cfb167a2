"""The AG-UI endpoint: the chat for other programs, over HTTP, with the halt's yes as an interrupt and its resume."""

from collections.abc import AsyncIterator, Sequence
from secrets import compare_digest
from typing import Any, Final, TypeGuard

from ag_ui.core import BaseEvent, RunAgentInput, RunErrorEvent, RunStartedEvent
from ag_ui_langgraph import LangGraphAgent, add_langgraph_fastapi_endpoint  # type: ignore[import-untyped] # has no types
from fastapi import Depends, FastAPI, HTTPException, Request
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Interrupt
from starlette.middleware.trustedhost import TrustedHostMiddleware

from perun.graph.app.output import hushed
from perun.graph.chat.builder import build
from perun.graph.chat.desk import ReadingDesk

PATH: Final = "/agui"
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
"""Names under which this machine calls itself; a page from elsewhere that reaches it comes under another."""
_OF_CLIENTS: Final = frozenset({"voice", "cycle"})
"""What a client may set in a turn's state. All else is the graph's own."""


class Talker(LangGraphAgent):  # type: ignore[misc] # its base has no types
    """The chat's graph behind AG-UI. A client may ask, say whom, and answer what it is asked back; nothing more."""

    def __init__(self, desk: ReadingDesk, saver: InMemorySaver) -> None:
        super().__init__(
            name="perun",
            description="Talk about the desk's decisions. Every sentence cites the record.",
            graph=build(saver),
            # Raw events of the graph would tell what has not been held against the record yet.
            emit_raw_events=False,
            emit_interrupt_outcome=True,
        )
        self._desk, self._saver = desk, saver

    def clone(self) -> "Talker":
        """One for each request: an agent keeps the state of its run."""
        return Talker(self._desk, self._saver)

    def get_stream_kwargs(self, *given: Any, **named: Any) -> dict[str, Any]:
        """What the graph is run with: the reading desk, and nothing of the client's as context."""
        return {**super().get_stream_kwargs(*given, **named), "context": self._desk}

    def get_schema_keys(self, config: Any) -> dict[str, list[str]]:
        """What goes in and comes out of a turn. Asked for its schema, the graph has none on Python before 3.12."""
        return {
            "input": ["messages", *_OF_CLIENTS],
            "output": ["messages", "voice", "answer"],
            "config": [],
            "context": [],
        }

    async def run(self, input: RunAgentInput) -> AsyncIterator[BaseEvent]:
        """One turn as events. A turn that came to its end leaves no checkpoint: the record has it."""
        config: Any = {"configurable": {"thread_id": input.thread_id}}
        if strange := _strange(input, (await self.graph.aget_state(config)).interrupts):
            yield RunStartedEvent(thread_id=input.thread_id, run_id=input.run_id)
            yield RunErrorEvent(message=strange)
            return
        async for event in super().run(_asked(input)):
            yield event.model_copy(update={"message": hushed(event.message)}) if _is_error(event) else event
        if not (await self.graph.aget_state(config)).next:
            await self._saver.adelete_thread(input.thread_id)


def _is_error(event: BaseEvent) -> TypeGuard[RunErrorEvent]:
    return isinstance(event, RunErrorEvent)


def _strange(input: RunAgentInput, waiting: Sequence[Interrupt]) -> str:
    """What is wrong with an answer to something that was not asked; empty when nothing is."""
    known = {each.id for each in waiting}
    answered = {each.interrupt_id for each in input.resume or ()}
    if answered - known or (_command(input) and not known):
        return "nothing waits for that answer: it was given before, or the server was started anew"
    return "" if known or input.messages else "nothing was asked"


def _command(input: RunAgentInput) -> dict[str, Any]:
    """An answer as older clients give it."""
    given = input.forwarded_props if isinstance(input.forwarded_props, dict) else {}
    command = given.get("command")
    return {"resume": command["resume"]} if isinstance(command, dict) and "resume" in command else {}


def _asked(input: RunAgentInput) -> RunAgentInput:
    """The request without whatever could choose the turn's way."""
    state = input.state if isinstance(input.state, dict) else {}
    allowed = {name: str(value) for name, value in state.items() if name in _OF_CLIENTS}
    resumed = {"command": command} if (command := _command(input)) else {}
    return input.model_copy(update={"state": allowed, "forwarded_props": resumed, "tools": [], "context": []})


def create_app(desk: ReadingDesk, token: str = "") -> FastAPI:
    """The chat at `/agui`, and `/health`.

    Args:
        desk: what conversations read.
        token: what every request must show as `Authorization: Bearer …`; with none, only this machine's own names
            are answered.
    """
    app = FastAPI(title="Perun", docs_url=None, redoc_url=None, openapi_url=None)
    if not token:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK])

    def shown(request: Request) -> None:
        said = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and not compare_digest(said.encode(), token.encode()):
            raise HTTPException(401, "show WEB_TOKEN as Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    add_langgraph_fastapi_endpoint(app, Talker(desk, InMemorySaver()), PATH, dependencies=[Depends(shown)])
    return app
