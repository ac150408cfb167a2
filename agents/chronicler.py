"""The chronicler: answers a person's question about the record, from the record alone, in the voice of a role."""

from collections.abc import Sequence
from typing import Final

from perun.agents.answers import ChronicleAnswer
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.roles import CHRONICLER
from perun.agents.wording import lines
from perun.tools.domain.frozen import Frozen
from perun.tools.toolbox.tool import Tool

DESK: Final = "desk"
"""The voice that is nobody's in particular."""
VOICES: Final = {
    DESK: "Speak for the whole desk, as its record keeper: who saw, said, measured and did what.",
    "analyst": "Speak as the desk's analyst: what you were shown of a share, and how you judged it and why.",
    "researcher": "Speak as the desk's researcher: what you found out about a share, and from which sources.",
    "trader": "Speak as the desk's trader: what you wished to do with each share, how sure you were, and why.",
    "risk_manager": "Speak as the desk's risk manager: what you approved, shrank or vetoed, and what was measured.",
}
"""Who may be talked to, and how each speaks."""


class Exchange(Frozen):
    """A question of this conversation, and what was said to it."""

    question: str
    answer: str


class ChroniclerFacts(Frozen):
    """A question, what was said before it, and the part of the record that seems to bear on it."""

    voice: str
    question: str
    history: tuple[Exchange, ...] = ()
    record: tuple[str, ...] = ()
    """One line a fact, each with its citation first."""


def chronicle(asker: Asker, facts: ChroniclerFacts, tools: Sequence[Tool] = ()) -> ChronicleAnswer | Abstained:
    """The sentences that a model would say, unchecked; or an abstention."""
    return asker.ask(Turn(CHRONICLER.name, None, facts, _holes(facts), ChronicleAnswer, tools=tuple(tools)))


def _holes(facts: ChroniclerFacts) -> dict[str, str]:
    said = (f"The person: {each.question} You: {each.answer}" for each in facts.history)
    return {
        "voice": VOICES[facts.voice],
        "question": " ".join(facts.question.split()),
        "history": lines(said),
        "record": lines(map(unfenced, facts.record)),
    }


def unfenced(text: str) -> str:
    """The text without anything that could close the fence around the record."""
    return text.replace("<", "\u2039").replace(">", "\u203a")
