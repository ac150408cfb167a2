"""The roster: each role's prompt, output type and tool kinds, as data."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from perun.agents.answers import (
    ChronicleAnswer,
    LessonAnswer,
    ResearchAnswer,
    RewriteAnswer,
    RiskAnswer,
    Stance,
    TradeAnswer,
)
from perun.tools.toolbox.tool import Kind


@dataclass(frozen=True)
class Role:
    """Who somebody at the desk is."""

    name: str
    title: str
    holes: frozenset[str]
    """The facts that the role's prompt must ask for, every one and no other."""
    answer: type[BaseModel]
    words: frozenset[str]
    """What the system part must speak of, or answers would no longer have the form that is read."""
    tools: tuple[Kind, ...] = ()
    """Kinds of tools the role may call; the researcher, who reads what anybody may have written, has none."""


RESEARCHER: Final = Role(
    "researcher",
    "Researcher",
    frozenset({"symbol", "as_of", "documents"}),
    ResearchAnswer,
    frozenset({"JSON", "finding", "direction"}),
)
ANALYST: Final = Role(
    "analyst",
    "Analyst",
    frozenset(
        {
            "symbol",
            "as_of",
            "bars",
            "quote",
            "indicators_id",
            "indicators",
            "distances",
            "position",
            "memories",
            "findings",
        }
    ),
    Stance,
    frozenset({"JSON", "bullish", "bearish", "neutral", "evidence"}),
    (Kind.READ,),
)
TRADER: Final = Role(
    "trader",
    "Trader",
    frozenset({"as_of", "symbols", "reports", "portfolio", "last_advice", "min_confidence"}),
    TradeAnswer,
    frozenset({"JSON", "BUY", "SELL", "HOLD", "confidence", "rationale", "evidence"}),
    (Kind.READ, Kind.PROPOSE),
)
RISK_MANAGER: Final = Role(
    "risk_manager",
    "Risk manager",
    frozenset({"as_of", "signals", "portfolio", "limits", "headroom", "volatility"}),
    RiskAnswer,
    frozenset({"JSON", "approve", "shrink", "veto", "keep_percent"}),
    (Kind.READ,),
)

ROSTER: Final = {role.name: role for role in (RESEARCHER, ANALYST, TRADER, RISK_MANAGER)}
"""Every role, in the order in which they speak."""
HOLES: Final = {role.name: role.holes for role in ROSTER.values()}

CHRONICLER: Final = Role(
    "chronicler",
    "Chronicler",
    frozenset({"voice", "question", "history", "record"}),
    ChronicleAnswer,
    frozenset({"JSON", "cites", "in_record"}),
    (Kind.READ,),
)
"""Speaks of the record in the chat, and never in a cycle: it is no part of the roster."""
EDITOR: Final = Role(
    "editor",
    "Editor",
    frozenset({"agent", "attempt", "system", "user", "holes", "words", "cases"}),
    RewriteAnswer,
    frozenset({"JSON", "changed", "system", "user"}),
)
"""Writes other words for a prompt in a search for better ones, and never speaks in a cycle."""
MENTOR: Final = Role("mentor", "Mentor", frozenset({"lesson"}), LessonAnswer, frozenset({"JSON", "words"}))
"""Words what something teaches that has ended, before the next decision is begun: no part of the roster either."""
CAST: Final = {**ROSTER, **{role.name: role for role in (CHRONICLER, EDITOR, MENTOR)}}
"""Everybody who may be asked, and what tools each may call."""
