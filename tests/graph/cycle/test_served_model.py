"""Whole cycles on a model behind OpenAI's protocol: the real client, a real server on loopback, scripted answers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.wiring import minds, open_floor
from perun.graph.cycle import run_cycle
from support.floor import parts, settings
from support.model_server import Answer, Fails, ModelServer, Says

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
STANCE = {"summary": "Up.", "evidence": ["bars:AAPL:2009-06-01"], "stance": "bullish", "conviction": 80}


def signal(symbol: str, action: str, confidence: int = 80) -> dict[str, Any]:
    return {"symbol": symbol, "rationale": "r", "evidence": [], "action": action, "confidence": confidence}


def review(symbol: str, ruling: str, keep: int) -> dict[str, Any]:
    return {"symbol": symbol, "reason": "r", "ruling": ruling, "keep_percent": keep}


def schema_of(request: Mapping[str, Any]) -> set[str]:
    return set(request["response_format"]["json_schema"]["schema"]["properties"])


def desk(signals: list[dict[str, Any]], reviews: list[dict[str, Any]], stance: Answer | None = None) -> Any:
    """A script that knows the role by the form that is asked for."""

    def answer(request: Mapping[str, Any]) -> Answer:
        asked = schema_of(request)
        if "stance" in asked:
            return stance or Says(json.dumps(STANCE))
        if "signals" in asked:
            return Says(json.dumps({"signals": signals}))
        return Says(json.dumps({"reviews": reviews}))

    return answer


def served(folder: Path, server: ModelServer, **changes: Any) -> dict[str, Any]:
    chosen = settings(
        folder, llm_provider="openai", openai_base_url=server.base_url, openai_api_key="sk-canary", **changes
    )
    with open_floor(chosen, parts(minds=minds(chosen))) as floor:
        return run_cycle(floor, SYMBOLS)


def test_when_a_model_serves_the_desk_then_four_symbols_take_six_calls_in_a_chain_of_three(tmp_path: Path) -> None:
    script = desk([signal("AAPL", "BUY"), signal("IBM", "BUY", 59)], [review("AAPL", "shrink", 50)])
    with ModelServer(script) as server:
        document = served(tmp_path, server)
    assert document["outcome"] == "traded"
    assert {each["symbol"]: each["action"] for each in document["signals"]} == {
        "AAPL": "BUY", "GOOG": "HOLD", "IBM": "HOLD", "MSFT": "HOLD",
    }  # fmt: skip
    usage = document["usage"]
    assert (usage["calls"], usage["longest_chain"]) == (6, 3)
    assert usage["calls"] == len(server.requests)
    assert usage["input_tokens"] > 0
    assert "canary" not in json.dumps(document)


def test_when_the_risk_manager_shrinks_then_the_order_is_smaller_and_a_veto_leaves_none(tmp_path: Path) -> None:
    sizes = {}
    for name, ruling, keep in (("whole", "approve", 100), ("half", "shrink", 50), ("more", "approve", 0)):
        with ModelServer(desk([signal("AAPL", "BUY")], [review("AAPL", ruling, keep)])) as server:
            sizes[name] = int(served(tmp_path / name, server)["orders"][0]["qty"])
    with ModelServer(desk([signal("AAPL", "BUY")], [review("AAPL", "veto", 100)])) as server:
        vetoed = served(tmp_path / "veto", server)
    assert sizes["half"] == sizes["whole"] // 2
    assert sizes["more"] == sizes["whole"], "an approval keeps everything, whatever number stands beside it"
    assert (vetoed["outcome"], vetoed["orders"]) == ("denied", [])
    assert "ADVISER_VETO" in {breach["code"] for breach in vetoed["verdicts"][0]["breaches"]}


def test_when_the_key_is_refused_then_a_handful_of_requests_are_made_and_the_desk_holds(tmp_path: Path) -> None:
    with ModelServer(lambda _: Fails(401, "bad key sk-canary")) as server:
        document = served(tmp_path, server)
        assert len(server.requests) <= 4
    assert document["outcome"] == "degraded"
    assert {each["action"] for each in document["signals"]} == {"HOLD"}
    assert any("does not accept the key" in line for line in document["errors"])
    assert "canary" not in json.dumps(document)


@pytest.mark.parametrize("answer", ["", "I think you should buy!", '{"stance": "bullish"}', json.dumps(STANCE)[:-5]])
def test_when_analysts_answer_nonsense_then_each_is_shown_its_error_once_and_abstains(
    tmp_path: Path, answer: str
) -> None:
    with ModelServer(desk([], [], stance=Says(answer))) as server:
        document = served(tmp_path, server)
        assert len(server.requests) == 2 * len(SYMBOLS)
    assert document["outcome"] == "degraded"
    assert {each["action"] for each in document["signals"]} == {"HOLD"}


def test_when_the_model_sells_what_is_not_held_then_the_gate_denies_it(tmp_path: Path) -> None:
    with ModelServer(desk([signal("AAPL", "SELL")], [review("AAPL", "approve", 100)])) as server:
        document = served(tmp_path, server)
    assert document["outcome"] == "denied"
    assert document["verdicts"][0]["breaches"] == [{"code": "NO_SHORT_SELLING", "measured": "1", "allowed": "0"}]


def test_when_a_position_is_sold_then_its_stop_is_freed_and_nothing_is_left(tmp_path: Path) -> None:
    with ModelServer(desk([signal("AAPL", "BUY")], [review("AAPL", "approve", 100)])) as server:
        served(tmp_path, server)
        server.script = desk([signal("AAPL", "SELL")], [review("AAPL", "veto", 0)])
        document = served(tmp_path, server)
    assert document["outcome"] == "traded", "the risk manager cannot hold up an exit"
    assert document["orders"][0]["side"] == "sell"
    with open_floor(settings(tmp_path), parts()) as floor:
        portfolio = floor.book.portfolio()
    assert portfolio.positions == ()
    assert portfolio.working_orders == ()
