"""A cycle cut short anywhere goes on where it stood: one snapshot, each question once, each order once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import Floor, run_cycle
from perun.tools.domain.events import Event, SnapshotTaken
from support.floor import parts, settings

SYMBOLS = ("AAPL", "IBM")


class Counting(Baseline):
    """The baseline, keeping whom it answered."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def reply(self, question: Question) -> Reply:
        self.asked.append(f"{question.role}:{question.symbol}")
        return super().reply(question)


def cut(target: Any, method: str, call: int, *, after: bool = False) -> None:
    """Have the n-th call of a method end the process, as far as a test can: nothing of ours catches this."""
    honest: Callable[..., Any] = getattr(target, method)
    calls = 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != call:
            return honest(*arguments, **named)
        if after:
            honest(*arguments, **named)
        raise KeyboardInterrupt

    setattr(target, method, counted)


def run(folder: Path, mind: Counting, prepare: Callable[[Floor], None] = lambda floor: None) -> dict[str, Any]:
    with open_floor(settings(folder), parts(mind)) as floor:
        prepare(floor)
        return run_cycle(floor, SYMBOLS, "s")


def record(folder: Path, document: dict[str, Any]) -> list[Event]:
    with open_floor(settings(folder), parts()) as floor:
        assert floor.hand.ledger.events.verify(document["cycle_id"]) is None
        return [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 17))
def test_when_a_cycle_is_cut_at_any_checkpoint_then_it_goes_on_and_repeats_nothing(
    tmp_path: Path, call: int, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    mind = Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, mind, lambda floor: cut(floor.checkpointer, "put", call, after=after))
    document = run(tmp_path, mind)
    assert document["outcome"] == "traded"
    assert [order["status"] for order in document["orders"]] == ["filled", "filled"]
    assert sorted(mind.asked) == ["analyst:AAPL", "analyst:IBM", "risk_manager:None", "trader:None"]
    assert len([event for event in record(tmp_path, document) if isinstance(event, SnapshotTaken)]) <= 2
    assert "deserializ" not in caplog.text, "every type in a checkpoint is one that we allow"
    with open_floor(settings(tmp_path), parts()) as floor:
        assert len([order for order in floor.book.orders() if order.parent is None]) == 2


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_when_a_cycle_is_cut_at_the_broker_then_no_order_goes_twice_and_what_came_is_adopted(
    tmp_path: Path, call: int, after: bool
) -> None:
    mind = Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, mind, lambda floor: cut(floor.hand.broker._writer, "submit", call, after=after))
    document = run(tmp_path, mind)
    sent = call if after else call - 1
    with open_floor(settings(tmp_path), parts()) as floor:
        entries = [order for order in floor.book.orders() if order.parent is None]
        intents = floor.hand.ledger.intents.of_cycle(document["cycle_id"])
        assert floor.hand.watch.standing().doubts == ()
    # What was cut before it left is not sent later in its slot; what had not been begun may still go.
    assert len(entries) == (2 if after else 1)
    assert {intent.state for intent in intents} <= {"FILLED", "NOT_SENT"}
    assert sent <= len(document["orders"])


def test_when_the_power_goes_in_the_study_then_the_floor_is_left_as_it_can_be_resumed(tmp_path: Path) -> None:
    mind = Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, mind, lambda floor: cut(floor.checkpointer, "put_writes", 3))
    assert run(tmp_path, mind)["outcome"] == "traded"


def test_when_the_cycle_was_done_but_not_closed_then_the_slot_only_closes_it(tmp_path: Path) -> None:
    mind = Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, mind, lambda floor: cut(floor.hand.ledger.cycles, "finish", 1))
    asked = list(mind.asked)
    assert run(tmp_path, mind)["outcome"] == "traded"
    assert mind.asked == asked


def test_when_another_slot_runs_after_an_interruption_then_no_symbol_in_doubt_is_left_behind(tmp_path: Path) -> None:
    mind = Counting()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, mind, lambda floor: cut(floor.hand.broker._writer, "submit", 1))
    with open_floor(settings(tmp_path), parts(mind)) as floor:
        assert run_cycle(replace(floor), SYMBOLS, "t")["outcome"] == "traded"
        assert [cycle.slot for cycle in floor.hand.ledger.cycles.unfinished(floor.account)] == ["s"]
