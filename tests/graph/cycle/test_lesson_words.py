"""A lesson's words by a model: they stand where they bring no number, and whatever fails leaves the template's own."""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.agents.answers import LessonAnswer
from perun.agents.asking import Asker
from perun.agents.baseline import Baseline
from perun.agents.models import Mind
from perun.agents.prompting import load_prompts
from perun.agents.roles import MENTOR, ROSTER
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import minds, with_mentor
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.graph.lesson_words import MOST, Wording
from perun.memory.aftermath import Horizon, Outcome
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.reflection import Slots, plainly
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import ModelAsked
from support.floor import parts, settings
from support.minds import PROMPTS, MemoryTape, Said, ScriptedMind, saying

HONEST = LessonAnswer(words="Bought late in an uptrend, and stopped out soon after.")
SYMBOLS = ("AAPL", "IBM")
SLOTS = Slots(
    symbol="AAPL",
    wished="BUY",
    confidence=0.65,
    on=date(2013, 3, 4),
    outcome=Outcome(
        horizon=Horizon.CLOSED,
        known_at=datetime(2013, 3, 6, 21, tzinfo=UTC),
        sessions=3,
        change=Decimal("-0.02"),
        excess=None,
        worst=Decimal("-0.025"),
    ),
    bought=Decimal(100),
    sold=Decimal(98),
    setup="AAPL: uptrend.",
)


def wording(mind: Mind, tape: MemoryTape | None = None) -> Wording:
    return Wording(Asker({"mentor": mind}, load_prompts(PROMPTS, {"mentor": MENTOR.holes}), tape or MemoryTape()))


def test_when_a_model_words_a_lesson_then_it_has_seen_every_number_and_its_sentence_is_taken() -> None:
    mind = saying(HONEST)
    assert wording(mind).of("order-1")(SLOTS) == HONEST.words
    asked = mind.questions[0].messages[-1].text
    assert (
        "AAPL: uptrend. Then bought with confidence 0.65 on 2013-03-04 at 100, sold on a signal at 98: -2.00%" in asked
    )
    assert plainly(SLOTS) not in asked


@pytest.mark.parametrize("lie", ["It lost 5% in a week.", "It lost five per cent.", "HALVED soon.", "\u216b is much."])
def test_when_the_words_bring_a_number_then_it_is_shown_the_error_once_and_the_template_s_words_stand(
    lie: str,
) -> None:
    mind, tape = saying(LessonAnswer(words=lie), LessonAnswer(words=lie)), MemoryTape()
    assert wording(mind, tape).of("order-1")(SLOTS) == plainly(SLOTS)
    assert "the numbers stand beside it already" in mind.questions[1].messages[-1].text
    assert [event.role for event in tape.abstentions] == ["mentor"]


def test_when_the_error_is_mended_then_the_second_sentence_is_taken() -> None:
    assert wording(saying(LessonAnswer(words="Sold at 98."), HONEST)).of("order-1")(SLOTS) == HONEST.words


@pytest.mark.parametrize("said", [[ModelUnavailable("gone")], ["no JSON", "{}"]], ids=["silent", "unreadable"])
def test_when_the_model_fails_then_the_template_s_words_stand_and_it_is_not_asked_again(said: list[Said]) -> None:
    words = wording(saying(*said))
    assert [words.of(name)(SLOTS) for name in ("order-1", "order-2")] == [plainly(SLOTS)] * 2


def test_when_there_are_many_lessons_then_only_the_first_are_worded_and_each_is_asked_about_once() -> None:
    mind, tape = ScriptedMind(lambda question: HONEST), MemoryTape()
    names = [f"order-{number}" for number in range(MOST + 2)]
    for _ in range(2):  # the second time as after an interruption: from the tape
        words = wording(mind, tape)
        said = [words.of(name)(SLOTS) for name in names]
        assert said == [HONEST.words] * MOST + [plainly(SLOTS)] * 2
    assert mind.calls == MOST
    assert len({turn.key for turn in tape.turns}) == MOST


def test_when_no_model_is_set_then_nobody_is_asked_to_word_lessons() -> None:
    assert "mentor" not in with_mentor(minds(Settings()))
    served = minds(Settings(llm_provider="openai", openai_base_url="http://127.0.0.1:9/v1"))
    assert with_mentor(served)["mentor"] is served["analyst"]
    assert Wording(Asker({}, {}, MemoryTape())).of("order-1")(SLOTS) == plainly(SLOTS)


def lessons(folder: Path) -> list[MemoryEntry]:
    return [each for each in Memdir(folder / "memdir").entries(pytest.fail) if each.kind is Kind.LESSON]


@pytest.fixture(scope="module")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk whose next cycle writes its first lesson."""
    root = tmp_path_factory.mktemp("desk")
    for number in range(8):
        before, folder = root / str(number), root / str(number + 1)
        before.mkdir(exist_ok=True)
        shutil.copytree(before, folder)
        advised(folder, None)
        if lessons(folder):
            return before
    raise AssertionError("no stop was hit")


def advised(folder: Path, mentor: Mind | None, **changes: Any) -> tuple[dict[str, Any], list[ModelAsked]]:
    """A cycle with that mentor: its result, and what the mentor was asked."""
    said: dict[str, Mind] = dict.fromkeys(ROSTER, Baseline()) | ({"mentor": mentor} if mentor else {})
    with open_floor(settings(folder, stop_atr_multiple="0.5", **changes), parts(minds=said)) as floor:
        document = run_cycle(floor, SYMBOLS)
        events = [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]
        return document, [event for event in events if isinstance(event, ModelAsked) and event.role == "mentor"]


Copied = Callable[[], Path]


@pytest.fixture
def copied(eve: Path, tmp_path: Path) -> Copied:
    return lambda: Path(shutil.copytree(eve, tmp_path / "copy"))


def test_when_a_cycle_learns_then_the_words_stand_behind_the_numbers_and_their_cost_is_counted(copied: Copied) -> None:
    folder = copied()
    document, asked = advised(folder, ScriptedMind(lambda question: HONEST))
    learned = lessons(folder)
    assert learned
    assert all(each.text.endswith(f"%. {HONEST.words}") for each in learned)
    assert len(asked) == len(learned) == document["usage"]["calls"]
    assert {event.prompt for event in asked} == {"mentor@1"}
    _, again = advised(folder, ScriptedMind(lambda question: HONEST))
    assert len(again) == len(lessons(folder)) - len(learned), "what is learned already is not worded again"


def test_when_a_cycle_may_spend_nothing_then_the_template_s_words_stand_and_it_goes_on(copied: Copied) -> None:
    folder, mind = copied(), ScriptedMind(lambda question: HONEST)
    document, asked = advised(folder, mind, llm_max_calls_per_cycle="0")
    assert mind.calls == 0
    assert "LLM_MAX_CALLS_PER_CYCLE" in asked[0].problem
    assert document["signals"]
    assert document["errors"] == []
    assert [HONEST.words in each.text for each in lessons(folder)] == [False] * len(lessons(folder))
    assert lessons(folder)[0].text.endswith((".", "better.", "worse."))
