"""A model that buys on odd days and sells on even ones, notes each question, and may strike at one of them."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from threading import Lock, Timer
from typing import Any

from support.model_server import Says
from support.model_words import Request, form_of

SYMBOLS = ("AAPL", "IBM")
NOTHING_SLOWS = {
    "COOLDOWN_MINUTES": "0",
    "MAX_SECTOR_PERCENT": "100",
    "LLM_TOOL_ROUNDS": "0",
    "LLM_PROVIDER": "openai",
    "OPENAI_API_KEY": "sk-nobody",
    "DEFAULT_SYMBOLS": ",".join(SYMBOLS),
}
"""Settings of a desk that asks this model and trades every day."""

Question = tuple[tuple[str, str], ...]
"""The messages of one question."""


class DailyModel:
    """Answers every role."""

    def __init__(self, seed: int = 0, delays: Sequence[float] = (0, 0.02, 0.1, 0.3, 1.0, 2.0)) -> None:
        self.random, self.delays = Random(seed), delays
        self.asked: list[Question] = []
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
                Timer(self.random.choice(self.delays), self.strike).start()
        text = "\n".join(message["content"] for message in request["messages"])  # a second try asks for less
        return Says(json.dumps(_answer(form_of(request)["properties"], text)))


def _answer(form: dict[str, Any], text: str) -> dict[str, Any]:
    if "findings" in form:
        return {"findings": []}
    if "stance" in form:
        return {"summary": "Up.", "evidence": _bars("[A-Z]+", text), "stance": "bullish", "conviction": 80}
    if "reviews" in form:
        each = {"ruling": "approve", "keep_percent": 100, "reason": "fine"}
        return {"reviews": [{"symbol": symbol, **each} for symbol in SYMBOLS]}
    if "signals" in form:
        return {"signals": [_signal(symbol, text) for symbol in SYMBOLS]}
    return {}


def _signal(symbol: str, text: str) -> dict[str, Any]:
    is_odd = int(re.findall(r"(\d) (?:18|20|21):00 UTC", text)[0]) % 2
    each = {"rationale": "r", "evidence": _bars(symbol, text), "confidence": 90}
    return {"symbol": symbol, "action": ("SELL", "BUY")[is_odd], **each}


def _bars(symbol: str, text: str) -> list[str]:
    return re.findall(rf"bars:{symbol}:\d{{4}}-\d\d-\d\d", text)[:1]
