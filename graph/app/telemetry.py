"""Spans of a run for any OpenTelemetry backend, when one is named; it may be down, and no cycle minds."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.graph.ledger.ledger import Ledger
from perun.graph.redaction import Redaction
from perun.graph.trace.reading import trace_of
from perun.graph.trace.spans import CYCLE, KIND, METADATA, OUTCOME, Span, Value, of_cycle, spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

Tell = Callable[[Mapping[str, Any]], None]
"""Takes the document of a cycle that has ended; one that had ended before is not told twice."""

PATIENCE: Final = 3
"""Seconds that a batch of spans may take to be sent."""
_NAME: Final = "perun"


@contextmanager
def telemetry(settings: Settings, ledger: Ledger, say: Callable[[str], None]) -> Iterator[Tell]:
    """What is run in the block is told to OTEL_EXPORTER_OTLP_ENDPOINT; without one, nothing is loaded.

    LangChain's own spans carry times and names only; the record's spans have what was said, without secrets.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        yield lambda _: None
        return
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.langchain import LangChainInstrumentor
    from opentelemetry.trace import use_span

    # A collector that is down is said once, below, and not at every attempt with a traceback.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = _hushed_exporter(_address(settings), redaction(settings))
    provider, instrumentor = _provider(exporter), LangChainInstrumentor()
    config = TraceConfig(hide_inputs=True, hide_outputs=True)
    instrumentor.instrument(tracer_provider=provider, config=config)
    root = provider.get_tracer(_NAME).start_span("cycle", attributes={KIND: "AGENT"})

    def tell(document: Mapping[str, Any]) -> None:
        cycle = ledger.cycles.by_id(document["cycle_id"])
        if cycle is None or document["outcome"] == "duplicate":
            return
        trace = trace_of(cycle, ledger.events.read(cycle.cycle_id))
        root.set_attributes({**of_cycle(trace), OUTCOME: cycle.outcome or ""})
        for each in spans(trace):
            _start(each, provider)

    try:
        with use_span(root, end_on_exit=True, record_exception=False):
            yield tell
    finally:
        instrumentor.uninstrument()
        provider.shutdown()
        if exporter.lost:
            say(f"perun: {exporter.lost} spans could not be sent to OTEL_EXPORTER_OTLP_ENDPOINT; the record has it all")


def _address(settings: Settings) -> str:
    return f"{str(settings.otel_exporter_otlp_endpoint).rstrip('/')}/v1/traces"


def _provider(exporter: "SpanExporter") -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": _NAME}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=PATIENCE * 1000))
    return provider


def _start(span: Span, provider: "TracerProvider", parent: Any = None) -> None:
    """Begin and end the span at the times that the record has, under the one that is open."""
    from opentelemetry.trace import set_span_in_context

    context = set_span_in_context(parent) if parent is not None else None
    begun = provider.get_tracer(_NAME).start_span(
        span.name, context, attributes=dict(span.attributes), start_time=_nanoseconds(span.began)
    )
    for each in span.inside:
        _start(each, provider, begun)
    begun.end(_nanoseconds(span.ended))


def _nanoseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000) * 1000


def _hushed_exporter(address: str, blotted: Redaction) -> Any:
    """Sends spans without secrets; those of LangChain are told their cycle."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    class HushedExporter(OTLPSpanExporter):
        lost = 0

        def export(self, spans: "Sequence[ReadableSpan]") -> SpanExportResult:
            result = super().export([_without_secrets(each, blotted) for each in spans])
            if result is not SpanExportResult.SUCCESS:
                self.lost += len(spans)
            return result

    return HushedExporter(address, timeout=PATIENCE)


def _without_secrets(span: "ReadableSpan", blotted: Redaction) -> "ReadableSpan":
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status

    attributes = {name: _blot(value, blotted) for name, value in _with_cycle(span.attributes or {}).items()}
    return ReadableSpan(
        name=blotted.text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        # Errors of LangChain's spans hold whatever a provider said: the record has them, without secrets.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _with_cycle(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    if CYCLE in attributes or METADATA not in attributes:
        return attributes
    thread = json.loads(attributes[METADATA]).get("thread_id")
    return {**attributes, CYCLE: thread} if thread else attributes


def _blot(value: Value, blotted: Redaction) -> Value:
    if isinstance(value, str):
        return blotted.text(value)
    if isinstance(value, Sequence):
        return [blotted.text(each) for each in value]
    return value
