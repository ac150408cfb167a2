"""Journals and hands of a desk that tear, ponder or fall silent, beside ones that only remember."""

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.domain.errors import BrokerUnavailable, LedgerUnavailable
from perun.tools.domain.orders import Order, OrderTerms
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.verdicts import Verdict
from support.exchange import pass_session


class Notes:
    """A journal that also remembers which orders existed when it was written."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.intents: list[OrderTerms] = []
        self.orders_then: list[tuple[Order, ...]] = []

    def intend(self, terms: OrderTerms, cleared: Verdict) -> None:
        self.intents.append(terms)
        self.orders_then.append(self._exchange.orders())


class TornNotes:
    """A journal that cannot be written."""

    def intend(self, terms: OrderTerms, cleared: Verdict) -> None:
        raise LedgerUnavailable("the ledger is locked")


class SlowHand(EmbeddedWriter):
    """A session passes before its cancellation arrives."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._slow = exchange

    def cancel(self, client_order_id: str) -> Order:
        pass_session(self._slow)
        return super().cancel(client_order_id)


class SilentBook(EmbeddedBook):
    """A broker that tells the time and nothing else."""

    def portfolio(self) -> Portfolio:
        raise BrokerUnavailable("no answer")


class PonderingHand(EmbeddedWriter):
    """Its first cancellation is only taken note of."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._exchange_itself, self._asked = exchange, False

    def cancel(self, client_order_id: str) -> Order:
        if self._asked:
            return super().cancel(client_order_id)
        self._asked = True
        order = self._exchange_itself.order(client_order_id)
        assert order is not None
        return order
