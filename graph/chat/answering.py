"""One answer: a model's sentences or the baseline's, held against the record before anything is said."""

from contextvars import Context
from dataclasses import dataclass, replace
from typing import Final

from perun.agents.asking import Abstained, Asker
from perun.agents.chronicler import ChroniclerFacts, chronicle
from perun.agents.models import Mind, Question, Reply
from perun.agents.roles import CHRONICLER
from perun.graph.chat import templates
from perun.graph.chat.checking import Checked, Claim, check
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.focusing import Before, focus
from perun.graph.chat.hearing import Aim, hear
from perun.graph.chat.shelf import shelf
from perun.graph.chat.transcript import Transcript
from perun.tools.domain.chat_events import AnswerSaid
from perun.tools.domain.errors import ConfigurationError

NO_ANSWER: Final = "The record has no answer to that."
_SHOWN: Final = 30
"""Facts of the record that a model is shown with the question; its tools find the rest."""


@dataclass(frozen=True)
class _Words:
    """Who found the words, and which."""

    mind: str
    claims: tuple[Claim, ...]
    notes: tuple[str, ...] = ()


def answer(desk: ReadingDesk, transcript: Transcript, question: str, voice: str, cycle: str) -> AnswerSaid:
    """What may be said to the question; what may not is withheld, and that is said."""
    symbols = desk.record.symbols()
    heard, before = hear(question, symbols), transcript.before(symbols)
    meant = focus(heard, desk.record, Before(cycle, before.symbol) if cycle else before)
    asked = templates.Asked(heard, meant, voice, desk.record, desk.fork)
    try:
        words = _words(desk, transcript, asked)
    except ConfigurationError as error:  # what the question supposes cannot be
        words = _Words(templates.MIND, (), (f"That cannot be tried: {error}.",))
    checked = check(words.claims, desk.record)
    return AnswerSaid(
        turn=transcript.turn,
        voice=voice,
        mind=words.mind,
        said=checked.said,
        notes=(*words.notes, *_notes(checked)),
        withheld=checked.withheld,
        cycles=checked.cycles,
    )


def _words(desk: ReadingDesk, transcript: Transcript, asked: templates.Asked) -> _Words:
    if asked.heard.aim is Aim.HELP:
        return _Words(templates.MIND, (), templates.HELP)
    if asked.focus.missing:
        return _Words(templates.MIND, (), (asked.focus.missing,))
    mind = desk.minds().get(asked.voice)
    if mind is None or desk.prompt is None:
        return _by_template(asked)
    asker = Asker({CHRONICLER.name: _Unheard(mind)}, {CHRONICLER.name: desk.prompt}, transcript, desk.tool_rounds)
    said = chronicle(asker, _facts(asked, transcript), shelf(desk.record))
    if isinstance(said, Abstained):
        fallback = _by_template(asked)
        return _Words(fallback.mind, fallback.claims, (f"{mind.name}: {_why(said)}.", *fallback.notes))
    if not said.in_record or not said.sentences:
        return _Words(mind.name, (), (NO_ANSWER,))
    return _Words(mind.name, tuple(Claim(each.text, tuple(each.cites)) for each in said.sentences))


def _why(said: Abstained) -> str:
    """Why the model did not answer. What is wrong with an answer may quote it, and it was not checked."""
    return "its answer cannot be read" if said.reason.startswith("unusable") else said.reason


def _by_template(asked: templates.Asked) -> _Words:
    if asked.heard.aim is Aim.UNCLEAR:
        return _Words(templates.MIND, (), ("I do not understand that question without a model.", *templates.HELP))
    claims = tuple(templates.answer(asked))
    return _Words(templates.MIND, claims, () if claims else (NO_ANSWER,))


def _facts(asked: templates.Asked, transcript: Transcript) -> ChroniclerFacts:
    """The question with the facts that the baseline voice would tell: enough for a model that cannot call tools."""
    aim = Aim.WHY if asked.heard.aim is Aim.UNCLEAR else asked.heard.aim
    near = templates.answer(replace(asked, heard=replace(asked.heard, aim=aim)))
    return ChroniclerFacts(
        voice=asked.voice,
        question=asked.heard.text,
        history=transcript.history(),
        record=tuple(f"{' '.join(claim.cites)} {claim.text}" for claim in near[:_SHOWN]),
    )


def _notes(checked: Checked) -> tuple[str, ...]:
    """That sentences were withheld, and why, without a word of them."""
    if not checked.withheld:
        return ()
    reasons = dict.fromkeys(each.reason for each in checked.withheld)
    count = len(checked.withheld)
    told = f"{count} sentence{'s' * (count > 1)} withheld: {'; '.join(reasons)}."
    return (told,) if checked.said else (told, NO_ANSWER)


class _Unheard:
    """A Mind that is asked where nobody listens in.

    LangChain hands a graph's listeners to every model that is called below it, and a client would be shown the model's
    words while they come, before they are held against the record. An empty context has no listeners.
    """

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    @property
    def name(self) -> str:
        return self._mind.name

    def reply(self, question: Question) -> Reply:
        return Context().run(self._mind.reply, question)
