"""The last step before the wire: fresh facts, the gate once more, the journal, one more look at HALT, one request."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from perun.tools.brokerage.observing import observe
from perun.tools.domain.errors import Halted, OrderRejected
from perun.tools.domain.orders import ClearedOrder, Order, OrderTerms
from perun.tools.domain.ports import BookReader, Market, OrderWriter
from perun.tools.domain.signals import Action
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.risk.gate import Cleared, Denied, Proposal, Protection, clear
from perun.tools.risk.limits import Limits


class Journal(Protocol):
    """Where an intent becomes durable before anything is sent."""

    def intend(self, terms: OrderTerms) -> None:
        """Write that these terms are about to be sent, or that they and no others are; durable when it returns."""
        ...


class GatedBroker:
    """The only holder of an order writer. It sends what the gate clears on facts read a moment before."""

    def __init__(
        self,
        book: BookReader,
        writer: OrderWriter,
        market: Market,
        limits: Limits,
        standing: Callable[[], Standing],
    ) -> None:
        self._book = book
        self._writer = writer
        self._market = market
        self._limits = limits
        self._standing = standing

    def place(self, proposal: Proposal, journal: Journal) -> Order | Denied:
        """Clear the proposal again and send it, once.

        An exit frees the shares that protective stops hold: after it was cleared and its intent is durable, so that a
        crash on the way leaves a trace by which the protection is restored. Then it is cleared once more.

        Raises:
            Halted: HALT came in the last moment; nothing was sent.
            OrderRejected: the broker refused for good.
            BrokerUnavailable: no clear answer; after `journal.intend` the order may exist.
        """
        decision = self._clear(proposal)
        if isinstance(decision, Denied):
            return decision
        journal.intend(decision.order.terms)
        if proposal.signal.action is Action.SELL and self._free_shares(proposal):
            intended = decision.order.terms
            decision = self._clear(proposal)
            if isinstance(decision, Denied):
                return decision
            if decision.order.terms != intended:
                journal.intend(decision.order.terms)
        return self._send(decision.order)

    def protect(self, protection: Protection, journal: Journal) -> Order | Denied:
        """Place a protective stop for shares that have none. It is sent in every trading state: it can only reduce.

        Raises:
            OrderRejected, BrokerUnavailable: as for `place`.
        """
        situation = observe(self._book, self._market, [protection.symbol], self._standing())
        decision = clear(protection, situation, self._limits)
        if isinstance(decision, Denied):
            return decision
        journal.intend(decision.order.terms)
        return self._writer.submit(decision.order)

    def cancel(self, client_order_id: str) -> Order:
        """Cancel a working order; that needs nobody's leave.

        Raises:
            OrderRejected: there is no such order, or it has ended.
            BrokerUnavailable: no clear answer.
        """
        return self._writer.cancel(client_order_id)

    def _send(self, order: ClearedOrder) -> Order:
        standing = self._standing()
        if standing.state is TradingState.HALTED:
            raise Halted(f"halted: {standing.reason}")
        return self._writer.submit(order)

    def _clear(self, proposal: Proposal) -> Cleared | Denied:
        situation = observe(self._book, self._market, [proposal.signal.symbol], self._standing())
        return clear(proposal, situation, self._limits)

    def _free_shares(self, proposal: Proposal) -> bool:
        """Cancel the working protective stops of the symbol; True when there was one."""
        working = self._book.portfolio().working(proposal.signal.symbol)
        stops = [order for order in working if order.is_protective]
        for stop in stops:
            with suppress(OrderRejected):  # it ended a moment ago: the second look shows what it left
                self._writer.cancel(stop.client_order_id)
        return bool(stops)
