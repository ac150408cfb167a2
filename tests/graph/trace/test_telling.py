"""From events to the tree, the tables of rules, and the lives of orders."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from perun.graph.ledger.archive import Archive
from perun.graph.ledger.events import StoredEvent
from perun.graph.trace.denials import headroom
from perun.graph.trace.document import TraceDocument
from perun.graph.trace.placing import placed
from perun.graph.trace.reading import find, trace_of
from perun.graph.trace.short import in_short
from perun.graph.trace.telling import tell
from perun.tools.domain.events import (
    AgentAbstained,
    CycleEnded,
    CycleStarted,
    ErrorNoted,
    Event,
    LessonLearned,
    MemoriesRecalled,
    MemoryWritten,
    ModelAsked,
    NodeFinished,
    NodeStarted,
    OutcomesKnown,
    SnapshotTaken,
    StateChanged,
    Usage,
)
from perun.tools.domain.standing import TradingState

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def stored(*events: Event) -> list[StoredEvent]:
    return [StoredEvent(number, NOW, event, "") for number, event in enumerate(events, start=1)]


def names(events: list[StoredEvent]) -> dict[str, list[str]]:
    """Node (with symbol) to the kinds of its events."""
    found = placed(events)
    return {
        f"{node}/{symbol}" if symbol else node: [e.event.kind for e in each] for (node, symbol), each in found.items()
    }


@pytest.fixture
def told(archive: Archive) -> TraceDocument:
    return tell(find(archive, "first"), archive)


def test_when_a_cycle_is_told_then_its_nodes_stand_as_a_person_reads_them(told: TraceDocument) -> None:
    study = ("research", "recall", "analyse")
    studies = [f"{node}/{symbol}" for symbol in ("AAPL", "IBM") for node in study]
    rest = ["trade", "advise", "gate", "execute", "remember", "closing"]
    assert [row.name for row in told.nodes] == ["opening", "gather", *studies, *rest]
    assert all(row.seconds is not None and row.began for row in told.nodes if row.name not in {"opening", "closing"})


def test_when_a_cycle_is_told_then_every_event_stands_in_exactly_one_node(
    archive: Archive, told: TraceDocument
) -> None:
    numbers = [row.seq for node in told.nodes for row in node.events]
    assert sorted(numbers) == list(range(1, archive.length(told.cycle_id) + 1))
    assert told.nodes[0].events[0].id == f"{told.cycle_id}/event:1"


def test_when_agents_are_asked_then_what_each_cost_stands_at_its_node_and_the_sum_at_the_cycle(
    archive: Archive,
) -> None:
    cost = Usage(calls=1, input_tokens=10, output_tokens=2, cost_usd=Decimal("0.01"))
    asked = {
        "model": "m",
        "prompt": "p",
        "prompt_hash": "h",
        "messages": (),
        "answer": "a",
        "usage": cost,
        "seconds": 1,
    }
    events = stored(
        ModelAsked(key="analyst:IBM:0", role="analyst", symbol="IBM", **asked),
        ModelAsked(key="analyst:IBM:1", role="analyst", symbol="IBM", **asked),
        ModelAsked(key="risk_manager:*:0", role="risk_manager", symbol=None, **asked),
        AgentAbstained(role="researcher", symbol="IBM", reason="r"),
    )
    document = tell(trace_of(find(archive, "first").cycle, events), archive)
    assert {row.name: row.usage.calls for row in document.nodes} == {"research/IBM": 0, "analyse/IBM": 2, "advise": 1}
    assert document.usage == cost + cost + cost


def test_when_an_event_names_no_node_then_it_stands_where_the_desk_was_at_work() -> None:
    halted = StateChanged(state=TradingState.HALTED, reason="r", who="w")
    events = [
        CycleStarted(slot="s", mode="m", as_of=NOW, symbols=("B", "A"), prompts={}, limits_hash=""),
        halted,
        NodeStarted(node="gather"),
        SnapshotTaken(snapshot={}),
        NodeFinished(node="gather", seconds=1),
        NodeStarted(node="recall", symbol="A"),
        MemoriesRecalled(symbol="B", hits=()),
        NodeStarted(node="execute"),
        halted,
        OutcomesKnown(outcomes=()),
        LessonLearned(id="lesson-1", symbol="A", text="t", sources=(), tainted=False),
        ErrorNoted(where="recall", code="C", message="m"),
        MemoryWritten(ids=()),
        NodeFinished(node="remember", seconds=1),
        halted,
        CycleEnded(outcome="held", cash=Decimal(1), equity=Decimal(1)),
    ]
    found = names(stored(*events))
    assert found == {
        "opening": ["cycle.started", "state", "memory.outcomes", "memory.lesson"],
        "gather": ["node.started", "snapshot", "node.finished"],
        "recall/B": ["memory.recalled"],
        "recall/A": ["node.started"],
        "recall": ["error"],
        "execute": ["node.started", "state"],
        "remember": ["memory.written", "node.finished"],
        "closing": ["state", "cycle.ended"],
    }
    assert list(found)[2:5] == ["recall/B", "recall/A", "recall"], "as the cycle names its symbols"


@pytest.mark.parametrize(
    ("measured", "limit", "left"),
    [
        ("0.12", "0.2", "0.08"),
        ("0.31", "0.20", "-0.11"),
        ("0.65", ">= 0.6", "0.05"),
        ("0.5", ">= 0.6", "-0.1"),
        ("ACTIVE", "ACTIVE", None),
        ("NaN", "1", None),
        ("390", ">= 60 minutes", None),
    ],
)
def test_when_a_rule_has_numbers_then_what_was_left_of_its_limit_is_told(
    measured: str, limit: str, left: str | None
) -> None:
    assert headroom(measured, limit) == left


def test_when_orders_were_sent_then_each_has_its_life_from_the_gate_to_the_fill(told: TraceDocument) -> None:
    lives = {life.client_order_id: [step.what for step in life.steps] for life in told.orders}
    entry, stop = lives["perun-embedded-first-AAPL-entry-1"], lives["perun-embedded-first-AAPL-entry-1-stop"]
    assert entry[0] == "cleared by the gate"
    assert entry[1] == "cleared by the wire"
    assert entry[2].startswith("intent: buy ")
    assert any("filled" in step for step in entry)
    assert "commission" in entry[-1]
    assert stop == ["new"]


def test_when_the_gate_spoke_then_the_whole_table_of_rules_is_told(told: TraceDocument) -> None:
    assert {(verdict.symbol, verdict.stage) for verdict in told.verdicts} == {
        (symbol, stage) for symbol in ("AAPL", "IBM") for stage in ("gate", "wire")
    }
    for verdict in told.verdicts:
        assert len(verdict.rules) > 50
        (size,) = [rule for rule in verdict.rules if rule.code == "MAX_POSITION_SIZE"]
        assert Decimal(size.headroom or "") == Decimal(size.limit) - Decimal(size.measured)


def test_when_a_node_is_named_then_it_alone_is_left_and_a_symbol_names_a_study(told: TraceDocument) -> None:
    assert [row.name for row in told.of_nodes(["trade"]).nodes] == ["trade"]
    assert [row.name for row in told.of_nodes(["analyse"]).nodes] == ["analyse/AAPL", "analyse/IBM"]
    assert [row.name for row in told.of_nodes(["analyse/IBM"]).nodes] == ["analyse/IBM"]
    assert len(told.of_nodes(["IBM"]).nodes) == 3
    assert told.of_nodes(["none"]).nodes == ()
    ((event,),) = [row.events for row in told.of_event(f"{told.cycle_id}/event:1").nodes]
    assert event.seq == 1


@pytest.mark.parametrize("name", ["first", "first/IBM", "third"])
def test_when_the_short_story_is_told_then_it_has_about_ten_lines_and_each_cites_events_that_are_there(
    archive: Archive, name: str
) -> None:
    trace = find(archive, name)
    lines = in_short(trace)
    assert 6 <= len(lines) <= 13
    known = {trace.cite(each) for each in trace.events}
    assert all(line["events"] and set(line["events"]) <= known for line in lines)
    said = "\n".join(line["line"] for line in lines)
    assert lines[0]["line"].startswith(f"began: {trace.cycle.slot} as of 2009-06-0")
    assert lines[-1]["line"].startswith(f"ended: {trace.cycle.outcome}")
    if trace.symbol:
        assert "[bars:IBM:2009-06-01]" in said
        assert "AAPL" not in said
