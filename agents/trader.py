"""The trader: reads every report and the book once, and wishes for one signal a symbol."""

from collections import Counter
from collections.abc import Iterator, Sequence

from perun.agents import wording
from perun.agents.answers import AnalystReport, SignalAnswer, TradeAnswer, trade_form
from perun.agents.asking import Abstained, Asker, Talk, Turn
from perun.agents.caution import less_for_numbers, vouched
from perun.agents.facts import TraderFacts
from perun.agents.numbers import Number, numbers_in, shown_in, unverified
from perun.tools.domain.events import EvidenceTainted, NumbersUnverified
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.toolbox.decisions import advice_lines
from perun.tools.toolbox.proposing import propose_signals
from perun.tools.toolbox.tool import Told, Tool


def trade(asker: Asker, facts: TraderFacts, tools: Sequence[Tool] = ()) -> tuple[TradingSignal, ...] | Abstained:
    """One signal for each symbol, in the order of the symbols.

    A BUY or SELL below the desk's least confidence becomes a HOLD, and so does a BUY without an analyst's report or
    without evidence that the desk vouches for; the rationale says so. A signal that cites nothing rests on its report's
    evidence. A symbol of which the trader said nothing is a HOLD.
    """

    def check(answer: TradeAnswer) -> str:
        named = Counter(signal.symbol for signal in answer.signals)
        unknown = sorted(named.keys() - set(facts.symbols))
        twice = sorted(symbol for symbol, count in named.items() if count > 1)
        problems = [f"unknown symbols {', '.join(unknown)}"] * bool(unknown)
        return "; ".join(problems + [f"more than one signal for {', '.join(twice)}"] * bool(twice))

    form, holes = trade_form(facts.symbols), _holes(facts)
    offered = (*tools, propose_signals(form))
    talk = asker.talk(Turn("trader", None, facts, holes, TradeAnswer, check, form, offered))
    if isinstance(talk.answer, Abstained):
        return talk.answer
    bench = _Bench(asker, facts, talk, tuple(_numbers(facts, holes, talk)))
    said = {signal.symbol: signal for signal in talk.answer.signals}
    return tuple(bench.signal(symbol, said.get(symbol)) for symbol in facts.symbols)


def hold(symbol: str, why: str) -> TradingSignal:
    """A HOLD that says why nobody wished for more."""
    return TradingSignal(symbol=symbol, action=Action.HOLD, confidence=0, rationale=why)


class _Bench:
    """Where what the trader said of a symbol is held against what it was shown."""

    def __init__(self, asker: Asker, facts: TraderFacts, talk: Talk[TradeAnswer], numbers: Sequence[Number]) -> None:
        self._tape, self._facts, self._numbers = asker.tape, facts, numbers
        self._reports = {report.symbol: report for report in facts.reports}
        sources: tuple[AnalystReport | Told, ...] = (*facts.reports, *talk.told)
        self._citable = tuple(id_ for source in sources for id_ in source.evidence)
        self._tainted = tuple(id_ for source in sources for id_ in source.tainted)

    def signal(self, symbol: str, said: SignalAnswer | None) -> TradingSignal:
        if said is None:
            return hold(symbol, "The trader said nothing of it.")
        report = self._reports.get(symbol)
        cited = wording.known(said.evidence, self._citable)
        strange = unverified(said.rationale, (*self._numbers, *shown_in([f"{said.confidence}"])))
        points = said.confidence if said.action is Action.SELL else less_for_numbers(said.confidence, strange)
        signal = TradingSignal(
            symbol=symbol,
            action=said.action,
            confidence=points / 100,
            rationale=said.rationale,
            evidence=tuple(cited or (report.evidence if report else ())),
        )
        if strange:
            self._note_numbers(symbol, strange, said.confidence, points)
        why = "" if said.action is Action.HOLD else self._against(signal, len(strange))
        return _held(signal, why) if why else signal

    def _against(self, signal: TradingSignal, strange: int) -> str:
        """Why the wish becomes a HOLD; empty when it stands."""
        if signal.confidence < self._facts.min_confidence:
            after = f" after {strange} unverified number{'s' * (strange > 1)}" if strange else ""
            return f"{signal.action} at {signal.confidence:.2f}{after} is below the least confidence"
        if signal.action is not Action.BUY:
            return ""
        if signal.symbol not in self._reports:
            return "a BUY needs the analyst's report, and the analyst abstained"
        if not vouched(signal.evidence, self._tainted):
            points = round(signal.confidence * 100)
            self._tape.record(
                EvidenceTainted(
                    role="trader", symbol=signal.symbol, evidence=signal.evidence, said=points, stands=points
                )
            )
            return "a BUY needs evidence that does not come from outside"
        return ""

    def _note_numbers(self, symbol: str, strange: tuple[str, ...], said: int, stands: int) -> None:
        self._tape.record(NumbersUnverified(role="trader", symbol=symbol, numbers=strange, said=said, stands=stands))


def _held(signal: TradingSignal, why: str) -> TradingSignal:
    return signal.model_copy(update={"action": Action.HOLD, "rationale": f"(HOLD instead: {why}.) {signal.rationale}"})


def _numbers(facts: TraderFacts, holes: dict[str, str], talk: Talk[TradeAnswer]) -> Iterator[Number]:
    """Every number that the trader was shown, but for those of an analyst which nothing verified."""
    for report in facts.reports:
        yield from (each for each in numbers_in(_report(report)) if each.text not in report.unverified)
    yield from shown_in(text for hole, text in holes.items() if hole != "reports")
    yield from shown_in(told.text for told in talk.told)


def _holes(facts: TraderFacts) -> dict[str, str]:
    return {
        "as_of": wording.instant(facts.as_of),
        "symbols": ", ".join(facts.symbols),
        "reports": wording.lines(_reports(facts)),
        "portfolio": wording.portfolio(facts.portfolio),
        "last_advice": advice_lines(facts.last_advice),
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
