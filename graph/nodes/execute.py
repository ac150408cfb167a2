"""execute: write the intent, check again at the wire, place the order, follow it to where it stands."""

from dataclasses import dataclass
from functools import partial

from langgraph.runtime import Runtime

from perun.graph.builder import Execute
from perun.graph.desk import Desk
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.protecting import Guarding, protect
from perun.graph.reconciling import reconcile
from perun.graph.state import CycleState
from perun.graph.submission import OrderDesk, Submission
from perun.graph.watch import Wait, Watch
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.orders import Leg
from perun.tools.domain.ports import BookReader, Pace, Recorder
from perun.tools.domain.signals import Action
from perun.tools.risk.gate import Proposal


@dataclass(frozen=True)
class Hand:
    """What trades: the gated broker, the book in which an intent is written first, and the market's pace."""

    broker: GatedBroker
    ledger: Ledger
    account: str
    pace: Pace
    watch: Watch
    wait: Wait

    def counter(self, desk: Desk) -> OrderDesk:
        """Where orders of a run are handed in."""
        return self._counter(desk.book, desk.recorder, desk.clock)

    def counter_between_cycles(self, book: BookReader, clock: Clock) -> OrderDesk:
        """Where a person's orders are handed in, and the daemon's; it is told in the record of the account."""
        return self._counter(book, EventRecorder(self.ledger, f"desk:{self.account}", clock), clock)

    def _counter(self, book: BookReader, recorder: Recorder, clock: Clock) -> OrderDesk:
        return OrderDesk(book, self.ledger, self.account, self.watch, recorder, clock, self.wait)


def executing(hand: Hand) -> Execute:
    """The node *execute*, with its hand."""

    def execute(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        """Place what the gate cleared; what the wire denies after all replaces the gate's verdict."""
        desk, as_of = runtime.context, state["snapshot"].as_of
        counter = hand.counter(desk)
        errand = Submission(desk.cycle_id, counter)
        for proposal in state["proposals"]:
            if hand.pace.is_current(as_of) or _is_written(proposal, hand):
                leg = Leg.ENTRY if proposal.signal.action is Action.BUY else Leg.EXIT
                errand.send(proposal.client_order_id, leg, partial(hand.broker.place, proposal))
            else:
                errand.troubles.append(_expired(proposal, desk))
        ids = [proposal.client_order_id for proposal in state["proposals"]]
        _guard_what_stays(state, desk, hand)
        hand.pace.follow(ids, as_of)
        found = reconcile(desk.cycle_id, counter, hand.broker)
        orders = (hand.ledger.books.order(hand.account, id_) for id_ in ids)
        return {
            "orders": tuple(order for order in orders if order),
            "verdicts": tuple(errand.denials.get(verdict.symbol, verdict) for verdict in state["verdicts"]),
            "degraded": (*errand.troubles, *(f"without a stop: {line}" for line in found.unprotected), *found.exited),
        }

    return execute


def _guard_what_stays(state: CycleState, desk: Desk, hand: Hand) -> None:
    """An exit frees the shares that a stop holds; those that it does not sell are guarded again before they trade."""
    sold = {each.signal.symbol for each in state["proposals"] if each.signal.action is Action.SELL}
    if sold:
        protect(desk.cycle_id, hand.counter(desk), hand.broker, Guarding(), sold)


def _is_written(proposal: Proposal, hand: Hand) -> bool:
    return hand.ledger.intents.get(hand.account, proposal.client_order_id) is not None


def _expired(proposal: Proposal, desk: Desk) -> str:
    message = f"the market moved on before {proposal.client_order_id} was sent; it was not sent"
    desk.recorder.record(ErrorNoted(where="execute", code="DECISION_EXPIRED", message=message))
    return message
