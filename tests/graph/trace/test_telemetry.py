"""Spans sent to a real receiver over HTTP: what they say, what they must not say, and what when nobody listens."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.telemetry import telemetry
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.graph.ledger.ledger import open_ledger
from perun.tools.domain.clock import SystemClock
from support.floor import parts, settings
from support.minds import COST

CANARY = "hedgehog-in-the-fog-canary"
SYMBOLS = ("AAPL", "IBM")


@dataclass
class Receiver:
    """A collector that keeps what it is sent."""

    address: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Every span, in the order in which they came."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [scope for each in requests for resource in each.resource_spans for scope in resource.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def named(self, name: str) -> Mapping[str, Any]:
        """Attributes of the desk's own span of that name."""
        (found,) = [said for span in self.spans if span.name == name and "perun.event_ids" in (said := told(span))]
        return found


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    receiver.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def told(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in span.attributes}


class Talkative:
    """The baseline, which lets a secret slip in what it says."""

    name = "talkative"

    def reply(self, question: Question) -> Reply:
        return Reply(Baseline().reply(question).text.replace("Baseline:", f"Baseline {CANARY}:"), COST)


def traced(folder: Path, address: str, **changes: Any) -> tuple[dict[str, Any], list[str]]:
    """A cycle whose spans go to the address; and what was said to a person."""
    said: list[str] = []
    chosen = settings(folder, otel_exporter_otlp_endpoint=address, **changes)
    with (
        open_floor(chosen, parts(Talkative())) as floor,
        telemetry(chosen, floor.hand.ledger, said.append) as tell,
    ):
        document = run_cycle(floor, SYMBOLS, "traced")
        tell(document)
    return document, said


def test_when_a_collector_is_named_then_it_gets_cycle_nodes_and_models_linked_to_the_record(tmp_path: Path) -> None:
    with receiving() as receiver:
        document, said = traced(tmp_path, receiver.address)
        cycle_id, root = document["cycle_id"], next(span for span in receiver.spans if span.name == "cycle")
        assert said == []
        assert told(root)["perun.slot"] == "traced"
        assert {told(span).get("perun.cycle_id") for span in receiver.spans} == {cycle_id}
        assert {span.trace_id for span in receiver.spans} == {root.trace_id}
        assert receiver.named("analyse/IBM")["perun.symbol"] == "IBM"
        trader = receiver.named("trader:*:0")
        assert (trader["openinference.span.kind"], trader["llm.token_count.prompt"]) == ("LLM", 100)
        (event,) = trader["perun.event_ids"].values
        assert event.string_value.startswith(f"{cycle_id}/event:")


def test_when_langgraph_runs_then_its_own_spans_come_too_and_show_no_state(tmp_path: Path) -> None:
    with receiving() as receiver:
        traced(tmp_path, receiver.address)
        own = [told(span) for span in receiver.spans if "metadata" in told(span)]
        assert {each.get("input.value") for each in own} <= {None, "__REDACTED__"}
        assert len(own) > len(SYMBOLS)


def test_when_secrets_are_said_then_none_is_in_any_payload(tmp_path: Path) -> None:
    with receiving() as receiver:
        traced(tmp_path, receiver.address, openai_api_key=CANARY, alpaca_secret_key=f"{CANARY}-other")
        assert any(b"[key]" in body for body in receiver.bodies)
        assert not any(CANARY.encode() in body for body in receiver.bodies)


def test_when_something_inside_names_a_secret_that_no_record_blotted_then_no_payload_has_it(tmp_path: Path) -> None:
    with receiving() as receiver, open_ledger(tmp_path / "perun.db", SystemClock()) as ledger:
        chosen = settings(tmp_path, otel_exporter_otlp_endpoint=receiver.address, openai_api_key=CANARY)
        with telemetry(chosen, ledger, pytest.fail):
            RunnableLambda(str).invoke("", {"run_name": f"named {CANARY}", "metadata": {"told": CANARY}})
        assert "named [key]" in [span.name for span in receiver.spans]
        assert not any(CANARY.encode() in body for body in receiver.bodies)


@pytest.mark.parametrize("listens", [False, True], ids=["closed", "silent"])
def test_when_the_collector_does_not_answer_then_the_cycle_ends_as_ever_and_one_line_says_so(
    tmp_path: Path, listens: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket()) as door, caplog.at_level(logging.WARNING):
        door.bind(("127.0.0.1", 0))
        if listens:
            door.listen()
        document, said = traced(tmp_path, f"http://127.0.0.1:{door.getsockname()[1]}")
    assert document["outcome"] == "traded"
    (line,) = said
    assert "could not be sent" in line
    assert caplog.records == []


def test_when_no_collector_is_named_then_nothing_is_said_to_anybody(tmp_path: Path) -> None:
    document, said = traced(tmp_path, "")
    assert (document["outcome"], said) == ("traded", [])
