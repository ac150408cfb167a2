"""The last step before the wire: fresh facts, the gate once more, the journal, one more look at HALT, one request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Protocol

from perun.tools.brokerage.observing import observe
from perun.tools.domain.errors import BrokerUnavailable, Halted, NotSent, OrderRejected
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import ClearedOrder, Order, OrderStatus, OrderTerms, Side
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.ports import BookReader, Market, OrderWriter
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.domain.verdicts import Verdict
from perun.tools.market.sectors import with_own
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal, Protection, clear
from perun.tools.risk.limits import Limits


class Journal(Protocol):
    """Where an intent becomes durable before anything is sent."""

    def intend(self, terms: OrderTerms, cleared: Verdict) -> None:
        """Write that these terms are about to be sent, or that they and no others are; durable when it returns.

        Args:
            terms: What will be sent.
            cleared: What was measured a moment ago, when they were cleared for the wire.
        """
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

    @property
    def settles_at_once(self) -> bool:
        """True when what a dead process was sending is at the broker already, or never will be."""
        return self._writer.settles_at_once

    def look(self, symbol: str) -> Situation:
        """What is known of the symbol at this moment.

        Raises:
            BrokerUnavailable: portfolio or clock cannot be read.
        """
        sectors = with_own(self._limits.sectors)
        return observe(self._book, self._market, [symbol], self._standing(), sectors)

    def judge(self, proposal: Proposal | Protection, seen: Situation) -> Verdict:
        """What the gate would say in that situation; nothing is sent."""
        return clear(proposal, seen, self._limits).verdict

    def place(self, proposal: Proposal, journal: Journal) -> Order | Denied:
        """Clear the proposal again and send it, once.

        An exit frees the shares that protective stops hold: after it was cleared and its intent is durable, so that a
        crash on the way leaves a trace by which the protection is restored. Then it is cleared once more.

        Raises:
            Halted: HALT came in the last moment; nothing was sent.
            OrderRejected: the broker refused for good.
            NotSent: nothing was sent, for want of facts or of a connection; the same id may be placed again.
            BrokerUnavailable: no clear answer; the order may exist.
        """
        with _nothing_left():
            decision = self._clear(proposal)
            if isinstance(decision, Denied):
                return decision
            intended = decision.order.terms
            journal.intend(intended, decision.verdict)
            if intended.side is Side.SELL and self._free_shares(intended):
                seen = self.look(intended.symbol)
                decision = clear(proposal, seen, self._limits)
                if isinstance(decision, Denied):
                    return decision
                _check_free(decision.order.terms, seen.portfolio)
                if decision.order.terms != intended:
                    journal.intend(decision.order.terms, decision.verdict)
        return self._send(decision.order)

    def protect(self, protection: Protection, journal: Journal) -> Order | Denied:
        """Place a protective stop for shares that have none. It is sent in every trading state: it can only reduce.

        Raises:
            OrderRejected, NotSent, BrokerUnavailable: as for `place`.
        """
        with _nothing_left():
            decision = self._clear(protection)
            if isinstance(decision, Denied):
                return decision
            journal.intend(decision.order.terms, decision.verdict)
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

    def _clear(self, proposal: Proposal | Protection) -> Cleared | Denied:
        symbol = proposal.symbol if isinstance(proposal, Protection) else proposal.signal.symbol
        return clear(proposal, self.look(symbol), self._limits)

    def _free_shares(self, exit_: OrderTerms) -> bool:
        """Cancel the working protective stops of the symbol if the exit needs their shares; True when it did."""
        portfolio = self._book.portfolio()
        stops = [order for order in portfolio.working(exit_.symbol) if order.is_protective]
        # A held stop says that an entry still works: the exit and that entry would trade with each other.
        if exit_.qty <= _available(portfolio, exit_.symbol) and not any(o.status is OrderStatus.HELD for o in stops):
            return False
        for stop in stops:
            with suppress(OrderRejected):  # it ended a moment ago: the second look shows what it left
                self._writer.cancel(stop.client_order_id)
        return bool(stops)


@contextmanager
def _nothing_left() -> Iterator[None]:
    """Whatever fails in here, no order has left."""
    try:
        yield
    except BrokerUnavailable as error:
        raise NotSent(str(error)) from error


def _check_free(exit_: OrderTerms, portfolio: Portfolio) -> None:
    """A cancellation takes its time: until it is done, the broker would refuse the exit for good."""
    if exit_.qty > _available(portfolio, exit_.symbol):
        raise NotSent(f"the shares of {exit_.symbol} are still held by a stop that is being cancelled")


def _available(portfolio: Portfolio, symbol: str) -> Decimal:
    """Shares that no working order holds."""
    position = portfolio.position(symbol)
    return position.qty_available if position else ZERO
