"""From the database file alone, every prompt, verdict and order is rebuilt, and is what was sent."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.speakers import minds
from perun.graph.app.wiring import ledger_path, open_floor
from perun.graph.cycle import run_cycle
from perun.graph.ledger.looking import open_archive
from perun.graph.nodes import gate
from perun.graph.trace import rebuilding
from perun.graph.trace.reading import Trace, find
from perun.tools.brokerage.alpaca.body import wire_body
from perun.tools.domain.verdicts import Verdict
from support.distant_desk import DistantDesk, Trouble, distant_desk
from support.floor import parts, settings
from support.model_server import Answer, Call, ModelServer, Says
from support.model_words import form_of, tools_of

SYMBOLS = ("AAPL", "IBM", "MSFT")
BROKEN = '{"stance": "bullish"}'


def script(request: Mapping[str, Any]) -> Answer:
    """Analysts look something up first, and IBM's answers badly once; the trader wishes what can and cannot be had."""
    asked, said = set(form_of(request)["properties"]), [message["role"] for message in request["messages"]]
    if "stance" in asked:
        if "indicators" in tools_of(request) and "tool" not in said:
            return Says("", calls=(Call("indicators", '{"symbol": "AAPL"}'),))
        if "IBM" in str(request["messages"][1]["content"])[:200] and "cannot be used" not in str(request["messages"]):
            return Says(BROKEN)
        return Says(
            json.dumps(
                {"summary": "Up.", "evidence": shown_of("[A-Z]+", request), "stance": "bullish", "conviction": 80}
            )
        )
    if "signals" in asked:
        rows = [{"symbol": s, "rationale": "r", "evidence": shown_of(s, request), "action": a} for s, a in WISHES]
        return Says(json.dumps({"signals": [{**row, "confidence": 80} for row in rows]}))
    rows = [{"symbol": s, "reason": "r", "ruling": r, "keep_percent": 50} for s, r in RULINGS]
    return Says(json.dumps({"reviews": rows}))


def shown_of(symbol: str, request: Mapping[str, Any]) -> list[str]:
    """The evidence on that symbol that the request shows."""
    return re.findall(rf"\[bars:{symbol}:[^]]+\]", str(request["messages"][1]["content"]))[:1]


WISHES = (("AAPL", "BUY"), ("IBM", "BUY"), ("MSFT", "SELL"))
RULINGS = (("AAPL", "shrink"), ("IBM", "veto"), ("MSFT", "approve"))


def run(desk: DistantDesk, folder: Path, server: ModelServer) -> dict[str, Any]:
    """One cycle with real clients at both ends: the model's, and the exchange's."""
    chosen = settings(
        folder,
        broker="alpaca",
        alpaca_api_key=desk.served.key,
        alpaca_secret_key=desk.served.secret,
        alpaca_trading_url=desk.line.url,
        alpaca_data_url=desk.served.base_url,
        alpaca_stream_url=desk.stream.url,
        llm_provider="openai",
        openai_base_url=server.base_url,
        openai_api_key="sk-canary-of-the-trace",
    )
    with open_floor(chosen, parts(minds=minds(chosen))) as floor:
        return run_cycle(floor, SYMBOLS, "s")


def sent(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A request's messages as the record writes them: what an assistant called stands after its words."""
    return [(message["role"], "\n".join(filter(None, _words(message)))) for message in request["messages"]]


def _words(message: Mapping[str, Any]) -> list[str]:
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return [message["content"] or "", *(f"{call['name']}({call['arguments']})" for call in calls)]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What was sent to models and to the exchange, what the gate said, and the record alone."""
    folder, verdicts = tmp_path_factory.mktemp("done"), []
    honest = gate.clear_batch

    def overheard(*facts: Any) -> Any:
        decisions = honest(*facts)
        verdicts.extend(decision.verdict for _, decision in decisions)
        return decisions

    with pytest.MonkeyPatch.context() as patch, ModelServer(script) as server:
        patch.setattr(gate, "clear_batch", overheard)
        with distant_desk(folder, patch, Trouble()) as desk:
            document = run(desk, folder / "data", server)
            posted = list(desk.line.bodies)
    alone = tmp_path_factory.mktemp("alone") / "only.db"
    alone.write_bytes(ledger_path(folder / "data").read_bytes())
    alone.chmod(0o400)
    with open_archive(alone) as archive:
        yield Sent(server.requests, posted, verdicts, document), find(archive, "s")


class Sent:
    """What the world outside was told."""

    def __init__(
        self, prompts: list[dict[str, Any]], orders: list[dict[str, Any]], verdicts: list[Verdict], document: Any
    ) -> None:
        self.prompts, self.orders, self.verdicts, self.document = prompts, orders, verdicts, document


def test_when_only_the_database_is_left_then_every_prompt_is_rebuilt_word_for_word(done: tuple[Sent, Trace]) -> None:
    told, trace = done
    rebuilt = rebuilding.prompts(trace)
    assert len(rebuilt) == len(told.prompts) > len(SYMBOLS) * 2
    wired = sorted((sent(request), sorted(tools_of(request))) for request in told.prompts)
    assert sorted(([tuple(each) for each in asked.messages], sorted(asked.offered)) for asked in rebuilt) == wired
    assert any(speaker == "tool" for asked in rebuilt for speaker, _ in asked.messages)
    assert any("cannot be used" in text for asked in rebuilt for _, text in asked.messages)


def test_when_only_the_database_is_left_then_every_verdict_is_rebuilt_with_its_whole_table(
    done: tuple[Sent, Trace],
) -> None:
    told, trace = done
    assert rebuilding.verdicts(trace) == told.verdicts
    assert {verdict.symbol: verdict.cleared for verdict in told.verdicts} == {"AAPL": True, "IBM": False, "MSFT": False}
    assert all(verdict.checks for verdict in told.verdicts)
    (again,) = rebuilding.verdicts(trace, "wire")
    (bought,) = [verdict for verdict in told.verdicts if verdict.cleared]
    assert [check.code for check in again.checks] == [check.code for check in bought.checks]
    assert [wire_body(again.terms)] == told.orders if again.terms else False


def test_when_only_the_database_is_left_then_every_order_is_rebuilt_as_it_was_posted(done: tuple[Sent, Trace]) -> None:
    told, trace = done
    assert [wire_body(terms) for terms in rebuilding.orders(trace).values()] == told.orders
    assert [body["symbol"] for body in told.orders] == ["AAPL"]
    assert told.document["outcome"] == "traded"


def test_when_keys_were_used_then_none_of_them_stands_in_the_record(done: tuple[Sent, Trace]) -> None:
    _, trace = done
    assert "canary" not in "".join(stored.event.model_dump_json() for stored in trace.events)
