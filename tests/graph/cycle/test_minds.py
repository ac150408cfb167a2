"""What a cycle comes to when its models fail, lie or cost too much: exit code, record, time and requests."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from perun.graph.app.running import exit_code
from perun.graph.app.wiring import open_floor
from perun.graph.result import EXIT_CODES
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.events import AgentAbstained, ModelAsked
from support.floor import cycle, parts, settings
from support.model_server import Answer, Breaks, Drips, Fails, Floods, Garbles, Holds, ModelServer, Says
from support.model_words import Request, form_of

SYMBOLS = ("AAPL", "IBM")
STANCE = {"summary": "Up.", "evidence": [], "stance": "bullish", "conviction": 80}


def says(answer: Any) -> Says:
    return Says(json.dumps(answer))


def hold(symbol: str) -> dict[str, Any]:
    return {"symbol": symbol, "rationale": "Wait.", "evidence": [], "action": "HOLD", "confidence": 50}


def desk(analyst: Answer | None = None, trader: Answer | None = None) -> Callable[[Request], Answer]:
    """A script that knows the role by the form that is asked for; whoever is not given answers well and holds."""

    def script(request: Request) -> Answer:
        if "stance" in form_of(request)["properties"]:
            return analyst or says(STANCE)
        return trader or says({"signals": [hold(symbol) for symbol in SYMBOLS]})

    return script


def trader(*signals: dict[str, Any]) -> Callable[[Request], Answer]:
    return desk(trader=says({"signals": list(signals)}))


@dataclass(frozen=True)
class Failure:
    """One row of the table."""

    what: str
    script: Callable[[Request], Answer]
    reason: str
    """Stands in the errors of the result, and in the record of who abstained."""
    requests: int
    """That the server saw, over the whole cycle."""
    changes: dict[str, str] = field(default_factory=dict)
    seconds: float = 50
    """Most that the whole cycle may take: far more than it does, and less than what never gives up would."""


QUICK = {"llm_timeout_seconds": "1.5"}
PATIENT = {"llm_timeout_seconds": "30"}
TABLE = [
    Failure("slow", lambda _: Holds(), "did not answer in time", 2, QUICK),
    Failure("drop by drop", desk(Drips(says(STANCE), 0.5)), "did not finish its answer in time", 2, QUICK),
    Failure("429 for ever", lambda _: Fails(429), "HTTP 429", 6),
    Failure("429, come back in a minute", lambda _: Fails(429, wait_ms=60_000), "asks to wait 60 seconds", 2, PATIENT),
    Failure("500 for ever", lambda _: Fails(500), "HTTP 500", 6),
    Failure("invalid key", lambda _: Fails(401), "does not accept the key", 2),
    Failure("half an answer", desk(Breaks(says(STANCE))), "cannot be reached", 6),
    Failure("a page instead of an answer", lambda _: Garbles("<html>"), "cannot be read", 2),
    Failure("ten megabytes", lambda _: Floods(10_000_000), "reading was stopped", 2),
    Failure("empty answer", desk(Says("")), "unusable answer", 4),
    Failure("a refusal", desk(Says("", refusal="I cannot help with that.")), "unusable answer", 4),
    Failure("cut off", desk(Says(json.dumps(STANCE)[:40], finish="length")), "unusable answer", 4),
    Failure("wrong schema", desk(says({"stance": "bullish"})), "unusable answer: summary", 4),
    Failure("an extra field", desk(says({**STANCE, "qty": 5})), "unusable answer: qty", 4),
    Failure("not a number", desk(says({**STANCE, "conviction": float("nan")})), "unusable answer", 4),
    Failure("infinity", desk(says({**STANCE, "conviction": float("inf")})), "unusable answer", 4),
    Failure("two answers", desk(Says(json.dumps(STANCE) * 2)), "unusable answer", 4),
    Failure("an unknown symbol", trader(hold("AAPL"), hold("TSLA")), "unknown symbols TSLA", 4),
    Failure("a symbol twice", trader(hold("AAPL"), hold("AAPL")), "more than one signal for AAPL", 4),
]


@pytest.mark.parametrize("failure", TABLE, ids=lambda failure: failure.what)
def test_when_models_fail_then_the_desk_holds_with_exit_5_and_the_record_says_why(
    tmp_path: Path, failure: Failure
) -> None:
    started = stopwatch()
    with ModelServer(failure.script) as server:
        document = served(tmp_path, server, **failure.changes)
        took = stopwatch() - started
        assert server.calls == failure.requests
    assert (document["outcome"], exit_code(document)) == ("degraded", 5)
    assert {signal["action"] for signal in document["signals"]} == {"HOLD"}
    assert (document["verdicts"], document["orders"]) == ([], [])
    assert any(failure.reason in line for line in document["errors"])
    assert document["usage"]["calls"] == failure.requests
    assert any(failure.reason in each.reason for each in abstentions(tmp_path, document))
    assert "canary" not in json.dumps(document)
    assert took < failure.seconds


def test_when_nobody_listens_then_the_desk_holds_with_exit_5(tmp_path: Path) -> None:
    with ModelServer(desk()) as gone:
        pass
    document = served(tmp_path, gone)
    assert exit_code(document) == 5
    assert any("cannot be reached" in line for line in document["errors"])
    assert document["usage"]["calls"] == 6


def test_when_all_is_well_then_two_symbols_take_three_requests(tmp_path: Path) -> None:
    with ModelServer(desk()) as server:
        document = served(tmp_path, server)
    assert (document["outcome"], server.calls, document["usage"]["longest_chain"]) == ("held", 3, 2)
    assert Decimal(document["usage"]["cost_usd"]) > 0


def test_when_a_role_has_a_model_of_its_own_then_that_one_is_asked_for_it_alone(tmp_path: Path) -> None:
    own = {"llm_model": "small", "llm_model_trader": "large"}
    with ModelServer(desk()) as server:
        document = served(tmp_path, server, **own)
    assert [body["model"] for body in server.requests] == ["small", "small", "large"]
    assert {turn.role: turn.model for turn in asked(tmp_path, document)} == {
        "analyst": "openai:small", "trader": "openai:large",
    }  # fmt: skip


def test_when_a_model_thinks_aloud_then_its_answer_is_read_without_a_repair(tmp_path: Path) -> None:
    thoughts = "<think>Is it {bullish}? Surely.</think>\nHere you are:\n```json\n"
    with ModelServer(desk(Says(f"{thoughts}{json.dumps(STANCE)}\n```"))) as server:
        document = served(tmp_path, server)
    assert (document["outcome"], server.calls) == ("held", 3)
    assert asked(tmp_path, document)[0].answer.startswith("<think>"), "the record keeps what was said"


def test_when_the_first_provider_is_down_then_the_next_answers_and_the_record_names_both(tmp_path: Path) -> None:
    with ModelServer(lambda _: Fails(500)) as first, ModelServer(desk()) as second:
        more = {"google_api_key": "canary-google", "google_base_url": second.root, "llm_fallback": "google"}
        document = served(tmp_path, first, **more)
        assert (first.calls, second.calls) == (9, 3)
    assert (document["outcome"], document["usage"]["calls"]) == ("held", 12)
    for turn in asked(tmp_path, document):
        assert turn.model == "google:gemini-2.5-flash"
        assert ["HTTP 500" in line for line in turn.missed] == [True]


def test_when_every_provider_is_down_then_nobody_guesses(tmp_path: Path) -> None:
    with ModelServer(lambda _: Fails(401)) as first, ModelServer(lambda _: Fails(403)) as second:
        more = {"google_api_key": "canary-google", "google_base_url": second.root, "llm_fallback": "google"}
        document = served(tmp_path, first, **more)
    assert exit_code(document) == 5
    assert {signal["action"] for signal in document["signals"]} == {"HOLD"}
    assert any(line.count("does not accept the key") == 2 for line in document["errors"])


BUDGETS = [
    ({"llm_max_calls_per_cycle": "2"}, "LLM_MAX_CALLS_PER_CYCLE", 2),
    ({"llm_max_calls_per_cycle": "0"}, "LLM_MAX_CALLS_PER_CYCLE", 0),
    ({"llm_max_tokens_per_cycle": "1000"}, "LLM_MAX_TOKENS_PER_CYCLE", 0),
    ({"llm_max_usd_per_day": "0"}, "LLM_MAX_USD_PER_DAY", 0),
]


@pytest.mark.parametrize(("changes", "name", "requests"), BUDGETS)
def test_when_a_budget_is_spent_then_the_cycle_ends_in_hold_with_exit_5_and_names_it(
    tmp_path: Path, changes: dict[str, str], name: str, requests: int
) -> None:
    with ModelServer(desk()) as server:
        document = served(tmp_path, server, **changes)
    assert (exit_code(document), server.calls) == (EXIT_CODES["degraded"], requests)
    assert {signal["action"] for signal in document["signals"]} == {"HOLD"}
    assert any(name in line for line in document["errors"])


def test_when_an_earlier_run_spent_the_day_s_dollars_then_the_next_one_asks_nobody(tmp_path: Path) -> None:
    dear = {"llm_prices": "gpt-5-mini=1000/1000", "llm_max_usd_per_day": "31"}
    with ModelServer(desk(), count=lambda *texts: 5_000) as server:
        first, second = served(tmp_path, server, **dear), served(tmp_path, server, **dear)
        assert (first["outcome"], first["usage"]["cost_usd"]) == ("held", "30.0000")
        assert second["outcome"] == "degraded"
        assert any("today's 31 US dollars" in line for line in second["errors"])
        assert server.calls == 3


def test_when_the_cycle_s_time_is_over_then_what_is_unfinished_abstains(tmp_path: Path) -> None:
    with ModelServer(desk(trader=Holds())) as server:
        document = served(tmp_path, server, cycle_deadline_seconds="4")
    assert exit_code(document) == 5
    assert any("the trader abstained" in line and "in time" in line for line in document["errors"])


def test_when_symbols_are_studied_then_they_are_asked_about_at_once_with_the_same_beginning(tmp_path: Path) -> None:
    symbols = ("AAPL", "GOOG", "IBM", "MSFT")
    all_in, script = Barrier(4, timeout=50), desk(trader=says({"signals": []}))

    def together(request: Request) -> Answer:
        if "stance" in form_of(request)["properties"]:
            all_in.wait()  # nobody is answered before all four have asked
        return script(request)

    with ModelServer(together) as server:
        document = served(tmp_path, server, symbols)
    assert (server.most_at_once, server.calls) == (4, 5)
    assert document["outcome"] == "held"
    openings = {json.dumps([body["messages"][0], body["response_format"]]) for body in server.requests[:4]}
    assert len(openings) == 1, "what is the same for all stands first, where providers cache it"


def served(folder: Path, server: ModelServer, symbols: tuple[str, ...] = SYMBOLS, **changes: str) -> dict[str, Any]:
    key = {"openai_api_key": "sk-canary-1", "openai_base_url": server.base_url, "llm_provider": "openai"}
    return cycle(folder, symbols=symbols, **{**key, **changes})


def events(folder: Path, document: dict[str, Any]) -> list[Any]:
    with open_floor(settings(folder), parts()) as floor:
        ledger = floor.hand.ledger
        assert ledger.events.verify(document["cycle_id"]) is None
        return [stored.event for stored in ledger.events.read(document["cycle_id"])]


def abstentions(folder: Path, document: dict[str, Any]) -> list[AgentAbstained]:
    return [event for event in events(folder, document) if isinstance(event, AgentAbstained)]


def asked(folder: Path, document: dict[str, Any]) -> list[ModelAsked]:
    return [event for event in events(folder, document) if isinstance(event, ModelAsked)]
