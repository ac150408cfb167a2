"""Controls on a mind that knows the future by ticker and day: with their names it gains, masked it guesses.

The mind is a real server on loopback behind the real client. It looks up what each share did next, as a model may that
has read about these days; a share or day that it does not know it buys or sells by a coin's toss.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from perun.graph.app import wiring
from perun.graph.app.backtesting import Wish, backtest
from perun.memory.word_hashes import WordHashes
from perun.tools.market.recorded import RecordedMarket
from support.model_server import ModelServer, Says
from support.model_words import Request, texts_of

SYMBOLS = ("AAPL", "IBM", "MSFT")
BEGINS, ENDS = date(2009, 6, 10), date(2009, 6, 17)


def script(request: Request) -> Says:
    system, *rest = texts_of(request)
    if "trader of a desk" in system:
        shown = sorted(set(re.findall(r"\b(?:AAPL|IBM|MSFT|S\d\d)\b", rest[0])))
        return Says(json.dumps({"signals": [signal(symbol, rest[0]) for symbol in shown]}))
    if "risk manager" in system:
        review = {"reason": "fine", "ruling": "approve", "keep_percent": 100}
        asked = re.findall(r"^- (\w+): (?:BUY|SELL)", rest[0], re.MULTILINE)
        return Says(json.dumps({"reviews": [{"symbol": symbol, **review} for symbol in asked]}))
    seen = re.findall(r"\[bars:[^\]]+\]", rest[0])[-1:]
    return Says(json.dumps({"summary": "Nothing to see.", "evidence": seen, "stance": "neutral", "conviction": 0}))


def signal(symbol: str, told: str) -> dict[str, Any]:
    day = date.fromisoformat(re.findall(r"\d{4}-\d{2}-\d{2}", told)[0])
    rises = futures().get((symbol, day), crc32(f"{symbol} {day}".encode()) % 2 == 0)
    held = f"- {symbol}:" in told.partition("positions:")[2].partition("working orders:")[0]
    action = ("HOLD" if held else "BUY") if rises else ("SELL" if held else "HOLD")
    seen = re.findall(rf"\[bars:{symbol}:[^\]]+\]", told)
    return {"symbol": symbol, "rationale": "So it is.", "evidence": seen, "action": action, "confidence": 90}


@cache
def futures() -> dict[tuple[str, date], bool]:
    """Whether each share's next session closes above its open, by the day before."""
    market = RecordedMarket.shipped()
    known = {}
    for symbol in SYMBOLS:
        bars = market.at(market.last_session().closes).bars(symbol, 1200)
        known |= {(symbol, today.session): after.close > after.open for today, after in pairwise(bars)}
    return known


@dataclass(frozen=True)
class Replay:
    """A folder of artifacts, and all that a model was sent for it."""

    out: Path
    document: dict[str, Any]
    sent: str

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.out / name).open(newline="") as file:
            return list(csv.DictReader(file))

    def gain(self, run: str) -> Decimal:
        return Decimal(next(row["return"] for row in self.document["runs"] if row["run"] == run))

    @property
    def right(self) -> float:
        """Of the BUYs and SELLs, those that the next session bore out."""
        own = (row for row in self.rows("decisions.csv") if row["run"] == "policy" and row["action"] != "HOLD")
        hits = [(row["action"] == "BUY") == (Decimal(row["return_1"]) > 0) for row in own]
        return sum(hits) / len(hits)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with pytest.MonkeyPatch.context() as patch, ModelServer(script) as models:
        patch.chdir(tmp_path_factory.mktemp("home"))
        patch.setattr(wiring, "MiniLM", WordHashes)  # nobody here reads a memory
        settings = {"PROVIDER": "openai", "MODEL": "of-my-own", "MAX_USD_PER_DAY": "1000", "CUTOFF": "2009-06-09"}
        for name, value in settings.items():
            patch.setenv(f"LLM_{name}", value)
        patch.setenv("DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("OPENAI_API_KEY", "sk-of-the-scripted-server")
        patch.setenv("OPENAI_BASE_URL", models.base_url)
        yield models


def replayed(server: ModelServer, out: Path, **changes: Any) -> Replay:
    asked = len(server.requests)
    document = backtest(Wish(BEGINS, ENDS, SYMBOLS, out=out, **changes), {}, lambda line: None)
    return Replay(out, document, json.dumps(server.requests[asked:]))


@pytest.fixture(scope="module")
def named(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return replayed(server, tmp_path_factory.mktemp("named"))


@pytest.fixture(scope="module")
def masked(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return replayed(server, tmp_path_factory.mktemp("masked"), control="blind")


def test_when_a_mind_knows_the_future_by_ticker_then_it_gains_with_names_and_not_when_they_are_masked(
    named: Replay, masked: Replay
) -> None:
    assert (named.right, masked.right < 0.75) == (1.0, True)
    held = named.gain("buy and hold")
    assert named.gain("policy") > held == masked.gain("buy and hold") > masked.gain("policy")


def test_when_a_replay_is_blind_then_no_prompt_has_a_true_name_or_day_of_the_recording(
    named: Replay, masked: Replay
) -> None:
    telling = re.compile(r"AAPL|IBM|MSFT|Apple|Microsoft|\b20(?:0\d|1[0-3])-\d\d-\d\d")
    assert telling.search(named.sent), "with names there is something to find"
    assert "S01" in masked.sent
    assert re.search(r"2047-10-\d\d", masked.sent)
    assert telling.findall(masked.sent) == []


def test_when_a_replay_is_blind_then_a_file_tells_a_person_who_is_who(masked: Replay) -> None:
    key = json.loads((masked.out / "work" / "disguise.json").read_text())
    assert sorted(key["shown"].values()) == sorted(SYMBOLS)
    assert {row["symbol"] for row in masked.rows("decisions.csv")} == set(key["shown"])
    assert key["days_ahead"] == 14_000


def test_when_a_model_decides_then_the_desk_without_one_stands_beside_it_and_every_row_has_control_and_label(
    named: Replay, masked: Replay
) -> None:
    beside = ["policy", "baseline policy", "buy and hold", "equal weight", "momentum", "random"]
    for replay, control in ((named, "none"), (masked, "blind, seed 0")):
        assert [row["run"] for row in replay.rows("run_summary.csv")] == beside
        for path in replay.out.glob("*.csv"):
            assert {(row["control"], row["knowledge"]) for row in replay.rows(path.name)} <= {(control, "outside")}
        config = json.loads((replay.out / "run_config.json").read_text())
        assert (config["control"], config["control_seed"]) == (control.partition(",")[0], 0)
    assert {row["model"] for row in named.rows("llm_costs.csv") if row["run"] == "baseline policy"} == {
        "baseline (no LLM)"
    }


def test_when_the_same_days_are_replayed_into_another_folder_then_no_model_is_asked_again(
    server: ModelServer, named: Replay, tmp_path: Path
) -> None:
    asked = server.calls
    again = replayed(server, tmp_path / "again")
    assert server.calls == asked
    assert (again.out / "decisions.csv").read_bytes() == (named.out / "decisions.csv").read_bytes()
