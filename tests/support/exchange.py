"""An embedded exchange on a made market, and short ways to say an order, for tests of anything that trades."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.brokerage.embedded.tape import RecordedPrices
from perun.tools.brokerage.embedded.ticket import StopLoss, Ticket
from perun.tools.domain.money import CENT, Percent
from perun.tools.domain.orders import _SEAL, ClearedOrder, Order, OrderTerms, OrderType, Side, TimeInForce
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Proposal, clear
from perun.tools.risk.limits import Limits
from support.gate import entry, exit_, limits, position, quote, situation
from support.market import FIRST_DAY

FREE: dict[str, Any] = {
    "commission_per_share": Decimal(0),
    "commission_minimum": Decimal(0),
    "commission_max_percent": Percent(Decimal(0)),
    "slippage_bps": Decimal(0),
}
"""Trading at no cost, so that a test's arithmetic shows one thing at a time."""


def cleared(terms: OrderTerms) -> ClearedOrder:
    """These very terms, cleared by the gate where it makes such terms."""
    if _gate_makes(terms):
        decision = clear(*_case_for(terms))
        assert isinstance(decision, Cleared), decision.verdict.breaches
        assert decision.order.terms == terms
        return decision.order
    # An exchange must also take, or refuse, what the gate never asks for: limits, stops, parts of shares, bare buys.
    return ClearedOrder(terms, _SEAL)


def settings(**changes: Any) -> ExchangeSettings:
    """Settings that start on the made market's first day."""
    return ExchangeSettings(**{"start": FIRST_DAY, **changes})


def exchange_at(folder: Path, market: RecordedPrices, **changes: Any) -> Exchange:
    """The exchange whose books lie in `folder`; new when there are none."""
    return Exchange.open(folder / "exchange.db", market, settings(**changes))


def pass_session(exchange: Exchange) -> None:
    """Play the next session."""
    exchange.advance(exchange.now())


def buy(qty: int | str = 10, symbol: str = "AAPL", **more: Any) -> OrderTerms:
    """A buy: `buy(10, limit="99")`, `buy(10, stop="105")`, `buy(10, stop_loss="95")`; a market order without either."""
    return _terms(Side.BUY, qty, symbol, **more)


def sell(qty: int | str = 10, symbol: str = "AAPL", **more: Any) -> OrderTerms:
    """A sell, said as `buy` is."""
    return _terms(Side.SELL, qty, symbol, **more)


def working(terms: OrderTerms, **changes: Any) -> Order:
    """The terms as an order that stands on the book."""
    order = Order(
        client_order_id=terms.client_order_id,
        broker_order_id=f"broker-{terms.client_order_id}",
        symbol=terms.symbol,
        side=terms.side,
        qty=terms.qty,
        type=terms.type,
        time_in_force=terms.time_in_force,
        status="new",
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        submitted_at=f"{date(2024, 1, 1)}T21:00:00Z",
    )
    return order.model_copy(update=changes)


_KINDS = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}
"""By whether a limit and a stop are given."""


def _gate_makes(terms: OrderTerms) -> bool:
    """True for day orders at the market: an entry of whole shares with a stop on the price grid, or an exit."""
    at_market = (terms.type, terms.time_in_force) == (OrderType.MARKET, TimeInForce.DAY)
    bare = terms.limit_price is None and terms.stop_price is None
    return at_market and bare and (terms.stop_loss is None if terms.side is Side.SELL else _is_entry(terms))


def _is_entry(terms: OrderTerms) -> bool:
    stop = terms.stop_loss
    return terms.qty % 1 == 0 and stop is not None and stop % (CENT if stop >= 1 else Decimal("0.0001")) == 0


def _case_for(terms: OrderTerms) -> tuple[Proposal, Situation, Limits]:
    """A desk on which the gate comes to these terms: the ceiling alone binds it, and the stop is a dollar away."""
    symbol, id_ = terms.symbol, terms.client_order_id
    if terms.side is Side.SELL:
        return exit_(symbol, id=id_), situation(positions=[position(symbol, terms.qty)]), limits()
    assert terms.stop_loss is not None
    rich = dict.fromkeys(["equity", "cash", "buying_power"], Decimal(10) ** 9)
    desk = situation(quotes=[quote(symbol, terms.stop_loss + 1)], atr={symbol: Decimal(1)}, **rich)
    return entry(symbol, id=id_, ceiling=terms.qty), desk, limits(stop_atr_multiple=Decimal(1))


def _terms(
    side: Side,
    qty: int | str,
    symbol: str,
    *,
    id: str = "order",
    limit: str | None = None,
    stop: str | None = None,
    stop_loss: str | None = None,
    tif: TimeInForce = TimeInForce.DAY,
) -> OrderTerms:
    kind = _KINDS[bool(limit), bool(stop)]
    return OrderTerms(
        client_order_id=id,
        symbol=symbol,
        side=side,
        qty=Decimal(qty),
        type=kind,
        time_in_force=tif,
        limit_price=limit,
        stop_price=stop,
        stop_loss=stop_loss,
    )


def ticket(terms: OrderTerms, **more: Any) -> Ticket:
    """The terms as another program asks: `ticket(buy(), order_class="bracket", take_profit="110", stop_loss="90")`."""
    loss = more.pop("stop_loss", None)
    exits = {"stop_loss": StopLoss(stop_price=loss)} if loss else {}
    return Ticket.model_validate({**dict(Ticket.of(terms)), "exits_in_force": None, **exits, **more})
