"""A model server's script whose skill is set by words in the prompt, and prompts with those words.

What it says of a share is right as often as its prompt's words make it skilful; it knows the recorded days, as no model
may. Asked to edit a prompt it loses a hole first, then the output contract, and then finds the skilful words.
"""

import json
import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Any
from zlib import crc32

from perun.graph.replay.telling import forward_returns
from perun.tools.market.recorded import RecordedMarket
from support.model_server import Says
from support.model_words import Request, texts_of

SYMBOLS = ("AAPL", "IBM")
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
    if "You improve the prompt" in system:
        return Says(json.dumps(rewrite(rest[0])))
    return Says(json.dumps({"summary": "Nothing to see.", "evidence": [], "stance": "neutral", "conviction": 0}))


def rewrite(told: str) -> dict[str, str]:
    """What the editor writes: first a prompt without a hole, then one without its contract, then a better one."""
    attempt = re.findall(r"This is attempt (\d+)", told)[0]
    body = TRADER.partition("# System\n")[2]
    system, _, user = body.partition("# User\n")
    match attempt:
        case "1":
            user = user.replace("{{last_advice}}", "")
        case "2":
            system = "Be a good trader."
        case _:
            system = system.replace("Prefer few good trades", "Look twice and prefer few good trades")
    return {"changed": "It looks twice.", "system": system, "user": user}


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
