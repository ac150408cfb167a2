"""The failure table: what a cycle comes to when a provider fails, for each of the three families of clients."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.running import exit_code
from perun.graph.app.sources import web
from perun.graph.app.wiring import minds, open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.clock import StoppedClock, stopwatch
from perun.tools.domain.events import AgentAbstained, ModelAsked
from support.floor import parts, settings
from support.golden import Golden
from support.model_server import Answer, Breaks, Fails, Holds, ModelServer, Says
from support.model_words import Request, form_of

FINDINGS = {"findings": [{"direction": "mixed", "summary": "It rose.", "source": "[1]"}]}
STANCE = {"summary": "Up.", "evidence": [], "stance": "bullish", "conviction": 80}
SIGNALS = {"signals": [{"symbol": "AAPL", "rationale": "r", "evidence": [], "action": "HOLD", "confidence": 50}]}
PAGES = ({"url": "https://a.example/1", "title": "Up", "date": "2009-05-30"},)


def well(request: Request) -> Says:
    """A good answer for every role."""
    form = form_of(request)["properties"]
    told = FINDINGS if "findings" in form else STANCE if "stance" in form else SIGNALS
    return Says(json.dumps(told), pages=PAGES if "findings" in form else ())


FAILURES: dict[str, Callable[[Request], Answer]] = {
    "down": well,
    "slow": lambda _: Holds(),
    "429 for ever": lambda _: Fails(429),
    "invalid key": lambda _: Fails(401),
    "empty answer": lambda _: Says(""),
    "wrong schema": lambda _: Says('{"stance": "up"}'),
    "half a stream": lambda request: Breaks(well(request)),
}
FAMILIES = {
    "openai": {"llm_provider": "openai"},
    "google": {"llm_provider": "google"},
    "perplexity": {"llm_provider": "baseline", "perplexity_api_key": "pplx-canary"},
}
"""At Perplexity only the researcher asks: the desk goes on without him, on its baseline."""
MOST_SECONDS = 50
"""For one cycle: far more than any takes, and less than a client that never gives up would."""


def failed(folder: Path, family: str, failure: str) -> tuple[str, float]:
    """One row of the table, and how long its cycle took."""
    with ModelServer(well) as gone:
        pass
    with ModelServer(FAILURES[failure]) as server:
        at = gone if failure == "down" else server
        urls = {"openai_base_url": at.base_url, "google_base_url": at.root, "perplexity_base_url": at.base_url}
        keys = {"openai_api_key": "sk-canary", "google_api_key": "canary"}
        patience = "1.5" if failure == "slow" else "30"
        chosen = settings(folder, **{**urls, **keys, **FAMILIES[family], "llm_timeout_seconds": patience})
        with open_floor(chosen, parts(minds=minds(chosen) | web(chosen))) as floor:
            started = stopwatch()
            document = run_cycle(replace(floor, clock=StoppedClock(floor.book.clock().now)), ("AAPL",))
            took = stopwatch() - started
            stored = floor.hand.ledger.events.read(document["cycle_id"])
        row = " | ".join(_row(family, failure, document, [each.event for each in stored]))
        assert failure == "down" or server.calls == document["usage"]["calls"], "every request is counted"
    assert "canary" not in json.dumps(document)
    return row, took


def _row(family: str, failure: str, document: dict[str, Any], events: list[Any]) -> Iterator[str]:
    asked = [event for event in events if isinstance(event, ModelAsked) and event.model.startswith(family)]
    abstained = [event for event in events if isinstance(event, AgentAbstained)]
    yield from (family, failure, document["outcome"], f"exit {exit_code(document)}")
    yield f"{sum(event.usage.calls for event in asked)} requests"
    yield ", ".join(f"{signal['symbol']} {signal['action']}" for signal in document["signals"])
    yield f"{abstained[0].role}: {re.sub(r'127[.]0[.]0[.]1:[0-9]+', '…', abstained[0].reason)[:60]}"


@pytest.mark.parametrize("family", FAMILIES)
def test_when_a_provider_fails_then_the_table_says_what_it_comes_to(
    tmp_path: Path, family: str, golden: Golden
) -> None:
    table = {failure: failed(tmp_path / str(number), family, failure) for number, failure in enumerate(FAILURES)}
    for row, took in table.values():
        print(f"{took:5.1f} s | {row}")
    assert max(took for _, took in table.values()) < MOST_SECONDS
    golden(f"failures/{family}.txt", "".join(f"{row}\n" for row, _ in table.values()))
