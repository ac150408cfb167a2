"""Facts as text: how what an agent sees is written into its prompt, in the words that its tools use too."""

from collections.abc import Iterable

from perun.agents.facts import Remembered
from perun.tools.toolbox.wording import (
    bars,
    day,
    distances,
    findings,
    indicators,
    instant,
    lines,
    number,
    portfolio,
    position,
    quote,
)

__all__ = [
    "bars",
    "bracketed",
    "day",
    "distances",
    "findings",
    "indicators",
    "instant",
    "known",
    "lines",
    "memories",
    "number",
    "portfolio",
    "position",
    "quote",
]


def memories(remembered: Iterable[Remembered]) -> str:
    """What the desk remembers, each with its evidence id and date; what came from outside says so."""
    return lines(
        f"{memory.evidence} {day(memory.as_of)} {memory.kind}{' (from outside)' * memory.tainted}: {memory.text}"
        for memory in remembered
    )


def bracketed(evidence: str) -> str:
    """The id in square brackets, as it stands in prompts, whether or not the model wrote them."""
    return f"[{evidence.strip().strip('[]')}]"


def known(ids: Iterable[str], shown: Iterable[str]) -> list[str]:
    """Those ids that the desk itself gave to be cited, once each; one that stands in a text alone is no evidence."""
    given = frozenset(shown)
    return [id_ for id_ in dict.fromkeys(map(bracketed, ids)) if id_ in given]
