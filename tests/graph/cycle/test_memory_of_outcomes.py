"""Over recorded days: what came of decisions is remembered, teaches, and changes what is decided next."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from perun.agents.answers import Stance
from perun.agents.baseline import Baseline
from perun.agents.facts import AnalystFacts
from perun.agents.models import Question, Reply
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.memory.aftermath import Horizon
from perun.memory.chroma import ChromaIndex
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Memdir, unreported
from perun.memory.recall import Memory
from perun.memory.usefulness import earned
from perun.tools.domain.events import Event, LessonLearned, ModelAsked, OutcomesKnown, Usage
from perun.tools.market.recorded import RecordedMarket
from support.embedding import BagOfWords
from support.floor import cycle, parts, settings

SYMBOLS = ("AAPL", "IBM")
TIGHT = {"stop_atr_multiple": "0.5"}
"""Stops so near that they are soon hit."""


def play(folder: Path, cycles: int, mind: Baseline | None = None, **changes: Any) -> dict[str, Any]:
    """So many cycles; the last one's result."""
    document: dict[str, Any] = {}
    with open_floor(settings(folder, **changes), parts(mind)) as floor:
        for _ in range(cycles):
            document = run_cycle(floor, SYMBOLS)
    return document


def entries(folder: Path, *kinds: Kind) -> list[MemoryEntry]:
    """What is remembered of these kinds, oldest first."""
    found = [each for each in Memdir(folder / "memdir").entries(unreported) if each.kind in kinds]
    return sorted(found, key=lambda each: (each.as_of, each.id))


def record(folder: Path) -> list[Event]:
    """Every event of every cycle."""
    with open_floor(settings(folder), parts()) as floor:
        events = floor.hand.ledger.events
        return [stored.event for stream in events.streams() for stored in events.read(stream)]


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk with tight stops after six cycles in June 2009."""
    folder = tmp_path_factory.mktemp("june")
    play(folder, 6, **TIGHT)
    return folder


def test_when_sessions_have_passed_then_each_decision_has_its_outcome_from_the_recorded_prices(june: Path) -> None:
    market = RecordedMarket.shipped()
    days = [session.day for session in market.sessions()]
    for entry in entries(june, Kind.SIGNAL, Kind.ANALYSIS):
        first = days.index(entry.as_of.date()) + 1
        due = [horizon for horizon in (1, 5) if days[first + horizon - 1] <= datetime(2009, 6, 8, tzinfo=UTC).date()]
        assert [int(each.horizon) for each in entry.outcomes] == due
        for each, horizon in zip(entry.outcomes, due, strict=True):
            opening, closing = (market.bar(entry.symbols[0], days[day]) for day in (first, first + horizon - 1))
            assert opening
            assert closing
            assert each.known_at == closing.ended
            assert each.change == round(closing.close / opening.open - 1, 4)


def test_when_two_symbols_are_watched_then_their_excesses_cancel_out(june: Path) -> None:
    signals = entries(june, Kind.SIGNAL)
    excess = {(each.as_of, one.horizon, each.symbols[0]): one.excess for each in signals for one in each.outcomes}
    for (as_of, horizon, symbol), value in excess.items():
        other = excess[as_of, horizon, "IBM" if symbol == "AAPL" else "AAPL"]
        assert value is not None
        assert other is not None
        assert abs(value + other) <= Decimal("0.0001")


def test_when_a_position_was_stopped_out_then_the_sale_is_remembered_and_the_purchase_has_its_end(june: Path) -> None:
    trades = entries(june, Kind.TRADE)
    sales = [each for each in trades if each.data["side"] == "sell"]
    closed = {each.symbols[0]: one for each in trades if (one := each.outcome(Horizon.CLOSED))}
    assert sales
    assert {each.symbols[0] for each in sales} == set(closed)
    for sale in sales:
        assert sale.as_of <= closed[sale.symbols[0]].known_at
        assert closed[sale.symbols[0]].change < 0


def test_when_a_trade_ended_then_one_lesson_was_written_from_what_is_remembered_of_it(june: Path) -> None:
    lessons = entries(june, Kind.LESSON)
    known = {each.id: each for each in entries(june, *Kind)}
    ended = [each for each in entries(june, Kind.TRADE) if each.outcome(Horizon.CLOSED)]
    assert len(lessons) == len(ended) > 0
    for lesson in lessons:
        sources = [known[id_] for id_ in cast(list[str], lesson.data["sources"])]
        assert [each.kind for each in sources] == [
            Kind.TRADE, Kind.SIGNAL, Kind.ANALYSIS, Kind.MARKET, Kind.TRADE
        ]  # fmt: skip
        assert all(each.as_of <= lesson.as_of for each in sources)
        assert "sold by its stop" in lesson.text


def test_when_outcomes_and_lessons_become_known_then_they_stand_in_the_record_once(june: Path) -> None:
    events = record(june)
    rows = [(row.id, row.horizon) for event in events if isinstance(event, OutcomesKnown) for row in event.outcomes]
    kept = [(each.id, one.horizon.value) for each in entries(june, *Kind) for one in each.outcomes]
    assert sorted(rows) == sorted(kept)
    assert [event.id for event in events if isinstance(event, LessonLearned)] == [
        each.id for each in entries(june, Kind.LESSON)
    ]


def test_when_an_answer_is_remembered_then_it_says_where_it_stands_in_the_record(june: Path) -> None:
    asked = {event.key: event for event in record(june) if isinstance(event, ModelAsked)}
    for entry in entries(june, Kind.ANALYSIS, Kind.SIGNAL):
        where = cast(dict[str, str], entry.data["record"])
        assert where["cycle"] == entry.cycle_id
        assert where["key"] in asked


def test_when_a_wish_was_denied_then_twenty_sessions_later_its_lesson_says_so(tmp_path: Path) -> None:
    play(tmp_path, 1, max_open_positions="0")
    with open_floor(settings(tmp_path), parts()) as floor:
        for _ in range(18):
            floor.hand.pace.end_cycle(floor.book.clock().now)
        run_cycle(floor, SYMBOLS)
        assert entries(tmp_path, Kind.LESSON) == []
        run_cycle(floor, SYMBOLS)
    lessons = entries(tmp_path, Kind.LESSON)
    assert {each.symbols for each in lessons} == {("AAPL",), ("IBM",)}
    assert all("denied by the gate, MAX_OPEN_POSITIONS" in each.text for each in lessons)


class Citing(Baseline):
    """Rests its reports on the first memory that it is shown."""

    def reply(self, question: Question) -> Reply:
        said = super().reply(question)
        if question.role != "analyst" or not (memories := cast(AnalystFacts, question.facts).memories):
            return said
        stance = Stance.model_validate_json(said.text)
        return Reply(stance.model_copy(update={"evidence": [memories[0].evidence]}).model_dump_json(), Usage())


def test_when_a_decision_cited_a_memory_then_what_followed_is_to_the_memory_s_credit(tmp_path: Path) -> None:
    play(tmp_path, 4, mind=Citing(), **TIGHT)
    credited = [each for each in entries(tmp_path, *Kind) if each.credits]
    signals = {each.id: each for each in entries(tmp_path, Kind.SIGNAL)}
    assert credited
    for entry in credited:
        for credit in entry.credits:
            signal = signals[credit.decision]
            outcome = signal.outcome(credit.horizon)
            assert outcome
            assert outcome.excess is not None
            assert entry.as_of <= signal.as_of < credit.known_at == outcome.known_at
            assert credit.value == outcome.excess * (1 if signal.data["action"] == "BUY" else -1)
        assert earned(entry, entry.as_of) == 0


class Heeding(Baseline):
    """Turns neutral where a memory says that the last such trade lost, and keeps what it was asked."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def reply(self, question: Question) -> Reply:
        if question.role != "analyst":
            return super().reply(question)
        self.prompts.append(question.messages[1].text)
        lost = next((each for each in cast(AnalystFacts, question.facts).memories if "It lost" in each.text), None)
        if lost is None:
            return super().reply(question)
        stance = Stance(stance="neutral", conviction=50, summary="Such a trade lost.", evidence=[lost.evidence])
        return Reply(stance.model_dump_json(), Usage())


def test_when_a_desk_remembers_then_its_prompts_differ_in_the_memories_alone_and_its_decision_follows_them(
    tmp_path: Path,
) -> None:
    play(tmp_path / "with", 2, **TIGHT)
    shutil.copytree(tmp_path / "with", tmp_path / "without")
    for folder in ("memdir", "chroma"):
        shutil.rmtree(tmp_path / "without" / folder)
    prompts, actions = {}, {}
    for name in ("with", "without"):
        mind = Heeding()
        document = cycle(tmp_path / name, mind=mind, symbols=["IBM"], **TIGHT)
        actions[name] = document["signals"][0]["action"]
        [prompts[name]] = mind.prompts
    head, told, tail = _around_memories(prompts["with"])
    bare_head, bare, bare_tail = _around_memories(prompts["without"])
    assert (bare_head, bare_tail) == (head, tail)
    assert bare.endswith("trade: sell 217 IBM stop: filled, 217 at 86.5766."), "the ledger still knows of the sale"
    assert len(bare.splitlines()) == 1
    assert "lesson: IBM: uptrend." in told
    assert "Afterwards: " in told
    assert actions == {"with": "HOLD", "without": "BUY"}


def _around_memories(prompt: str) -> tuple[str, str, str]:
    head, _, rest = prompt.partition("Memories:\n")
    told, _, tail = rest.partition("\n\n")
    return head, told, tail


def test_when_a_cycle_is_interrupted_after_its_entries_were_written_then_what_was_said_of_them_since_stays(
    tmp_path: Path,
) -> None:
    class Dying(Memory):
        """Writes, and then the power goes."""

        def remember(self, entries: Sequence[MemoryEntry]) -> None:
            super().remember(entries)
            raise KeyboardInterrupt

    with open_floor(settings(tmp_path), parts()) as floor:
        dying = Dying(floor.memory.files, ChromaIndex(tmp_path / "chroma", BagOfWords()))
        floor.memory.close()
        with pytest.raises(KeyboardInterrupt):
            run_cycle(replace(floor, memory=dying), SYMBOLS, "s")
        dying.close()
        [signal, *_] = entries(tmp_path, Kind.SIGNAL)
        floor.memory.quarantine(signal.id, "planted", "anna", signal.as_of)
        assert run_cycle(floor, SYMBOLS, "s")["outcome"] == "traded"
    again = next(each for each in entries(tmp_path, Kind.SIGNAL) if each.id == signal.id)
    assert again.quarantine
    trades = entries(tmp_path, Kind.TRADE)
    assert len(trades) == len({each.id for each in trades}) == 2


def test_when_a_signal_is_held_back_then_the_log_remembers_by_whom(tmp_path: Path) -> None:
    play(tmp_path, 1)
    [line] = entries(tmp_path, Kind.LOG)
    assert line.text.startswith("AAPL: the risk manager shrank the signal, keeping 7")
    assert (line.source, line.symbols, line.tainted) == ("risk manager", ("AAPL",), False)
