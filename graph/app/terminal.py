"""The chat in a terminal: one question, a pipe of questions, or a person who types until Ctrl-D."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perun.agents.chronicler import VOICES
from perun.graph.app.chatting import open_desk
from perun.graph.chat.speaking import Confirmation, Conversation
from perun.graph.chat.transcript import answer_row, spoken
from perun.tools.domain.chat_events import AnswerSaid, QuestionPut
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import Event, ToolCalled

SCHEMA: Final = "perun.chat/1"
UNCONFIRMED: Final = "perun: nobody is here to confirm it: perun halt --reason … halts the desk at once"


@dataclass(frozen=True)
class Person:
    """Who asks: what may be shown to them as it comes, and how they are asked back."""

    say: Callable[[str], None]
    """A line beside the answers: progress, and how to go on."""
    tell: Callable[[str], None]
    """An answer."""
    asked: Callable[[str], str] | None = None
    """Shows a prompt and waits for a line; None where nobody is there to type. Raises EOFError at the end."""


def converse(
    overrides: Mapping[str, str],
    person: Person,
    questions: Iterable[str] | None,
    *,
    voice: str,
    cycle: str,
    name: str | None,
) -> dict[str, Any]:
    """Hold a conversation: over the questions, or, with None, until the person ends it.

    Returns:
        The document `perun.chat/1` of this sitting.

    Raises:
        ConfigurationError: there is no such voice or cycle, or the conversation's name is none.
    """
    if voice not in VOICES:
        raise ConfigurationError(f"--agent {voice}: there are {', '.join(VOICES)}")
    with open_desk(overrides, lambda event: _show(event, person)) as desk:
        if cycle and desk.record.cycle(cycle) is None:
            raise ConfigurationError(f"--cycle {cycle}: the record knows no such cycle; perun why shows the last")
        conversation = Conversation(desk, name or f"c-{secrets.token_hex(4)}")
        if questions is None:
            questions = _typed(conversation, person)
        turns = [_turn(conversation, person, each, voice, cycle) for each in questions if each.strip()]
        return {"schema": SCHEMA, "conversation": conversation.name, "turns": turns}


def _turn(conversation: Conversation, person: Person, question: str, voice: str, cycle: str) -> dict[str, Any]:
    said, unconfirmed = conversation.ask(question, voice, cycle), False
    while isinstance(said, Confirmation):
        unconfirmed = person.asked is None
        if unconfirmed:
            person.say(UNCONFIRMED)
        said = conversation.confirm(person.asked is not None and _yes(person.asked, said.question))
    person.tell(spoken(said))
    return {"question": question, **answer_row(said), "unconfirmed": unconfirmed}


def _yes(asked: Callable[[str], str], question: str) -> bool:
    try:
        return asked(f"{question} [yes/no] ").strip().lower() in {"yes", "y"}
    except EOFError:
        return False


def _typed(conversation: Conversation, person: Person) -> Iterator[str]:
    """What the person types, after what was said before in this conversation."""
    assert person.asked is not None
    for event in conversation.said():
        if isinstance(event, QuestionPut):
            person.say(f"you ({event.voice})> {event.text}")
        elif isinstance(event, AnswerSaid):
            person.say(spoken(event))
    person.say("perun: ask about a decision, or type help; Ctrl-D ends")
    while True:
        try:
            yield person.asked("you> ")
        except EOFError:
            person.say(f"\nperun: perun chat --conversation {conversation.name} goes on with it")
            return


def _show(event: Event, person: Person) -> None:
    if isinstance(event, ToolCalled) and person.asked is not None:
        person.say(f"perun: reading {event.tool}")
