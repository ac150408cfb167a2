"""execute: write the intent, check again at the wire, place the order, follow it to where it stands."""

from dataclasses import dataclass

from langgraph.runtime import Runtime

from perun.graph.bookkeeping import keep_books
from perun.graph.builder import Execute
from perun.graph.desk import Desk
from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.ledger import Ledger
from perun.graph.state import CycleState
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import BrokerUnavailable, MarketUnavailable, OrderRejected
from perun.tools.domain.events import ErrorNoted, IntentWritten, VerdictGiven
from perun.tools.domain.orders import Leg, OrderTerms, Side
from perun.tools.domain.ports import Pace
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.gate import Denied, Proposal

FIRST = 1
"""The only attempt there is: an order in doubt or refused is never sent again in its slot."""


@dataclass(frozen=True)
class Hand:
    """What trades: the gated broker, the book in which an intent is written first, and the market's pace."""

    broker: GatedBroker
    ledger: Ledger
    account: str
    pace: Pace


def executing(hand: Hand) -> Execute:
    """The node *execute*, with its hand."""

    def execute(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        """Place what the gate cleared; what the wire denies after all replaces the gate's verdict."""
        desk, as_of = runtime.context, state["snapshot"].as_of
        errand = _Errand(hand, desk)
        for proposal in state["proposals"]:
            errand.carry_out(proposal, is_current=hand.pace.is_current(as_of))
        ids = [proposal.client_order_id for proposal in state["proposals"]]
        hand.pace.follow(ids, as_of)
        keep_books(desk.book, hand.ledger, hand.account, desk.recorder, desk.clock.now())
        orders = (hand.ledger.books.order(hand.account, id_) for id_ in ids)
        return {
            "orders": tuple(order for order in orders if order),
            "verdicts": tuple(errand.denials.get(verdict.symbol, verdict) for verdict in state["verdicts"]),
            "degraded": tuple(errand.troubles),
        }

    return execute


class _Errand:
    """One batch on its way to the broker. It is the journal in which the gated broker writes before it sends."""

    def __init__(self, hand: Hand, desk: Desk) -> None:
        self._hand, self._desk = hand, desk
        self.denials: dict[str, Verdict] = {}
        self.troubles: list[str] = []

    def carry_out(self, proposal: Proposal, *, is_current: bool) -> None:
        """Send one proposal, unless its intent is written already: then it is only looked up."""
        id_ = proposal.client_order_id
        if self._hand.ledger.intents.get(self._hand.account, id_) is not None:
            self._look_up(id_)
        elif not is_current:
            self._trouble("DECISION_EXPIRED", f"the market moved on before {id_} was sent; it was not sent")
        else:
            self._send(proposal)

    def intend(self, terms: OrderTerms) -> None:
        """Make the intent durable."""
        ledger, account, now = self._hand.ledger, self._hand.account, self._desk.clock.now()
        leg = Leg.ENTRY if terms.side is Side.BUY else Leg.EXIT
        intent = ledger.intents.write(account, self._desk.cycle_id, terms, leg, FIRST, IntentState.SUBMITTING, now)
        self._desk.recorder.record(IntentWritten(terms=terms, body_hash=intent.body_hash))

    def _send(self, proposal: Proposal) -> None:
        id_ = proposal.client_order_id
        try:
            answer = self._hand.broker.place(proposal, self)
        except OrderRejected as refusal:
            self._move(id_, IntentState.REJECTED, refusal.message)
            self._trouble("ORDER_REJECTED", f"the broker rejected {id_}: {refusal.message}")
        except (BrokerUnavailable, MarketUnavailable) as error:
            if self._hand.ledger.intents.get(self._hand.account, id_) is not None:
                self._move(id_, IntentState.UNKNOWN, str(error))
            self._trouble("AMBIGUOUS_SUBMIT", f"no clear answer to {id_}: {error}")
        else:
            if isinstance(answer, Denied):
                self.denials[proposal.signal.symbol] = answer.verdict
                self._desk.recorder.record(VerdictGiven(stage="wire", verdict=answer.verdict))
            else:
                self._move(id_, IntentState.ACKED, answer.status)

    def _look_up(self, id_: str) -> None:
        """An intent that an interrupted run left behind: adopt the order if there is one, else it was never sent."""
        intent = self._hand.ledger.intents.get(self._hand.account, id_)
        if intent is None or intent.state.is_terminal:
            return
        order = self._desk.book.order(id_)
        if order is None:
            self._move(id_, IntentState.NOT_SENT, "the broker has no such order")
            self._trouble("NOT_SENT", f"{id_} was not sent before the interruption; it is not sent now")
        else:
            self._move(id_, IntentState.ACKED, order.status)

    def _move(self, id_: str, state: IntentState, detail: str) -> None:
        self._hand.ledger.intents.move(self._hand.account, id_, state, detail, self._desk.clock.now())

    def _trouble(self, code: str, message: str) -> None:
        self._desk.recorder.record(ErrorNoted(where="execute", code=code, message=message))
        self.troubles.append(message)
