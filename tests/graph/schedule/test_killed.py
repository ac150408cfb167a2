"""A running daemon is killed at random instants: no slot, order or question twice, and every slot comes to its end."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Lock, Timer
from typing import Any

import pytest

from support.daemons import DaemonDesk, ended
from support.model_server import ModelServer, Says
from support.model_words import Request, form_of

SYMBOLS = ("AAPL", "IBM")
SESSIONS = 4
KILLS = 3
NOTHING_SLOWS = {
    "COOLDOWN_MINUTES": "0",
    "MAX_SECTOR_PERCENT": "100",
    "LLM_TOOL_ROUNDS": "0",
    "LLM_PROVIDER": "openai",
    "OPENAI_API_KEY": "sk-nobody",
    "DEFAULT_SYMBOLS": ",".join(SYMBOLS),
}
UNTIL = "2009-06-04"


class Model:
    """Answers every role, notes each question, and strikes at one of them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.asked: list[tuple[tuple[str, str], ...]] = []
        self.strike: Callable[[], Any] | None = None
        self._left, self._lock = 0, Lock()

    def arm(self, strike: Callable[[], Any]) -> None:
        """Strike at one of the next questions, or a moment after it."""
        self._left, self.strike = self.random.randint(1, 7), strike

    def __call__(self, request: Request) -> Says:
        with self._lock:
            self.asked.append(tuple((message["role"], message["content"]) for message in request["messages"]))
            self._left -= 1
            if self._left == 0 and self.strike:
                Timer(self.random.choice([0, 0.02, 0.1, 0.3, 1.0, 2.0]), self.strike).start()
        text = request["messages"][-1]["content"]
        return Says(json.dumps(_answer(form_of(request)["properties"], text)))


def _answer(form: dict[str, Any], text: str) -> dict[str, Any]:
    if "findings" in form:
        return {"findings": []}
    if "stance" in form:
        return {"summary": "Up.", "evidence": _bars("[A-Z]+", text), "stance": "bullish", "conviction": 80}
    if "reviews" in form:
        each = {"ruling": "approve", "keep_percent": 100, "reason": "fine"}
        return {"reviews": [{"symbol": symbol, **each} for symbol in SYMBOLS]}
    return {"signals": [_signal(symbol, text) for symbol in SYMBOLS]}


def _signal(symbol: str, text: str) -> dict[str, Any]:
    """Buy on odd days, sell on even ones."""
    is_odd = int(text.partition(" 20:00 UTC")[0][-1]) % 2
    each = {"rationale": "r", "evidence": _bars(symbol, text), "action": ("SELL", "BUY")[is_odd], "confidence": 90}
    return {"symbol": symbol, **each}


def _bars(symbol: str, text: str) -> list[str]:
    return re.findall(rf"bars:{symbol}:\d{{4}}-\d\d-\d\d", text)[:1]


def live(folder: Path, seed: int) -> tuple[list[str], Counter[str]]:
    """Faults of one desk whose daemon is killed again and again, and what was counted."""
    model, tally = Model(seed), Counter[str]()
    with ModelServer(model) as server:
        desk = DaemonDesk(folder, {**NOTHING_SLOWS, "OPENAI_BASE_URL": server.base_url})
        faults, last = list[str](), None
        for number in range(KILLS + 1):
            known, heard = Counter(desk.asked()), len(model.asked)
            process = desk.start("schedule", "--embedded-speed", "max", "--until", UNTIL, "--json")
            model.arm(process.kill) if number < KILLS else model.arm(lambda: None)
            last = ended(process)
            tally["kills"] += last.code == -9
            faults += [f"asked again: {asked[-1][1][:80]}" for asked in model.asked[heard:] if asked in known]
            if last.code not in (0, -9):
                faults.append(f"ended with {last.code}: {last.err}")
    tally["questions"], tally["answers on record"] = len(model.asked), len(desk.asked())
    tally["slots"], tally["orders"] = len(desk.cycles()), len(desk.books.asked_for())
    faults += [f"not at its end: {cycle}" for cycle in desk.cycles() if cycle[1] != "FINISHED"]
    slots = Counter(slot for slot, _, _ in desk.cycles())
    faults += [f"twice: {slot}" for slot, times in slots.items() if times > 1]
    faults += [] if len(slots) == SESSIONS else [f"slots: {sorted(slots)}"]
    assert last is not None
    assert set(desk.asked()) <= set(model.asked), "questions and records are written alike"
    return [*faults, *desk.books.faults()], tally


@pytest.mark.parametrize("seed", range(1))
def test_when_a_daemon_is_killed_at_random_then_nothing_is_done_twice_and_all_is_done(
    tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    faults, tally = live(tmp_path, seed)
    record_property("daemons", json.dumps(tally))
    assert faults == [], tally
    assert tally["orders"] > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_when_daemons_are_killed_by_many_seeds_then_nothing_is_done_twice_and_all_is_done(
    tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    total, faults = Counter[str](), list[str]()
    for seed in range(100, 100 + request.config.getoption("--daemon-seeds")):
        found, tally = live(tmp_path / str(seed), seed)
        faults += [f"seed {seed}: {fault}" for fault in found]
        total += tally
    record_property("daemons", json.dumps(total))
    assert faults == [], total
