"""The roster: each role's prompt, output type and tool kinds, as data."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from perun.agents.answers import ResearchAnswer, RiskAnswer, Stance, TradeAnswer

ToolKind = Literal["READ", "PROPOSE"]


@dataclass(frozen=True)
class Role:
    """Who somebody at the desk is."""

    name: str
    title: str
    holes: frozenset[str]
    """The facts that the role's prompt must ask for, every one and no other."""
    answer: type[BaseModel]
    tools: tuple[ToolKind, ...] = ()
    """Kinds of tools the role may call; the researcher, who reads what anybody may have written, has none."""


RESEARCHER: Final = Role("researcher", "Researcher", frozenset({"symbol", "as_of", "documents"}), ResearchAnswer)
ANALYST: Final = Role(
    "analyst",
    "Analyst",
    frozenset({"symbol", "as_of", "bars", "indicators_id", "indicators", "position", "memories", "findings"}),
    Stance,
)
TRADER: Final = Role(
    "trader", "Trader", frozenset({"as_of", "symbols", "reports", "portfolio", "min_confidence"}), TradeAnswer
)
RISK_MANAGER: Final = Role(
    "risk_manager", "Risk manager", frozenset({"as_of", "signals", "portfolio", "limits", "volatility"}), RiskAnswer
)

ROSTER: Final = {role.name: role for role in (RESEARCHER, ANALYST, TRADER, RISK_MANAGER)}
"""Every role, in the order in which they speak."""
HOLES: Final = {role.name: role.holes for role in ROSTER.values()}
