"""trade: the trader reads all reports and the book once, and yields one signal a symbol."""

from langgraph.runtime import Runtime

from perun.agents.answers import AnalystReport
from perun.agents.asking import Abstained
from perun.agents.facts import TraderFacts
from perun.agents.trader import hold
from perun.agents.trader import trade as ask_trader
from perun.graph.desk import Desk
from perun.graph.shelves import portfolio_shelf
from perun.graph.state import CycleState
from perun.tools.domain.events import SignalFormed
from perun.tools.domain.signals import TradingSignal
from perun.tools.toolbox.decisions import LastAdvice


def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Form the signals. When nobody reported, or the trader abstains, every symbol is a HOLD that says so."""
    desk, symbols = runtime.context, state["symbols"]
    known = state.get("reports", {})
    reports = tuple(known[symbol] for symbol in symbols if symbol in known)
    last = desk.past.last_advice(symbols, state["snapshot"].as_of)
    said = _wish(state, desk, reports, last) if reports else Abstained("trader", "no analyst reported")
    if isinstance(said, Abstained):
        trouble: tuple[str, ...] = (f"the trader abstained: {said.reason}",)
        signals = tuple(hold(symbol, f"The trader abstained: {said.reason}.") for symbol in symbols)
    else:
        trouble, signals = (), said
    tainted = any(report.tainted for report in reports) or (last is not None and last.tainted)
    for signal in signals:
        desk.recorder.record(SignalFormed(signal=signal, tainted=tainted))
    return {"signals": signals, "tainted": tainted, "degraded": trouble}


def _wish(
    state: CycleState, desk: Desk, reports: tuple[AnalystReport, ...], last: LastAdvice | None
) -> tuple[TradingSignal, ...] | Abstained:
    snapshot = state["snapshot"]
    return ask_trader(
        desk.asker,
        TraderFacts(
            as_of=snapshot.as_of,
            symbols=state["symbols"],
            reports=reports,
            portfolio=snapshot.portfolio,
            min_confidence=desk.limits.min_confidence,
            last_advice=last,
        ),
        portfolio_shelf(desk, snapshot),
    )
