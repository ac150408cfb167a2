"""What a desk did lately, said briefly: orders sent, sales, and the standing after them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from perun.tools.domain.conduct import Closing, Conduct, Sent
from perun.tools.domain.orders import Side
from perun.tools.domain.standing import Standing, TradingState
from support.gate import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def after(*done: Sent | Closing, **conduct: Any) -> Standing:
    """Free to trade, after all this."""
    sent = tuple(each for each in done if isinstance(each, Sent))
    closings = tuple(each for each in done if isinstance(each, Closing))
    return Standing(state=TradingState.ACTIVE, conduct=Conduct(**{"sent": sent, "closings": closings, **conduct}))


def bought(ago: timedelta = DAY, symbol: str = "AAPL", **changes: Any) -> Sent:
    """A purchase of ten shares for a thousand dollars, so long before now."""
    facts = {"client_order_id": "earlier", "side": Side.BUY, "qty": 10, "notional": 1000}
    return Sent(**{**facts, "symbol": symbol, "at": NOW - ago, **changes})


def sold(ago: timedelta = DAY, symbol: str = "AAPL", gain: int | str = 10, stopped: bool = False) -> Closing:
    """A sale of ours, so long before now."""
    return Closing(symbol=symbol, gain=Decimal(gain), stopped=stopped, at=NOW - ago)
