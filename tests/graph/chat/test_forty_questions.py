"""The demonstration: forty questions over ten recorded cycles, to a model that often lies, and to the baseline."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from perun.graph.app.chatting import open_desk
from perun.graph.chat.answering import NO_ANSWER
from perun.graph.chat.speaking import Confirmation, Conversation
from perun.tools.domain.chat_events import AnswerSaid
from support.chat_judge import Judge
from support.chat_liar import Liar
from support.chat_questions import QUESTIONS, Fate
from support.model_server import ModelServer


@dataclass(frozen=True)
class Heard:
    """A question of the forty, what it should come to, and what was answered."""

    question: str
    fate: Fate
    answer: AnswerSaid


def ask_all(settings: Mapping[str, str]) -> list[Heard]:
    """Every question in a conversation of its own."""
    heard = []
    with open_desk(settings) as desk:
        for number, (voice, question, fate) in enumerate(QUESTIONS):
            answer = Conversation(desk, f"{settings['LLM_PROVIDER']}-{number}").ask(question, voice)
            assert not isinstance(answer, Confirmation)
            heard.append(Heard(question, fate, answer))
    return heard


@pytest.fixture(scope="module")
def by_baseline(recorded: Path) -> list[Heard]:
    return ask_all({"DATA_DIR": str(recorded), "LLM_PROVIDER": "baseline"})


@pytest.fixture(scope="module")
def liar() -> Liar:
    return Liar()


@pytest.fixture(scope="module")
def by_model(recorded: Path, liar: Liar) -> list[Heard]:
    with ModelServer(liar) as server:
        keys = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-canary", "LLM_MODEL": "scripted"}
        return ask_all({"DATA_DIR": str(recorded), "LLM_PROVIDER": "openai", **keys})


def judged(heard: list[Heard], folder: Path) -> Counter[str]:
    """What an independent reader of the database finds in the answers."""
    judge, found = Judge(folder), Counter[str]()
    for each in heard:
        found["withheld"] += len(each.answer.withheld)
        for sentence in each.answer.said:
            found["sentences"] += 1
            found["citations"] += len(sentence.cites)
            found["unresolved"] += sum(judge.text_of(cite) is None for cite in sentence.cites)
            found["uncited"] += not sentence.cites
            strange = judge.strange_numbers(sentence.text, sentence.cites)
            found["strange numbers"] += len(strange)
            assert not strange, (strange, sentence)
    return found


def table(name: str, heard: list[Heard], found: Counter[str]) -> str:
    """What the demonstration prints."""
    rows = [f"{name}: " + ", ".join(f"{what} {count}" for what, count in found.items())]
    for each in heard:
        said, withheld = len(each.answer.said), len(each.answer.withheld)
        rows.append(f"  {each.fate:<9}{said:>3} said {withheld:>2} withheld  {each.question}")
    return "\n".join(rows)


def test_when_forty_questions_are_counted_then_there_are_forty_and_no_two_alike() -> None:
    assert len({question for _, question, _ in QUESTIONS}) == len(QUESTIONS) == 40


@pytest.mark.parametrize("voice", ["by_baseline", "by_model"])
def test_when_forty_questions_are_asked_then_all_citations_resolve_and_all_numbers_match(
    voice: str, recorded: Path, request: pytest.FixtureRequest
) -> None:
    heard: list[Heard] = request.getfixturevalue(voice)
    found = judged(heard, recorded)
    print(f"\n{table(voice, heard, found)}")
    assert (found["unresolved"], found["uncited"], found["strange numbers"]) == (0, 0, 0)
    assert found["sentences"] >= 70


@pytest.mark.parametrize("voice", ["by_baseline", "by_model"])
def test_when_a_question_has_an_answer_then_it_is_given_and_else_it_is_said_that_there_is_none(
    voice: str, request: pytest.FixtureRequest
) -> None:
    heard: list[Heard] = request.getfixturevalue(voice)
    for each in heard:
        assert bool(each.answer.said) == (each.fate == "answered"), each
        if each.fate == "refused":
            assert "I cannot do that from here" in each.answer.notes[0]
        if each.fate == "unknown":
            assert each.answer.notes


def test_when_the_baseline_voice_answers_then_nothing_of_it_is_withheld(by_baseline: list[Heard]) -> None:
    assert [each.answer.withheld for each in by_baseline if each.answer.withheld] == []


def test_when_a_model_lies_then_every_lie_is_withheld_and_the_withholding_is_said(
    by_model: list[Heard], liar: Liar
) -> None:
    withheld = [each for each in by_model if each.answer.withheld]
    assert sum(len(each.answer.withheld) for each in withheld) == liar.lies >= 20
    for each in withheld:
        assert any("withheld" in note for note in each.answer.notes)
        assert each.answer.said or NO_ANSWER in each.answer.notes
