"""A reading desk with a mind of the test's own, and what a conversation came to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from perun.agents.chronicler import VOICES
from perun.agents.models import Mind
from perun.graph.app.chatting import open_desk
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.speaking import Confirmation, Conversation
from perun.tools.domain.chat_events import AnswerSaid


@contextmanager
def desk_with(mind: Mind, settings: Mapping[str, str], tool_rounds: int = 2) -> Iterator[ReadingDesk]:
    """The desk of these settings, with the mind in every voice."""
    with open_desk(settings) as desk:
        yield replace(desk, minds=lambda: dict.fromkeys(VOICES, mind), tool_rounds=tool_rounds)


def says(*sentences: tuple[str, str], in_record: bool = True) -> str:
    """A model's answer: sentences, each with its citations apart by blanks."""
    rows = [{"text": text, "cites": cites.split()} for text, cites in sentences]
    return json.dumps({"in_record": in_record, "sentences": rows})


def ask(desk: ReadingDesk, question: str, name: str = "c", voice: str = "desk", cycle: str = "") -> AnswerSaid:
    """The answer to a question that is none about halting."""
    answer = Conversation(desk, name).ask(question, voice, cycle)
    assert not isinstance(answer, Confirmation)
    return answer
