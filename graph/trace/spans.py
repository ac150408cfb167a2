"""A cycle's record as spans for other programs to draw: the cycle, its nodes, and in them models and tools.

Names of attributes are OpenInference's where it has one, and begin with `perun.` where it has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from perun.graph.ledger.events import StoredEvent
from perun.graph.trace.placing import placed
from perun.graph.trace.reading import Trace
from perun.tools.domain.events import ModelAsked, ToolCalled

Value = str | int | float | Sequence[str]

CYCLE: Final = "perun.cycle_id"
SLOT: Final = "perun.slot"
OUTCOME: Final = "perun.outcome"
NODE: Final = "perun.node"
SYMBOL: Final = "perun.symbol"
ROLE: Final = "perun.role"
PROMPT: Final = "perun.prompt"
EVENTS: Final = "perun.event_ids"
"""Under these ids the record has all that a span leaves out."""

KIND: Final = "openinference.span.kind"
INPUT: Final = "input.value"
OUTPUT: Final = "output.value"
MODEL: Final = "llm.model_name"
TOKENS_READ: Final = "llm.token_count.prompt"
TOKENS_WRITTEN: Final = "llm.token_count.completion"
TOOL: Final = "tool.name"
METADATA: Final = "metadata"
"""Where LangChain's own spans say to which thread they belong, as JSON."""


@dataclass(frozen=True)
class Span:
    """Something that took time, and what happened inside it."""

    name: str
    began: datetime
    ended: datetime
    attributes: Mapping[str, Value]
    inside: tuple["Span", ...] = field(default=())


def spans(trace: Trace) -> Iterator[Span]:
    """A span for each node of the cycle, with what it asked of models and tools."""
    for (node, symbol), stored in placed(trace.events).items():
        named = of_cycle(trace) | {NODE: node} | ({SYMBOL: symbol} if symbol else {})
        inside = tuple(_inner(each, trace, named) for each in stored if isinstance(each.event, ModelAsked | ToolCalled))
        yield Span(
            name=f"{node}/{symbol}" if symbol else node,
            began=stored[0].at,
            ended=max(each.at for each in stored),
            attributes={**named, KIND: "CHAIN", EVENTS: [trace.cite(each) for each in stored]},
            inside=inside,
        )


def of_cycle(trace: Trace) -> dict[str, Value]:
    """What every span of a cycle says."""
    return {CYCLE: trace.cycle.cycle_id, SLOT: trace.cycle.slot}


def _inner(stored: StoredEvent, trace: Trace, named: Mapping[str, Value]) -> Span:
    event = stored.event
    assert isinstance(event, ModelAsked | ToolCalled)
    told = _of_model(event) if isinstance(event, ModelAsked) else _of_tool(event)
    return Span(
        name=event.key,
        began=stored.at - timedelta(seconds=event.seconds),
        ended=stored.at,
        attributes={**named, **told, ROLE: event.role, EVENTS: [trace.cite(stored)]},
    )


def _of_model(event: ModelAsked) -> dict[str, Value]:
    return {
        KIND: "LLM",
        MODEL: event.model,
        PROMPT: f"{event.prompt} {event.prompt_hash}",
        INPUT: "\n\n".join(text for _, text in event.messages),
        OUTPUT: event.answer or event.problem,
        TOKENS_READ: event.usage.input_tokens,
        TOKENS_WRITTEN: event.usage.output_tokens,
    }


def _of_tool(event: ToolCalled) -> dict[str, Value]:
    return {KIND: "TOOL", TOOL: event.tool, INPUT: event.arguments, OUTPUT: event.result}
