"""advise: the risk manager's word on every signal that asks for an order."""

from langgraph.runtime import Runtime

from perun.agents.asking import Abstained
from perun.agents.facts import RiskManagerFacts
from perun.agents.risk_manager import advise as ask_risk_manager
from perun.agents.risk_manager import veto
from perun.graph.desk import Desk
from perun.graph.shelves import portfolio_shelf, seen_then
from perun.graph.state import CycleState
from perun.tools.domain.events import AdviceGiven
from perun.tools.domain.signals import Action
from perun.tools.toolbox.headroom import headroom


def advise(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Have the signals reviewed. Without a word from the risk manager no entry passes; exits never wait for one."""
    desk, snapshot = runtime.context, state["snapshot"]
    wishes = tuple(signal for signal in state["signals"] if signal.action is not Action.HOLD)
    if not wishes:
        return {"advice": ()}
    bought = tuple(signal.symbol for signal in wishes if signal.action is Action.BUY)
    seen = seen_then(desk, snapshot, bought) if bought else None
    concerned = {signal.symbol for signal in wishes} | {held.symbol for held in snapshot.portfolio.positions}
    said = ask_risk_manager(
        desk.asker,
        RiskManagerFacts(
            as_of=snapshot.as_of,
            signals=wishes,
            portfolio=snapshot.portfolio,
            limits=desk.limits,
            market={symbol: known for symbol, known in snapshot.symbols.items() if symbol in concerned},
            headroom=tuple(headroom(symbol, seen, desk.limits) for symbol in bought),
        ),
        portfolio_shelf(desk, snapshot),
    )
    if isinstance(said, Abstained):
        advice = tuple(veto(signal.symbol, f"The risk manager abstained: {said.reason}") for signal in wishes)
        trouble: tuple[str, ...] = (f"the risk manager abstained: {said.reason}",)
    else:
        advice, trouble = said, ()
    for each in advice:
        desk.recorder.record(AdviceGiven(advice=each))
    return {"advice": advice, "degraded": trouble}
