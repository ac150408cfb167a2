"""Whether a model may have read about the days of a replay: inside its knowledge, outside it, or nobody knows."""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from perun.agents.knowledge import declared_cutoff, reads_nothing

Knowledge = Literal["inside", "outside", "unknown"]
"""`inside`: some day lies before a model's cut-off; `outside`: all lie after every one; `unknown`: one is not known."""

TOLD: Final[dict[Knowledge, str]] = {
    "inside": "inside the model's knowledge: it may have read about these days, so they prove nothing about its skill",
    "outside": "outside any model's knowledge: no model was asked, or every day lies after its declared cut-off",
    "unknown": "the model's knowledge cut-off is not known (LLM_CUTOFF tells it): take these days as inside it",
}
"""What each label says to a person."""


def knowledge(minds: Iterable[str], begins: date, own: date | None = None) -> Knowledge:
    """The label of every figure of a replay.

    Args:
        minds: names of all that may answer, those asked in another's place included, e.g. `openai:gpt-5-mini`.
        begins: the first day that is decided on.
        own: a person's own word on the cut-off of all of them; it wins over the table.
    """
    readers = {mind for mind in minds if not reads_nothing(mind)}
    known = {mind: own or declared_cutoff(mind) for mind in readers}
    if any(cutoff is not None and begins <= cutoff for cutoff in known.values()):
        return "inside"
    return "unknown" if None in known.values() else "outside"
