"""The hand that trades on the embedded exchange: the OrderWriter port."""

from typing import Final

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.orders import ClearedOrder, Order


class EmbeddedWriter:
    """Places and cancels orders on one exchange. Only `brokerage.gated` may hold one."""

    settles_at_once: Final = True
    """An order is one transaction of the exchange's file: it is there, or it never will be."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def submit(self, order: ClearedOrder) -> Order:
        """Place a cleared order, once.

        Raises:
            TypeError: it is anything but a ClearedOrder; bare terms do not trade.
            OrderRejected: the exchange refuses it for good.
            BrokerUnavailable: the exchange's file is held by another process.
            MarketUnavailable: the recording has no session left in which it could trade.
        """
        return self._exchange.submit(order)

    def cancel(self, client_order_id: str) -> Order:
        """Cancel a working order, and the stop that waited for it.

        Raises:
            OrderRejected: there is no such order, or it is already terminal.
            BrokerUnavailable: the exchange's file is held by another process.
        """
        return self._exchange.cancel(client_order_id)
