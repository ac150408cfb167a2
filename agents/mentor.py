"""The mentor: finds the words for a lesson whose numbers stand already."""

from collections.abc import Callable

from perun.agents.answers import LessonAnswer
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.roles import MENTOR
from perun.tools.domain.frozen import Frozen


class MentorFacts(Frozen):
    """One thing that came to its end."""

    symbol: str
    lesson: str
    """What was done and what came of it, with every number, in the desk's own words."""


def word(asker: Asker, facts: MentorFacts, name: str, check: Callable[[str], str]) -> LessonAnswer | Abstained:
    """The sentence, or an abstention.

    Args:
        asker: Minds, prompts and the tape.
        facts: What the lesson is of.
        name: Tells it apart from the cycle's other lessons of the symbol.
        check: What is wrong with a sentence; empty when nothing is.
    """
    return asker.ask(
        Turn(
            role=MENTOR.name,
            symbol=facts.symbol,
            facts=facts,
            holes={"lesson": facts.lesson},
            answer=LessonAnswer,
            check=lambda answer: check(answer.words),
            matter=name,
        )
    )
