"""A node says when it begins and when it is done."""

from types import SimpleNamespace
from typing import Any

import pytest

from perun.graph.trace.noting import noted
from perun.tools.domain.events import Event, NodeFinished, NodeStarted


def at_desk(record: list[Event]) -> Any:
    return SimpleNamespace(context=SimpleNamespace(recorder=SimpleNamespace(record=record.append)))


def weigh(state: dict[str, Any], runtime: Any) -> dict[str, Any]:
    """Weigh something."""
    if state.get("breaks"):
        raise ValueError("too heavy")
    return {"weighed": True}


@pytest.mark.parametrize("named", [True, False])
def test_when_a_node_works_then_its_beginning_and_its_end_stand_around_what_it_does(named: bool) -> None:
    record: list[Event] = []
    node, desk = noted(weigh), at_desk(record)
    state = {"seen": SimpleNamespace(symbol="IBM")}
    assert (node(state, runtime=desk) if named else node(state, desk)) == {"weighed": True}
    begun, ended = record
    assert begun == NodeStarted(node="weigh", symbol="IBM")
    assert isinstance(ended, NodeFinished)
    assert (ended.node, ended.symbol) == ("weigh", "IBM")
    assert ended.seconds >= 0


def test_when_a_node_breaks_then_it_has_a_beginning_and_no_end() -> None:
    record: list[Event] = []
    with pytest.raises(ValueError, match="too heavy"):
        noted(weigh)({"breaks": True}, runtime=at_desk(record))
    assert record == [NodeStarted(node="weigh")]
