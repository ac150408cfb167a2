"""What was sent, rebuilt from the record alone: every prompt, every verdict, every order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from perun.graph.trace.reading import Trace
from perun.tools.domain.events import IntentWritten, ModelAsked, VerdictGiven
from perun.tools.domain.orders import OrderTerms
from perun.tools.domain.verdicts import Verdict


@dataclass(frozen=True)
class Prompted:
    """One request to a model."""

    key: str
    model: str
    messages: Sequence[tuple[str, str]]
    """(speaker, text) pairs, as they were rendered."""
    offered: Sequence[str]
    """Tools that it might have asked for."""
    answer: str


def prompts(trace: Trace) -> list[Prompted]:
    """Every request to a model, in the order in which they were answered."""
    return [
        Prompted(asked.key, asked.model, asked.messages, asked.offered, asked.answer)
        for _, asked in trace.all(ModelAsked)
    ]


def verdicts(trace: Trace, stage: Literal["gate", "wire"] = "gate") -> list[Verdict]:
    """Every answer of the gate; or of the check at the wire, which cleared again or denied after all."""
    return [given.verdict for _, given in trace.all(VerdictGiven) if given.stage == stage]


def orders(trace: Trace) -> dict[str, OrderTerms]:
    """The terms under each client order id, as they were last meant before they were sent."""
    return {written.terms.client_order_id: written.terms for _, written in trace.all(IntentWritten)}
