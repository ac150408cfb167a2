"""What becomes of prompts: versions, labels, and searches for better ones; by whom and why."""

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
    """A label was put on a version, and so taken from the one that bore it."""

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
    who: str
