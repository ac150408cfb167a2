"""The risk manager: reviews the signals against the book; may veto or shrink, can never enlarge."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from perun.agents import wording
from perun.agents.answers import ReviewAnswer, RiskAnswer, risk_form
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.caution import less_for_numbers
from perun.agents.facts import RiskManagerFacts
from perun.agents.numbers import Number, shown_in, unverified
from perun.tools.domain.events import NumbersUnverified
from perun.tools.domain.money import Percent
from perun.tools.domain.signals import Action, Advice, Ruling
from perun.tools.toolbox.headroom import summary
from perun.tools.toolbox.tool import Told, Tool


def advise(asker: Asker, facts: RiskManagerFacts, tools: Sequence[Tool] = ()) -> tuple[Advice, ...] | Abstained:
    """One advice for each signal in `facts`, which holds only those that ask for an order.

    A purchase may keep less than he said, never more: `caution` has the rule for numbers that nobody was shown, and the
    record what it took.
    """
    wanted = [signal.symbol for signal in facts.signals]

    def check(answer: RiskAnswer) -> str:
        named = sorted(review.symbol for review in answer.reviews)
        return "" if named == sorted(wanted) else f"exactly one review is needed for each of {', '.join(wanted)}"

    form, holes = risk_form(tuple(wanted)), _holes(facts)
    talk = asker.talk(Turn("risk_manager", None, facts, holes, RiskAnswer, check, form, tuple(tools)))
    if isinstance(talk.answer, Abstained):
        return talk.answer
    known = tuple(_numbers(facts, holes, talk.told))
    bought = {signal.symbol for signal in facts.signals if signal.action is Action.BUY}
    return tuple(_checked(asker, review, known, review.symbol in bought) for review in talk.answer.reviews)


def veto(symbol: str, reason: str) -> Advice:
    """The word of caution where no other came."""
    return Advice(symbol=symbol, ruling=Ruling.VETO, keep=Percent(Decimal(0)), reason=reason)


def _checked(asker: Asker, review: ReviewAnswer, known: Sequence[Number], is_entry: bool) -> Advice:
    """The advice, once the numbers of its reason are held against what was shown. An exit keeps what was said of it."""
    said = {Ruling.APPROVE: 100, Ruling.SHRINK: review.keep_percent, Ruling.VETO: 0}[review.ruling]
    strange = unverified(review.reason, (*known, *shown_in([f"{review.keep_percent}", f"{100 - review.keep_percent}"])))
    keep = less_for_numbers(said, strange) if is_entry else said
    if strange:
        asker.tape.record(
            NumbersUnverified(role="risk_manager", symbol=review.symbol, numbers=strange, said=said, stands=keep)
        )
    return _advice(review, keep)


def _numbers(facts: RiskManagerFacts, holes: dict[str, str], told: Sequence[Told]) -> Iterator[Number]:
    """Every number that he was shown, the trader's words included, and those of the snapshots behind them."""
    yield from shown_in(holes.values())
    yield from shown_in(each.text for each in told)
    yield from shown_in(seen.model_dump_json() for seen in facts.market.values())


def _advice(review: ReviewAnswer, keep: int) -> Advice:
    """The ruling decides; the percentage counts only when it shrinks. What was approved and keeps less, is shrunk."""
    ruling = Ruling.SHRINK if review.ruling is Ruling.APPROVE and keep < 100 else review.ruling
    return Advice(symbol=review.symbol, ruling=ruling, keep=Percent(Decimal(keep)), reason=review.reason)


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
