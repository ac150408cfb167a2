"""gate: every signal that asks for an order is sized and asked every rule; the only node that chooses its successor."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from perun.graph.desk import Desk
from perun.graph.state import CycleState
from perun.tools.brokerage.observing import observe
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.events import ErrorNoted, VerdictGiven
from perun.tools.domain.orders import Leg
from perun.tools.domain.signals import Action, Advice, TradingSignal
from perun.tools.market.sectors import with_own
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal, clear_batch


def gate(state: CycleState, runtime: Runtime[Desk]) -> Command[Literal["execute", "remember"]]:
    """Clear or deny on facts read now, not on those that the agents thought about.

    An order that this cycle handed in before it was interrupted is not judged again, since its own traces would stand
    against it: *execute* looks it up and never sends it twice.
    """
    desk = runtime.context
    advice = {each.symbol: each for each in state["advice"]}
    proposals = [
        _proposal(desk, signal, advice.get(signal.symbol), state["snapshot"].as_of)
        for signal in state["signals"]
        if signal.action is not Action.HOLD
    ]
    under_way = [(proposal, verdict) for proposal in proposals if (verdict := desk.handed_in(proposal.client_order_id))]
    fresh = [proposal for proposal in proposals if proposal not in [known for known, _ in under_way]]
    situation, trouble = _look(desk, state["symbols"]) if fresh else (None, ())
    decisions = clear_batch(fresh, situation, desk.limits)
    for _, decision in decisions:
        desk.recorder.record(VerdictGiven(stage="gate", verdict=decision.verdict))
    cleared = (*(known for known, _ in under_way), *_cleared(decisions))
    update: CycleState = {
        "verdicts": (*(verdict for _, verdict in under_way), *(decision.verdict for _, decision in decisions)),
        "proposals": cleared,
        "degraded": trouble,
    }
    return Command(update=update, goto="execute" if cleared else "remember")


def _cleared(decisions: Iterable[tuple[Proposal, Cleared | Denied]]) -> Iterator[Proposal]:
    """What may be sent, each with the cleared size as its ceiling."""
    for proposal, decision in decisions:
        if isinstance(decision, Cleared):
            yield proposal.model_copy(update={"ceiling": decision.order.terms.qty})


def _proposal(desk: Desk, signal: TradingSignal, advice: Advice | None, as_of: datetime) -> Proposal:
    leg = Leg.ENTRY if signal.action is Action.BUY else Leg.EXIT
    name = desk.order_id(signal.symbol, leg)
    return Proposal(signal=signal, advice=advice, client_order_id=name, decided_at=as_of)


def _look(desk: Desk, symbols: tuple[str, ...]) -> tuple[Situation | None, tuple[str, ...]]:
    """The situation now; None when the broker does not say, and then nothing is cleared."""
    try:
        sectors = with_own(desk.limits.sectors)
        return observe(desk.book, desk.market, symbols, desk.watch.standing(), sectors), ()
    except BrokerUnavailable as error:
        desk.recorder.record(ErrorNoted(where="gate", code="BROKER_UNAVAILABLE", message=str(error)))
        return None, (f"the broker did not answer the gate: {error}",)
