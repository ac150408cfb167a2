"""The risk manager: reviews the signals against the book; may veto or shrink, can never enlarge."""

from collections.abc import Sequence
from decimal import Decimal

from perun.agents import wording
from perun.agents.answers import ReviewAnswer, RiskAnswer, risk_form
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.facts import RiskManagerFacts
from perun.tools.domain.money import Percent
from perun.tools.domain.signals import Advice, Ruling
from perun.tools.toolbox.headroom import summary
from perun.tools.toolbox.tool import Tool


def advise(asker: Asker, facts: RiskManagerFacts, tools: Sequence[Tool] = ()) -> tuple[Advice, ...] | Abstained:
    """One advice for each signal in `facts`, which holds only those that ask for an order."""
    wanted = [signal.symbol for signal in facts.signals]

    def check(answer: RiskAnswer) -> str:
        named = sorted(review.symbol for review in answer.reviews)
        return "" if named == sorted(wanted) else f"exactly one review is needed for each of {', '.join(wanted)}"

    form = risk_form(tuple(wanted))
    answer = asker.ask(Turn("risk_manager", None, facts, _holes(facts), RiskAnswer, check, form, tuple(tools)))
    if isinstance(answer, Abstained):
        return answer
    return tuple(_advice(review) for review in answer.reviews)


def veto(symbol: str, reason: str) -> Advice:
    """The word of caution where no other came."""
    return Advice(symbol=symbol, ruling=Ruling.VETO, keep=Percent(Decimal(0)), reason=reason)


def _advice(review: ReviewAnswer) -> Advice:
    """The ruling decides; the percentage counts only when it shrinks."""
    keep = {Ruling.APPROVE: 100, Ruling.SHRINK: review.keep_percent, Ruling.VETO: 0}[review.ruling]
    return Advice(symbol=review.symbol, ruling=review.ruling, keep=Percent(Decimal(keep)), reason=review.reason)


def _holes(facts: RiskManagerFacts) -> dict[str, str]:
    limits = facts.limits
    return {
        "as_of": wording.instant(facts.as_of),
        "signals": wording.lines(
            f"{signal.symbol}: {signal.action} with confidence {round(signal.confidence * 100)}. {signal.rationale}"
            for signal in facts.signals
        ),
        "portfolio": wording.portfolio(facts.portfolio),
        "limits": wording.lines(
            (
                f"one trade may lose at most {limits.risk_per_trade} of equity",
                f"one position may be at most {limits.max_position} of equity",
                f"at most {limits.max_open_positions} open positions",
                f"one order may be at most {wording.number(limits.max_order_notional)} US dollars",
                f"everything together may be at most {limits.max_gross_exposure} of equity",
            )
        ),
        "headroom": wording.lines(map(summary, facts.headroom)),
        "volatility": wording.lines(
            f"{symbol}: {wording.number(seen.indicators.volatility_20)}" for symbol, seen in facts.market.items()
        ),
    }
