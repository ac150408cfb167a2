"""A lesson's words: by the mentor where a model is set, by the template where none is, or where it fails."""

from functools import partial
from typing import Final

from perun.agents.asking import Abstained, Asker
from perun.agents.mentor import MentorFacts, word
from perun.agents.roles import MENTOR
from perun.memory.reflection import Slots, Words, number_in, plainly, without_words

MOST: Final = 5
"""Lessons of one cycle that a model words: what a cycle may spend is for its decisions first."""


class Wording:
    """Words for the lessons of one cycle. A model that failed once is not asked again."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._left = MOST if MENTOR.name in asker.minds.keys() & asker.prompts.keys() else 0

    def of(self, name: str) -> Words:
        """Who finds the words for the lesson of that name."""
        return partial(self._found, name)

    def _found(self, name: str, slots: Slots) -> str:
        if not self._left:
            return plainly(slots)
        self._left -= 1
        facts = MentorFacts(symbol=slots.symbol, lesson=without_words(slots))
        said = word(self._asker, facts, name, _objection)
        if isinstance(said, Abstained):
            self._left = 0
            return plainly(slots)
        return said.words


def _objection(words: str) -> str:
    found = number_in(words)
    return f"words: leave out '{found}', the numbers stand beside it already" if found else ""
