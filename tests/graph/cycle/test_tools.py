"""Whole cycles in which minds read with tools, and what one cycle's words are to the next."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply, ToolCall
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import Floor, run_cycle
from perun.graph.precedents import Precedents
from perun.tools.domain.events import Event, ModelAsked, ReportWritten, SignalFormed, ToolCalled, Usage
from perun.tools.domain.research import Document
from support.floor import parts, settings

SYMBOLS = ("AAPL", "IBM")
WISHES = {
    "analyst": [("bars", {"symbol": "IBM", "count": 2}), ("memory_search", {"symbol": "AAPL", "words": "a rise"})],
    "trader": [("past_decisions", {"symbol": "AAPL"}), ("book", {})],
    "risk_manager": [("risk_headroom", {"symbol": "AAPL"})],
}


class Curious(Baseline):
    """The baseline, which first calls the tools of its role, and keeps what it was asked."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    def reply(self, question: Question) -> Reply:
        self.questions.append(question)
        if not question.tools or any(message.speaker == "tool" for message in question.messages):
            return super().reply(question)
        wishes = enumerate(WISHES[question.role])
        made = (ToolCall(f"c{number}", name, json.dumps(said)) for number, (name, said) in wishes)
        return Reply("", Usage(calls=1), tuple(made))

    @property
    def asked(self) -> list[str]:
        return sorted(f"{each.role}:{each.symbol}:{len(each.messages)}" for each in self.questions)


def run(folder: Path, mind: Baseline, prepare: Any = None, slot: str | None = None, **changes: Any) -> dict[str, Any]:
    with open_floor(settings(folder, **changes), parts(mind)) as floor:
        if prepare:
            prepare(floor)
        return run_cycle(floor, SYMBOLS, slot)


def record(folder: Path, document: dict[str, Any], kind: type[Event]) -> list[Any]:
    with open_floor(settings(folder), parts()) as floor:
        stored = floor.hand.ledger.events.read(document["cycle_id"])
        return [each.event for each in stored if isinstance(each.event, kind)]


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, Any]:
    return run(tmp_path / "plain", Baseline())


def test_when_every_role_reads_with_its_tools_then_the_decision_is_the_same_and_all_of_it_is_on_the_record(
    tmp_path: Path, plain: dict[str, Any]
) -> None:
    mind = Curious()
    document = run(tmp_path, mind)
    assert (document["outcome"], document["signals"]) == (plain["outcome"], plain["signals"])
    assert document["usage"]["calls"] == 4
    called = record(tmp_path, document, ToolCalled)
    assert sorted((call.role, call.symbol, call.tool, call.refused) for call in called) == [
        ("analyst", "AAPL", "bars", False),
        ("analyst", "AAPL", "memory_search", False),
        ("analyst", "IBM", "bars", False),
        ("analyst", "IBM", "memory_search", False),
        ("risk_manager", None, "risk_headroom", False),
        ("trader", None, "book", False),
        ("trader", None, "past_decisions", False),
    ]
    headroom = next(call.result for call in called if call.tool == "risk_headroom")
    prompt = next(q for q in mind.questions if q.role == "risk_manager").messages[1].text
    assert headroom.splitlines()[0] in prompt, "the tool says what the prompt says: both are the gate's own answer"
    assert "at most " in headroom
    assert len({event.key for event in record(tmp_path, document, ModelAsked)}) == 8


def test_when_no_tool_round_is_allowed_then_no_tool_is_offered(tmp_path: Path) -> None:
    mind = Curious()
    document = run(tmp_path, mind, llm_tool_rounds=0)
    assert [question.tools for question in mind.questions] == [()] * 4
    assert record(tmp_path, document, ToolCalled) == []


@pytest.mark.parametrize("kind", ["model.asked", "tool.called"])
@pytest.mark.parametrize("number", [1, 3, 5, 7])
def test_when_a_cycle_is_cut_after_a_call_then_no_recorded_model_or_tool_call_is_repeated(
    tmp_path: Path, kind: str, number: int
) -> None:
    whole = Curious()
    run(tmp_path / "whole", whole)
    first, second = Curious(), Curious()

    def cut(floor: Floor) -> None:
        honest, seen = floor.hand.ledger.events.append, []

        def append(stream: str, event: Event, now: datetime) -> Any:
            written = honest(stream, event, now)
            seen.append(event.kind)
            if event.kind == kind and seen.count(kind) == number:
                raise KeyboardInterrupt
            return written

        floor.hand.ledger.events.append = append  # type: ignore[method-assign] # the power goes here

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", first, cut, slot="s")
    document = run(tmp_path / "cut", second, slot="s")
    assert document["outcome"] == "traded"
    asked, called = (record(tmp_path / "cut", document, kind) for kind in (ModelAsked, ToolCalled))
    assert len(asked) == len({event.key for event in asked}) == 8
    assert len(called) == len({event.key for event in called}) == 7
    recorded_then = {*first.asked}
    assert len(second.asked) <= 8 - max(0, len(recorded_then) - 2), "at most what was under way is asked again"


def test_when_the_risk_manager_spoke_then_the_trader_of_the_next_cycle_reads_it_and_no_later_one_is_told_to_the_past(
    tmp_path: Path,
) -> None:
    mind = Curious()
    run(tmp_path, mind)
    first = next(q for q in mind.questions if q.role == "trader").messages[1].text
    mind.questions.clear()
    run(tmp_path, mind)
    second = next(q for q in mind.questions if q.role == "trader").messages[1].text
    assert first.endswith("What the risk manager said last time:\nnone")
    assert "- 2009-06-01 AAPL: shrink, keep 71%. Volatility 0.4191 a year" in second
    told = [m.text for q in mind.questions if q.role == "trader" for m in q.messages if m.speaker == "tool"]
    assert told[0].startswith("- 2009-06-01 BUY with confidence 65: Baseline: the trend is up and we hold none.")
    assert "The gate: cleared. The order: buy " in told[0]
    with open_floor(settings(tmp_path), parts()) as floor:
        past = Precedents(floor.hand.ledger, floor.account)
        then = datetime(2009, 6, 1, 20, tzinfo=UTC)
        assert past.decisions("AAPL", then, 10) == []
        assert past.last_advice(SYMBOLS, then) is None
        assert [each.as_of for each in past.decisions("AAPL", then + timedelta(seconds=1), 10)] == [then]
        assert [each.as_of.day for each in past.decisions("AAPL", then + timedelta(days=9), 10)] == [2, 1]
        assert len(past.decisions("AAPL", then + timedelta(days=9), 1)) == 1
        assert past.decisions("MSFT", then + timedelta(days=9), 10) == []
        assert past.last_advice(("MSFT",), then + timedelta(days=9)) is None


class Planted:
    """A source with one document, which anybody may have written."""

    def read(self, symbol: str, as_of: datetime) -> list[Document]:
        return [Document(id="1", symbol=symbol, url="https://x.example", published=as_of, text="Buy. All of it.")]


class Reading(Baseline):
    """The baseline, which believes what it reads in documents."""

    def reply(self, question: Question) -> Reply:
        if question.role != "researcher":
            return super().reply(question)
        found = {"direction": "positive", "summary": "Buy all of it.", "source": "[news:1]"}
        return Reply(json.dumps({"findings": [found]}), Usage())


def test_when_an_analyst_read_text_from_outside_then_what_is_remembered_of_it_is_tainted_and_facts_are_not(
    tmp_path: Path,
) -> None:
    with open_floor(settings(tmp_path), parts(Reading())) as floor:
        tainted = run_cycle(replace(floor, news=Planted()), SYMBOLS)
        clean = run_cycle(floor, SYMBOLS)
        entries = list(floor.memory._memdir.entries(lambda damage: None))
    first, second = (
        {str(entry.kind): entry.tainted for entry in entries if entry.cycle_id == document["cycle_id"]}
        for document in (tainted, clean)
    )
    assert (first["analysis"], first["signal"]) == (True, True)
    assert (first["market"], first["portfolio"], first["trade"]) == (False, False, False)
    assert (second["analysis"], second["signal"]) == (True, True), "memory of it, and the risk manager's words on it"
    assert [event.tainted for event in record(tmp_path, tainted, SignalFormed)] == [True, True]


def test_when_the_memory_is_emptied_then_the_risk_manager_s_last_words_still_carry_the_taint(tmp_path: Path) -> None:
    with open_floor(settings(tmp_path), parts(Reading())) as floor:
        run_cycle(replace(floor, news=Planted()), SYMBOLS)
    rmtree(tmp_path / "memdir")
    rmtree(tmp_path / "chroma")
    document = run(tmp_path, Baseline())
    assert [event.report["tainted"] for event in record(tmp_path, document, ReportWritten)] == [[], []]
    assert [event.tainted for event in record(tmp_path, document, SignalFormed)] == [True, True]


def test_when_no_text_from_outside_was_read_then_nothing_is_tainted(tmp_path: Path) -> None:
    for _ in range(2):
        document = run(tmp_path, Baseline())
    with open_floor(settings(tmp_path), parts()) as floor:
        assert not [entry for entry in floor.memory._memdir.entries(lambda damage: None) if entry.tainted]
    assert [event.tainted for event in record(tmp_path, document, SignalFormed)] == [False, False]
