"""What a cycle asks of its models, for one symbol and for ten, beside the goals: a measurement, not a verdict.

Whole cycles with the real client against the scripted server, research on, memories of two earlier cycles in the
prompts. Tokens are characters over four: tiktoken is installed, but its vocabulary is not to be had offline.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.research import Document
from perun.tools.market.recorded import RecordedMarket
from support.floor import parts, settings
from support.market import made_market
from support.model_server import Answer, ModelServer, Says
from support.model_words import Request, form_of, texts_of

SYMBOLS = tuple(f"{letter}{letter}{letter}" for letter in "ABCDEFGHIJ")
SESSIONS = 300
WORDS = (
    "The close stands above both averages and the momentum is up, yet the day's range widened and volume fell; "
    "the trend holds until the slower average breaks, and the last sessions gave no sign that it will."
)
GOALS = {1: (5, 4, 6_000), 10: (22, 4, 30_000)}
"""Symbols to calls, longest chain and tokens read."""


@dataclass
class Press:
    """Five documents about every symbol."""

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        """All of them, published now."""
        return [
            Document(id=f"{symbol}-{n}", symbol=symbol, url="https://example.org", published=as_of, text=WORDS * 2)
            for n in range(5)
        ]


def tokens(*texts: str) -> int:
    return sum(map(len, texts)) // 4


def script(request: Request) -> Answer:
    """Every role answers at usual length; the trader buys two."""
    form = form_of(request)["properties"]
    if "findings" in form:
        found = [{"direction": "mixed", "summary": WORDS[:200], "source": each} for each in sources(request)[:3]]
        return says({"findings": found})
    if "stance" in form:
        return says({"summary": WORDS, "evidence": bars(request)[-2:], "stance": "bullish", "conviction": 70})
    if "signals" in form:
        wanted = form["signals"]["items"]["properties"]["symbol"]["enum"]
        return says({"signals": [signal(request, symbol, n < 2) for n, symbol in enumerate(wanted)]})
    reviewed = form["reviews"]["items"]["properties"]["symbol"]["enum"]
    return says({"reviews": [review(symbol) for symbol in reviewed]})


def says(answer: Any) -> Says:
    return Says(json.dumps(answer))


def signal(request: Request, symbol: str, buy: bool) -> dict[str, Any]:
    seen = [each for each in bars(request) if f":{symbol}:" in each]
    action = "BUY" if buy else "HOLD"
    return {"symbol": symbol, "rationale": WORDS, "evidence": seen, "action": action, "confidence": 70}


def review(symbol: str) -> dict[str, Any]:
    return {"symbol": symbol, "reason": WORDS, "ruling": "approve", "keep_percent": 100}


def bars(request: Request) -> list[str]:
    return re.findall(r"\[bars:[^]]+\]", texts_of(request)[1])


def sources(request: Request) -> list[str]:
    return re.findall(r"\[news:[^]]+\]", texts_of(request)[1])


def market(folder: Path) -> RecordedMarket:
    """Ten symbols that rise in waves, each in its own."""
    rows = {
        symbol: [(f"{100 + day * 0.2 + (day * (n + 3)) % 17 * 0.31:.2f}",) * 4 for day in range(SESSIONS)]
        for n, symbol in enumerate(SYMBOLS)
    }
    return made_market(folder, rows)


@dataclass(frozen=True)
class Measured:
    """One cycle, the third of its account."""

    usage: dict[str, Any]
    schemas: int
    by_role: Counter[str]
    seconds: float
    cpu: float
    at_once: int


def measure(folder: Path, count: int, delay: float, baseline: bool = False) -> Measured:
    recorded = market(folder / "market")
    with ModelServer(script, count=tokens) as server:
        key = {"openai_api_key": "none", "openai_base_url": server.base_url}
        start = recorded.sessions()[SESSIONS - 10].day.isoformat()
        chosen = {"llm_provider": "openai", "embedded_start": start, "llm_concurrency": "10", **key}
        chosen |= {"llm_provider": "baseline"} if baseline else {}
        with open_floor(settings(folder, **chosen), parts(market=recorded)) as bare:
            floor = replace(bare, news=None if baseline else Press())
            for _ in range(2):
                run_cycle(floor, SYMBOLS[:count])
            server.delay, before, cpu, started = delay, server.calls, process_time(), stopwatch()
            server.most_at_once = 0
            usage = run_cycle(floor, SYMBOLS[:count])["usage"]
            seconds, cpu = stopwatch() - started, process_time() - cpu
        asked = server.requests[before:]
    by_role = Counter[str]()
    for request in asked:
        by_role[next(iter(form_of(request)["properties"]))] += tokens(*texts_of(request))
    schemas = sum(tokens(json.dumps([request["response_format"], request.get("tools", "")])) for request in asked)
    return Measured(usage, schemas, by_role, seconds, cpu, server.most_at_once)


@pytest.mark.parametrize("count", [1, 10])
def test_what_a_cycle_asks_of_its_models(tmp_path: Path, count: int) -> None:
    quick = measure(tmp_path / "quick", count, 0)
    slow = measure(tmp_path / "slow", count, 2)
    alone = measure(tmp_path / "alone", count, 0, baseline=True)
    calls, chain, read = GOALS[count]
    said = quick.usage
    print(f"\n{count} symbols: {said['calls']} calls (goal {calls}), longest chain {said['longest_chain']} ({chain})")
    print(
        f"  {said['input_tokens']} tokens read ({read}) and {quick.schemas} in schemas, {said['output_tokens']} written"
    )
    print(f"  read by what was asked for: {dict(quick.by_role)}")
    print(f"  {quick.seconds:.2f} s at 0 s a call, {slow.seconds:.2f} s at 2 s a call, {slow.at_once} calls at once")
    print(f"  CPU {quick.cpu:.2f} s, clients and the test's own server included; {alone.cpu:.2f} s with the baseline")
