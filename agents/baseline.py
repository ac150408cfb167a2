"""The policy that needs no model: the control arm, and what runs when no key is set.

It is a documented rule, not an imitation of a model, and it says so in its name:

- *analyst*: four votes for a rising trend: the last close above its 200-session average; the 50-session average above
  the 200-session one; the return over 250 sessions, without the last 20, above zero; the return over the last 20 above
  zero. Three or four votes are bullish, none or one bearish, two neutral. Conviction is 50 for two votes, 65 for one or
  three, 80 for none or four. A missing indicator makes the report neutral with conviction 0.
- *trader*: BUY what is bullish and not held; SELL what is bearish and held; HOLD the rest. Confidence is conviction.
- *risk manager*: volatility targeting: keeps 30 % a year over the realised volatility of the last 20 sessions, at most
  everything; vetoes what has no known volatility.
- *researcher*: cannot read, and finds nothing.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from pydantic import BaseModel

from perun.agents.answers import (
    AnalystReport,
    ResearchAnswer,
    ReviewAnswer,
    RiskAnswer,
    SignalAnswer,
    Stance,
    TradeAnswer,
)
from perun.agents.facts import AnalystFacts, RiskManagerFacts, TraderFacts
from perun.agents.models import Question, Reply
from perun.tools.domain.events import Usage
from perun.tools.domain.money import plain
from perun.tools.domain.signals import Action, Ruling

TARGET_VOLATILITY: Final = Decimal("0.30")
"""Annual standard deviation that the risk manager lets a single share have at full size."""
_CONVICTION: Final = {0: 80, 1: 65, 2: 50, 3: 65, 4: 80}


class Baseline:
    """A mind that reads the typed facts of a question and follows the rule above; it makes no request to anybody."""

    name: Final = "baseline (no LLM)"

    def reply(self, question: Question) -> Reply:
        """The rule's answer as JSON, through the same door as a model's."""
        return Reply(_RULES[question.role](question.facts).model_dump_json(), Usage())


def _research(facts: BaseModel) -> BaseModel:
    return ResearchAnswer(findings=[])


def _analyse(facts: BaseModel) -> BaseModel:
    assert isinstance(facts, AnalystFacts)
    votes = _votes(facts)
    evidence = [bar.evidence for bar in facts.snapshot.bars[-1:]]
    if votes is None:
        return Stance(
            stance="neutral", conviction=0, summary="Baseline: too little history to vote.", evidence=evidence
        )
    rising = sum(votes.values())
    told = ", ".join(f"{what} {'yes' if vote else 'no'}" for what, vote in votes.items())
    return Stance(
        stance="bullish" if rising >= 3 else "bearish" if rising <= 1 else "neutral",
        conviction=_CONVICTION[rising],
        summary=f"Baseline: {rising} of 4 votes for a rising trend ({told}).",
        evidence=evidence,
    )


def _votes(facts: AnalystFacts) -> dict[str, bool] | None:
    """The four votes by name; None when any number they need is missing."""
    seen = facts.snapshot.indicators
    close = facts.snapshot.bars[-1].close if facts.snapshot.bars else None
    if not (close and seen.sma_50 and seen.sma_200) or seen.momentum_12_1 is None or seen.return_20 is None:
        return None
    return {
        "close above 200-session average": close > seen.sma_200,
        "50 above 200": seen.sma_50 > seen.sma_200,
        "12-1 momentum up": seen.momentum_12_1 > 0,
        "20-session return up": seen.return_20 > 0,
    }


def _trade(facts: BaseModel) -> BaseModel:
    assert isinstance(facts, TraderFacts)
    return TradeAnswer(signals=[_wish(report, facts) for report in facts.reports])


def _wish(report: AnalystReport, facts: TraderFacts) -> SignalAnswer:
    held = facts.portfolio.held(report.symbol)
    if report.stance == "bullish" and held == 0:
        action, why = Action.BUY, "the trend is up and we hold none"
    elif report.stance == "bearish" and held > 0:
        action, why = Action.SELL, "the trend is down and we hold it"
    else:
        action, why = Action.HOLD, f"the trend is {report.stance} and we hold {plain(held) if held else 'none'}"
    return SignalAnswer(
        symbol=report.symbol,
        action=action,
        confidence=report.conviction,
        rationale=f"Baseline: {why}.",
        evidence=report.evidence,
    )


def _review(facts: BaseModel) -> BaseModel:
    assert isinstance(facts, RiskManagerFacts)
    return RiskAnswer(reviews=[_judge(signal.symbol, facts) for signal in facts.signals])


def _judge(symbol: str, facts: RiskManagerFacts) -> ReviewAnswer:
    volatility = facts.market[symbol].indicators.volatility_20
    if not volatility:
        return ReviewAnswer(symbol=symbol, ruling=Ruling.VETO, keep_percent=0, reason="Volatility is not known.")
    keep = min(100, int(100 * TARGET_VOLATILITY / volatility))
    beside = "within" if keep == 100 else "above"
    reason = f"Volatility {plain(volatility)} a year is {beside} the target: keep {keep}%."
    return ReviewAnswer(
        symbol=symbol, ruling=Ruling.APPROVE if keep == 100 else Ruling.SHRINK, keep_percent=keep, reason=reason
    )


_RULES: Final[dict[str, Callable[[BaseModel], BaseModel]]] = {
    "researcher": _research,
    "analyst": _analyse,
    "trader": _trade,
    "risk_manager": _review,
}
