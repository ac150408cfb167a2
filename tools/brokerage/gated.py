"""The last step before the wire: fresh facts, the gate once more, the journal, then one request."""

from contextlib import suppress
from typing import Protocol

from perun.tools.brokerage.observing import observe
from perun.tools.domain.errors import OrderRejected
from perun.tools.domain.orders import Order, OrderTerms
from perun.tools.domain.ports import BookReader, Market, OrderWriter
from perun.tools.domain.signals import Action
from perun.tools.risk.gate import Cleared, Denied, Proposal, clear
from perun.tools.risk.limits import Limits


class Journal(Protocol):
    """Where an intent becomes durable before anything is sent."""

    def intend(self, terms: OrderTerms) -> None:
        """Write that these terms are about to be sent; durable when it returns."""
        ...


class GatedBroker:
    """The only holder of an order writer. It sends what the gate clears on facts read a moment before."""

    def __init__(self, book: BookReader, writer: OrderWriter, market: Market, limits: Limits) -> None:
        self._book = book
        self._writer = writer
        self._market = market
        self._limits = limits

    def place(self, proposal: Proposal, journal: Journal) -> Order | Denied:
        """Clear the proposal again and send it, once.

        An exit first cancels the protective stops that hold its shares, and only after it was cleared.

        Raises:
            OrderRejected: the broker refused for good.
            BrokerUnavailable: no clear answer; after `journal.intend` the order may exist.
        """
        decision = self._clear(proposal)
        if isinstance(decision, Cleared) and proposal.signal.action is Action.SELL and self._free_shares(proposal):
            decision = self._clear(proposal)
        if isinstance(decision, Denied):
            return decision
        journal.intend(decision.order.terms)
        return self._writer.submit(decision.order)

    def _clear(self, proposal: Proposal) -> Cleared | Denied:
        situation = observe(self._book, self._market, [proposal.signal.symbol])
        return clear(proposal, situation, self._limits)

    def _free_shares(self, proposal: Proposal) -> bool:
        """Cancel the working protective stops of the symbol; True when there was one."""
        working = self._book.portfolio().working(proposal.signal.symbol)
        stops = [order for order in working if order.is_protective]
        for stop in stops:
            with suppress(OrderRejected):  # it ended a moment ago: the second look shows what it left
                self._writer.cancel(stop.client_order_id)
        return bool(stops)
