"""Whole cycles that read the web: Perplexity's protocol on loopback, its pages as evidence, shared by later cycles."""

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.sources import web
from perun.graph.app.wiring import minds, open_floor
from perun.graph.cycle import Floor, run_cycle
from perun.graph.nodes.research import PAST
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import NewsUnavailable
from perun.tools.domain.events import ErrorNoted, ModelAsked, ResearchRead
from perun.tools.domain.research import Document
from support.floor import parts, settings
from support.model_server import Answer, Fails, ModelServer, Says

PAGES = (
    {"url": "https://a.example/1", "title": "Up", "date": "2009-05-30"},
    {"url": "https://b.example/2", "date": "2009-06-02"},
)
FOUND = {"findings": [{"direction": "positive", "summary": f"Said {n}.", "source": f"[{n}]"} for n in (1, 2, 3)]}


def answer(request: Mapping[str, Any]) -> Answer:
    asked = json.dumps(request.get("response_format"))
    if "findings" in asked:
        return Says(json.dumps(FOUND), pages=PAGES, cost=0.0061)
    if "conviction" in asked:
        return Says(
            json.dumps(
                {"summary": "Up.", "evidence": ["[indicators:AAPL:2009-06-01]"], "stance": "bullish", "conviction": 80}
            )
        )
    if "signals" in asked:
        cited = ["[indicators:AAPL:2009-06-01]"]
        row = {"symbol": "AAPL", "rationale": "r", "evidence": cited, "action": "BUY", "confidence": 80}
        return Says(json.dumps({"signals": [row]}))
    return Says(json.dumps({"reviews": [{"symbol": "AAPL", "reason": "r", "ruling": "approve", "keep_percent": 100}]}))


@contextmanager
def desk(folder: Path, server: ModelServer, script: Callable[..., Answer] | None = None, **changes: Any) -> Any:
    """A floor on the server, whose wall clock stands at the market's time."""
    keys = {"openai_api_key": "sk-one", "perplexity_api_key": "pplx-two"}
    urls = {"openai_base_url": server.base_url, "perplexity_base_url": server.base_url}
    chosen = settings(folder, llm_provider="openai", **keys, **urls, **changes)
    with open_floor(chosen, parts(minds=minds(chosen) | web(chosen))) as floor:
        yield replace(floor, clock=StoppedClock(floor.book.clock().now))


def events(floor: Floor, document: dict[str, Any], kind: type[Any]) -> list[Any]:
    read = floor.hand.ledger.events.read(document["cycle_id"])
    return [stored.event for stored in read if isinstance(stored.event, kind)]


def test_when_the_web_is_read_then_one_symbol_takes_four_calls_in_a_chain_of_four_and_pages_are_evidence(
    tmp_path: Path,
) -> None:
    with ModelServer(answer) as server, desk(tmp_path, server) as floor:
        document = run_cycle(floor, ["AAPL"])
        (read,) = events(floor, document, ResearchRead)
        asked = [event for event in events(floor, document, ModelAsked) if event.role == "researcher"]
    assert (document["usage"]["calls"], document["usage"]["longest_chain"], server.calls) == (4, 4, 4)
    assert [(each.url, each.published.day) for each in read.findings] == [("https://a.example/1", 30)], "later: dropped"
    assert [(each.model, str(each.usage.cost_usd)) for each in asked] == [("perplexity:sonar", "0.0061")]
    sent = next(body for body in server.requests if body["model"] == "sonar")
    assert (sent["search_recency_filter"], sent["max_tokens"]) == ("week", 2000)
    assert document["outcome"] == "traded"


def test_when_the_same_interval_is_asked_again_then_the_web_is_not(tmp_path: Path) -> None:
    with ModelServer(answer) as server, desk(tmp_path, server, research_cache_minutes=60 * 24 * 7) as floor:
        run_cycle(floor, ["AAPL"])
        again = run_cycle(replace(floor, clock=StoppedClock(floor.book.clock().now)), ["AAPL"])
        (read,) = events(floor, again, ResearchRead)
    assert [each.url for each in read.findings] == ["https://a.example/1"]
    assert sum(body["model"] == "sonar" for body in server.requests) == 1


def test_when_the_market_lives_in_its_own_time_then_the_web_is_not_asked(tmp_path: Path) -> None:
    with ModelServer(answer) as server, desk(tmp_path, server) as floor:
        live = replace(floor, clock=StoppedClock(floor.book.clock().now.replace(year=2026)))
        document = run_cycle(live, ["AAPL"])
        (read,) = events(floor, document, ResearchRead)
    assert (read.abstained, read.findings) == (PAST, ())
    assert all(body["model"] != "sonar" for body in server.requests)


def test_when_the_web_cannot_be_asked_then_the_researcher_abstains_and_the_desk_goes_on(tmp_path: Path) -> None:
    def down(request: Mapping[str, Any]) -> Answer:
        return Fails(500) if request["model"] == "sonar" else answer(request)

    with ModelServer(down) as server, desk(tmp_path, server) as floor:
        document = run_cycle(floor, ["AAPL"])
        (read,) = events(floor, document, ResearchRead)
    assert (document["outcome"], len(document["orders"])) == ("degraded", 1)
    assert "perplexity" in read.abstained
    assert [line for line in document["errors"] if "researcher abstained on AAPL" in line] == document["errors"]


class HalfDown:
    """Two sources read as one, of which one did not answer."""

    def read(self, symbol: str, as_of: Any) -> list[Document]:
        told = Document(id="1", symbol=symbol, url="https://x.example", published=as_of, text="Words.")
        raise NewsUnavailable("Alpaca's news: no answer", [told])


def test_when_a_source_of_documents_is_down_then_the_record_says_so_and_the_rest_is_read(tmp_path: Path) -> None:
    def reading(request: Mapping[str, Any]) -> Answer:
        found = {"findings": [{"direction": "neutral", "summary": "Words.", "source": "[news:1]"}]}
        return Says(json.dumps(found)) if "findings" in json.dumps(request.get("response_format")) else answer(request)

    with ModelServer(reading) as server, desk(tmp_path, server) as floor:
        document = run_cycle(replace(floor, news=HalfDown()), ["AAPL"])
        (noted,) = [event for event in events(floor, document, ErrorNoted) if event.where == "research"]
        (read,) = events(floor, document, ResearchRead)
    assert (noted.code, noted.message) == ("NEWS_UNAVAILABLE", "AAPL: Alpaca's news: no answer")
    assert [each.source for each in read.findings] == ["[news:1]"]
    assert document["outcome"] == "degraded"


def test_when_the_real_perplexity_client_asks_the_server_then_it_hears_pages_and_text() -> None:
    perplexity = pytest.importorskip("langchain_perplexity")
    sdk = pytest.importorskip("perplexity")
    with ModelServer(lambda request: Says("It rose [1].", pages=PAGES)) as server:
        client = sdk.Perplexity(api_key="pplx-two", base_url=server.root, max_retries=0)
        chat = perplexity.ChatPerplexity(model="sonar", api_key="pplx-two", client=client)
        message = chat.invoke("What now?")
    assert message.text == "It rose [1]."
    assert [page.url for page in message.additional_kwargs["search_results"]] == [page["url"] for page in PAGES]
