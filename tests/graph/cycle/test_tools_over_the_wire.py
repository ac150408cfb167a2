"""Whole cycles in which models call tools through their real clients, OpenAI's and Gemini's protocol alike."""

import json
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.speakers import minds
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.events import ToolCalled
from support.floor import parts, settings
from support.model_server import Call, ModelServer, Says
from support.model_words import Request, form_of, is_gemini, tools_of

CITED = ["[indicators:AAPL:2009-06-01]"]
STANCE = {"summary": "Up.", "evidence": CITED, "stance": "bullish", "conviction": 80}
SIGNAL = {"symbol": "AAPL", "rationale": "Up.", "evidence": CITED, "action": "BUY", "confidence": 80}
REVIEW = {"symbol": "AAPL", "reason": "It fits.", "ruling": "approve", "keep_percent": 100}
READS = {
    "analyst": Call("bars", '{"symbol": "AAPL", "count": 2}'),
    "trader": Call("past_decisions", '{"symbol": "AAPL", "count": 3}'),
    "risk_manager": Call("risk_headroom", '{"symbol": "AAPL"}'),
}


def curious(request: Request) -> Says:
    """First a tool of the role, then the answer: as text, or as the function that is asked for."""
    form = form_of(request).get("properties", {})
    role = "analyst" if "stance" in form else "trader" if "signals" in form else "risk_manager"
    if not was_told(request):
        return Says("", calls=(READS[role],))
    answers: dict[str, dict[str, Any]] = {
        "analyst": STANCE, "trader": {"signals": [SIGNAL]}, "risk_manager": {"reviews": [REVIEW]},
    }  # fmt: skip
    said = json.dumps(answers[role])
    return Says("", calls=(Call("answer", said),)) if "answer" in tools_of(request) else Says(said)


def was_told(request: Request) -> bool:
    """Whether a tool has answered in this conversation."""
    if is_gemini(request):
        return any("functionResponse" in part for content in request["contents"] for part in content["parts"])
    return any(message["role"] == "tool" for message in request["messages"])


@pytest.mark.parametrize("family", ["openai", "google"])
def test_when_models_call_tools_through_their_clients_then_each_reads_and_the_order_is_placed(
    tmp_path: Path, family: str
) -> None:
    with ModelServer(curious) as server:
        urls = {"openai_base_url": server.base_url, "google_base_url": server.root}
        keys = {"openai_api_key": "sk-canary", "google_api_key": "canary"}
        chosen = settings(tmp_path, llm_provider=family, **urls, **keys)
        with open_floor(chosen, parts(minds=minds(chosen))) as floor:
            document = run_cycle(floor, ("AAPL",))
            events = [stored.event for stored in floor.hand.ledger.events.read(document["cycle_id"])]
    called = [(event.role, event.tool, event.refused) for event in events if isinstance(event, ToolCalled)]
    assert called == [(role, call.name, False) for role, call in READS.items()]
    assert (document["outcome"], document["errors"], len(document["orders"])) == ("traded", [], 1)
    assert (server.calls, document["usage"]["longest_chain"]) == (6, 6)
