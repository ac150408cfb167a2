"""The trader: reads every report and the book once, and wishes for one signal a symbol."""

from collections import Counter
from collections.abc import Iterator

from perun.agents import wording
from perun.agents.answers import AnalystReport, SignalAnswer, TradeAnswer, trade_form
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.facts import TraderFacts
from perun.tools.domain.signals import Action, TradingSignal


def trade(asker: Asker, facts: TraderFacts) -> tuple[TradingSignal, ...] | Abstained:
    """One signal for each symbol, in the order of the symbols.

    A BUY or SELL below the desk's least confidence becomes a HOLD, and so does a BUY without an analyst's report;
    the rationale says so. A symbol of which the trader said nothing is a HOLD.
    """

    def check(answer: TradeAnswer) -> str:
        named = Counter(signal.symbol for signal in answer.signals)
        unknown = sorted(named.keys() - set(facts.symbols))
        twice = sorted(symbol for symbol, count in named.items() if count > 1)
        problems = [f"unknown symbols {', '.join(unknown)}"] * bool(unknown)
        return "; ".join(problems + [f"more than one signal for {', '.join(twice)}"] * bool(twice))

    holes = _holes(facts)
    answer = asker.ask(Turn("trader", None, facts, holes, TradeAnswer, check, trade_form(facts.symbols)))
    if isinstance(answer, Abstained):
        return answer
    said = {signal.symbol: signal for signal in answer.signals}
    signals = (_signal(symbol, said.get(symbol), facts) for symbol in facts.symbols)
    return tuple(
        signal.model_copy(update={"evidence": tuple(wording.shown(signal.evidence, holes.values()))})
        for signal in signals
    )


def _signal(symbol: str, said: SignalAnswer | None, facts: TraderFacts) -> TradingSignal:
    if said is None:
        return hold(symbol, "The trader said nothing of it.")
    signal = TradingSignal(
        symbol=symbol,
        action=said.action,
        confidence=said.confidence / 100,
        rationale=said.rationale,
        evidence=tuple(said.evidence),
    )
    if signal.action is Action.HOLD:
        return signal
    if signal.confidence < facts.min_confidence:
        return _held(signal, f"{signal.action} at {signal.confidence:.2f} is below the least confidence")
    if signal.action is Action.BUY and symbol not in {report.symbol for report in facts.reports}:
        return _held(signal, "a BUY needs the analyst's report, and the analyst abstained")
    return signal


def hold(symbol: str, why: str) -> TradingSignal:
    """A HOLD that says why nobody wished for more."""
    return TradingSignal(symbol=symbol, action=Action.HOLD, confidence=0, rationale=why)


def _held(signal: TradingSignal, why: str) -> TradingSignal:
    return signal.model_copy(update={"action": Action.HOLD, "rationale": f"(HOLD instead: {why}.) {signal.rationale}"})


def _holes(facts: TraderFacts) -> dict[str, str]:
    return {
        "as_of": wording.instant(facts.as_of),
        "symbols": ", ".join(facts.symbols),
        "reports": wording.lines(_reports(facts)),
        "portfolio": wording.portfolio(facts.portfolio),
        "min_confidence": str(round(facts.min_confidence * 100)),
    }


def _reports(facts: TraderFacts) -> Iterator[str]:
    written = {report.symbol: report for report in facts.reports}
    for symbol in facts.symbols:
        missing = f"{symbol}: no report, the analyst abstained: it cannot be bought"
        yield _report(written[symbol]) if symbol in written else missing


def _report(report: AnalystReport) -> str:
    evidence = " ".join(report.evidence)
    return f"{report.symbol}: {report.stance}, conviction {report.conviction}. {report.summary} {evidence}".rstrip()
