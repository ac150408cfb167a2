"""What was asked and said in a conversation about the record, as typed events of the stream `chat:<id>`."""

from typing import Literal

from perun.tools.domain.frozen import Frozen


class Said(Frozen):
    """One sentence that was said, with what it rests on."""

    text: str
    cites: tuple[str, ...]
    """In square brackets, such as `[cycle:2009-06-01/event:12]`; every one was found in the record."""


class Withheld(Frozen):
    """One sentence that was not said."""

    text: str
    """For the record alone; nobody is shown it."""
    reason: str


class QuestionPut(Frozen):
    """A person asked something."""

    kind: Literal["chat.question"] = "chat.question"
    turn: int
    """1 for the first question of a conversation."""
    voice: str
    """Who was asked: a role, or `desk`."""
    text: str


class AnswerSaid(Frozen):
    """What was answered, sentence by sentence, and which cycles it touches."""

    kind: Literal["chat.answer"] = "chat.answer"
    turn: int
    voice: str
    mind: str
    """Who found the words: a model, or the baseline."""
    said: tuple[Said, ...] = ()
    notes: tuple[str, ...] = ()
    """The desk's own words, which claim nothing about a decision: what the record does not hold, what was withheld."""
    withheld: tuple[Withheld, ...] = ()
    cycles: tuple[str, ...] = ()
    """Ids of the cycles that the answer is about."""


class HaltAsked(Frozen):
    """A person asked in the chat to halt the desk, and is asked back."""

    kind: Literal["chat.halt.asked"] = "chat.halt.asked"
    turn: int
    reason: str


class HaltSettled(Frozen):
    """The person confirmed the halt, or did not."""

    kind: Literal["chat.halt.settled"] = "chat.halt.settled"
    turn: int
    confirmed: bool
    errors: tuple[str, ...] = ()
    """What of it did not work, a line each."""


ChatEvent = QuestionPut | AnswerSaid | HaltAsked | HaltSettled
"""Whatever a conversation's stream holds beside the requests to its models."""
