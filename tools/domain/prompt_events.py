"""What becomes of prompts: versions, labels, and searches for better ones; by whom and why."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Amount

Label = Literal["in use", "candidate", "shadow", "previous"]
"""What a version of an agent's prompt is to the desk; a version may bear several labels, a label stands on one."""


class PromptAdded(Frozen):
    """A version of an agent's prompt was put on the shelf; it is not in use by that."""

    kind: Literal["prompt.added"] = "prompt.added"
    agent: str
    version: str
    hash: str
    """Of the text that is spoken."""
    who: str


class PromptLabelled(Frozen):
    """A label was put on a version, and so taken from the one that bore it; with no version, it was only taken away."""

    kind: Literal["prompt.labelled"] = "prompt.labelled"
    agent: str
    label: Label
    version: str
    hash: str
    reason: str
    who: str


class WindowWeighed(Frozen):
    """Candidates were held against the prompt in use over a window of recorded days: the ledger of trials."""

    kind: Literal["prompt.weighed"] = "prompt.weighed"
    attempt: str
    agent: str
    incumbent: str
    """Hash of the prompt in use."""
    candidates: Annotated[tuple[str, ...], Field(min_length=1)]
    """Hash of every candidate that counted."""
    window: Literal["validation", "sealed"]
    days: str
    """First and last session."""
    cycles: int
    best: str
    """Hash of the best of them."""
    effect: Amount
    """By how much its mean quadratic loss was smaller."""
    low: Amount
    high: Amount
    p_value: Amount
    needed: int
    """Cycles with which the effect that was asked for would be seen."""


class CandidatesSought(Frozen):
    """A model was asked for other words for a prompt, with what the record says of the present ones."""

    kind: Literal["prompt.sought"] = "prompt.sought"
    attempt: str
    agent: str
    incumbent: str
    """Hash of the prompt in use."""
    model: str
    days: str
    """First and last session of those that it learned from; they never judge what came of it."""
    last_day: date
    asked: int
    """Rewrites that were asked for."""
    refused: tuple[str, ...]
    """Of those, why a rewrite could not be a prompt of the agent, each with its reason."""
    landed: str
    """Hash of the candidate that was put on the shelf; empty when nothing did better on those days."""
    before: Amount
    """Mean score of the prompt in use on those days, 0 to 1."""
    after: Amount
    """Mean score of the best rewrite; that of the prompt in use when there was none."""
    cost_usd: Amount
    """Of replays and rewrites, those that were answered from memory included."""


class ShadowPlayed(Frozen):
    """A prompt in the shadow of the one in use decided a finished cycle again, on the facts that were gathered then."""

    kind: Literal["prompt.shadowed"] = "prompt.shadowed"
    agent: str
    hash: str
    cycle_id: str
    fork: str
    """The stream in which it was run."""
    decisions: int
    same: int
    """Decisions that came out as they did then."""
    asked: int
    """Proposals that the gate was asked about."""
    denied: int
    asked_then: int
    denied_then: int
    cost_usd: Amount
    cost_then_usd: Amount
    """What the same roles had cost then."""


class CandidateJudged(Frozen):
    """A search came to its end: may its best candidate be put in use?"""

    kind: Literal["prompt.judged"] = "prompt.judged"
    attempt: str
    agent: str
    version: str
    hash: str
    eligible: bool
    reasons: tuple[str, ...]
    """Every one that speaks against it."""
    threshold: Amount
    drawdown: Amount = Decimal(0)
    """Its largest fall in the replay, as a fraction of equity."""
    who: str
