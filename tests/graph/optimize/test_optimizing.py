"""`perun optimize`: a planted better prompt is found, judged on days that nobody had seen, and promoted by a person.

The mind is a real server on loopback behind the real client. What it says of a share is right as often as its prompt's
words make it skilful; it knows the recorded days, as no model may.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from perun.graph.app import optimizing, prompts, wiring
from perun.graph.app.optimizing import Search, optimize, promote
from perun.graph.replay.telling import forward_returns
from perun.memory.word_hashes import WordHashes
from perun.tools.domain.errors import ConfigurationError, Halted
from perun.tools.market.recorded import RecordedMarket
from support.model_server import ModelServer, Says
from support.model_words import Request, texts_of

SYMBOLS = ("AAPL", "IBM", "MSFT")
TRADER = resources.files("perun.agents.prompts").joinpath("trader.md").read_text()
SKILFUL = TRADER.replace("version: 2", "version: skilful").replace("Prefer few good trades", "Look twice")
CLUMSY = TRADER.replace("version: 2", "version: clumsy").replace("Prefer few good trades", "Do not look")
SKILLS = {"Look twice": 95, "Do not look": 25, "Prefer few good trades": 50}
"""How many of a hundred answers are right, by the words in the prompt."""


def script(request: Request) -> Says:
    system, *rest = texts_of(request)
    if "trader of a desk" in system:
        return Says(json.dumps({"signals": [signal(symbol, system, rest[0]) for symbol in SYMBOLS]}))
    if "risk manager" in system:
        named = [symbol for symbol in SYMBOLS if symbol in rest[0]]
        review = {"reason": "fine", "ruling": "approve", "keep_percent": 100}
        return Says(json.dumps({"reviews": [{"symbol": symbol, **review} for symbol in named]}))
    return Says(json.dumps({"summary": "Nothing to see.", "evidence": [], "stance": "neutral", "conviction": 0}))


def signal(symbol: str, system: str, told: str) -> dict[str, Any]:
    day = re.findall(r"\d{4}-\d{2}-\d{2}", told)[0]
    skill = next(skill for words, skill in SKILLS.items() if words in system)
    right = crc32(f"{symbol} {day} {skill}".encode()) % 100 < skill
    action = "BUY" if rises(symbol, date.fromisoformat(day)) == right else "SELL"
    return {"symbol": symbol, "rationale": "So it is.", "evidence": [], "action": action, "confidence": 75}


@cache
def recorded() -> RecordedMarket:
    return RecordedMarket.shipped()


def rises(symbol: str, day: date) -> bool:
    """Whether the share will do better than the others over five sessions."""
    market = recorded()
    forward = forward_returns(market.sessions(), market.bar)
    changes = {each: forward(each, market.session(day).closes, 5) or 0 for each in SYMBOLS}
    return changes[symbol] > sum(changes.values()) / len(changes)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(wiring, "MiniLM", WordHashes)  # nobody here reads a memory
    with ModelServer(script) as models:
        monkeypatch.setenv("LLM_PROVIDER", "openai")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-scripted-server")
        monkeypatch.setenv("OPENAI_BASE_URL", models.base_url)
        monkeypatch.setenv("LLM_MAX_USD_PER_DAY", "1000")
        for name, text in (("skilful", SKILFUL), ("clumsy", CLUMSY)):
            path = tmp_path / f"{name}.md"
            path.write_text(text)
            prompts.added(path, {})
        yield models


def search(*candidates: str, **changes: Any) -> Search:
    chosen: dict[str, Any] = {"begins": date(2009, 6, 1), "ends": date(2009, 8, 31), "symbols": SYMBOLS}
    return Search("trader", candidates, **{**chosen, **changes})


@pytest.mark.slow
def test_when_a_better_prompt_was_planted_then_it_is_found_promoted_and_speaks_and_a_worse_one_is_refused(
    server: ModelServer,
) -> None:
    document = optimize(search("clumsy", "skilful"), {}, lambda line: None)
    assert (document["best"], document["eligible"], document["promoted"]) == ("trader@skilful", True, False)
    assert document["sealed_openings"] == 1
    assert document["validation"]["tried"] == 2
    asked = server.calls
    again = optimize(search("skilful"), {}, lambda line: None)
    assert server.calls == asked, "what was played is read again, and nobody is asked"
    assert again["validation"]["tried"] == 2, "who was tried before counts"
    assert again["sealed_openings"] == 2

    with pytest.raises(Halted, match="never judged"):
        promote("trader@clumsy", "because", {})
    assert promote("trader@skilful", "it was shown", {})["in_use"] == "trader@skilful"
    labels = {row["version"]: row["labels"] for row in prompts.listed("trader", {})["prompts"]}
    assert labels["skilful"] == ["in use", "candidate"]

    worse = optimize(search("clumsy"), {}, lambda line: None)
    assert not worse["eligible"]
    assert worse["sealed"] is None, "the sealed days stay sealed for what was not better"
    with pytest.raises(Halted, match="not eligible"):
        promote("trader@clumsy", "because", {})
    kinds = [trial["kind"] for trial in optimizing.status({})["trials"]]
    assert kinds.count("prompt.judged") == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": "baseline"}, "reads no prompt"),
        ({"candidates": ("nobody",)}, "no one prompt nobody"),
        ({"candidates": ("2",)}, "says what the trader's prompt in use says"),
        ({"ends": date(2009, 6, 5)}, "too few"),
    ],
    ids=["a mind that reads nothing", "no such version", "what is in use", "too few days"],
)
def test_when_a_search_cannot_be_made_then_one_line_says_why(
    server: ModelServer, changes: dict[str, Any], said: str
) -> None:
    candidates = changes.pop("candidates", ("skilful",))
    with pytest.raises(ConfigurationError, match=said):
        optimize(search(*candidates, **changes), {}, lambda line: None)
