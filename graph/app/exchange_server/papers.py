"""How the exchange's nouns read on Alpaca's wire: numbers as strings, instants in RFC 3339, ids as UUIDs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from perun.graph.app.exchange_server.venue import uuid_of
from perun.tools.brokerage.embedded.updates import TradeUpdate
from perun.tools.domain.market import EXCHANGE_TIME, MarketClock
from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.orders import Order, OrderStatus, Side
from perun.tools.domain.portfolio import Account, Position

Paper = dict[str, Any]
"""One JSON object."""

_RATIO: Final = Decimal("0.0000000001")
_MAINTENANCE: Final = Decimal("0.30")
"""What Alpaca asks to be kept of what is held long."""


def instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(amount: Decimal | None) -> str | None:
    """A number as Alpaca writes it: a string, no exponent."""
    return None if amount is None else plain(amount)


def order_paper(order: Order, legs: Iterable[Order] = ()) -> Paper:
    """An order, with the orders of its ticket beneath it when they are given."""
    children = [order_paper(leg) for leg in legs]
    return {
        "id": order.broker_order_id,
        "client_order_id": order.client_order_id,
        **_instants(order),
        "asset_id": uuid_of(order.symbol),
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": number(order.qty),
        "filled_qty": number(order.filled_qty),
        "filled_avg_price": number(order.filled_avg_price),
        "order_class": str(order.order_class),
        "order_type": str(order.type),
        "type": str(order.type),
        "side": str(order.side),
        "position_intent": "buy_to_open" if order.side is Side.BUY else "sell_to_close",
        "time_in_force": str(order.time_in_force),
        "limit_price": number(order.limit_price),
        "stop_price": number(order.stop_price),
        "status": str(order.status),
        "extended_hours": False,
        "legs": children or None,
        "trail_percent": number(order.trail_percent),
        "trail_price": number(order.trail_price),
        "hwm": number(order.high_water),
        "replaces": order.replaces,
        "replaced_by": order.replaced_by,
    }


def _instants(order: Order) -> Paper:
    ended = {
        "filled_at": OrderStatus.FILLED,
        "expired_at": OrderStatus.EXPIRED,
        "canceled_at": OrderStatus.CANCELED,
        "failed_at": OrderStatus.REJECTED,
        "replaced_at": OrderStatus.REPLACED,
    }
    return {
        "created_at": instant(order.submitted_at),
        "submitted_at": instant(order.submitted_at),
        "updated_at": instant(order.updated_at or order.submitted_at),
        "expires_at": instant(order.expires_at),
        **{name: instant(order.updated_at) if order.status is status else None for name, status in ended.items()},
    }


def update_paper(update: TradeUpdate) -> Paper:
    """One message of the stream `trade_updates`."""
    data: Paper = {
        "event": update.event,
        "timestamp": instant(update.at),
        "execution_id": uuid_of(f"{update.order.broker_order_id}/{update.event}"),
        "order": order_paper(update.order),
    }
    if update.fill is not None:
        data |= {
            "execution_id": uuid_of(update.fill.fill_id),
            "price": number(update.fill.price),
            "qty": number(update.fill.qty),
            "position_qty": number(update.position_qty),
        }
    return {"stream": "trade_updates", "data": data}


def account_paper(account: Account, long_value: Decimal) -> Paper:
    """The account: cash only, no margin, no shorts. `long_value` is what its positions are worth."""
    return {
        "id": uuid_of(account.account_id),
        "account_number": account.account_id,
        "status": account.status,
        "crypto_status": "INACTIVE",
        "currency": "USD",
        "cash": number(account.cash),
        "portfolio_value": number(account.equity),
        "equity": number(account.equity),
        "last_equity": number(account.last_equity),
        **dict.fromkeys(
            ("buying_power", "regt_buying_power", "non_marginable_buying_power"), number(account.buying_power)
        ),
        **dict.fromkeys(("long_market_value", "initial_margin"), number(long_value)),
        "maintenance_margin": number(long_value * _MAINTENANCE),
        **dict.fromkeys(("short_market_value", "accrued_fees", "pending_transfer_in", "pending_transfer_out"), "0"),
        "last_maintenance_margin": "0",
        "sma": "0",
        "multiplier": "1",
        "shorting_enabled": False,
        "trade_suspended_by_user": account.trading_blocked,
        **dict.fromkeys(("trading_blocked", "transfers_blocked", "account_blocked"), False),
    }


def position_paper(position: Position, day_before: Decimal) -> Paper:
    """A position; `day_before` is the close of the session before the last."""
    cost = position.qty * position.avg_entry_price
    today = position.qty * (position.current_price - day_before)
    return {
        "asset_id": uuid_of(position.symbol),
        "symbol": position.symbol,
        "exchange": "",
        "asset_class": "us_equity",
        "asset_marginable": False,
        "qty": number(position.qty),
        "qty_available": number(position.qty_available),
        "side": "long",
        "avg_entry_price": number(position.avg_entry_price),
        "market_value": number(position.market_value),
        "cost_basis": number(cost),
        "unrealized_pl": number(position.unrealized_pl),
        "unrealized_plpc": _ratio(position.unrealized_pl, cost),
        "unrealized_intraday_pl": number(today),
        "unrealized_intraday_plpc": _ratio(today, position.qty * day_before),
        "current_price": number(position.current_price),
        "lastday_price": number(day_before),
        "change_today": _ratio(position.current_price - day_before, day_before),
    }


def clock_paper(clock: MarketClock) -> Paper:
    """The market's clock, in exchange time."""
    return {
        "timestamp": clock.now.astimezone(EXCHANGE_TIME).isoformat(),
        "is_open": clock.is_open,
        "next_open": clock.next_open.astimezone(EXCHANGE_TIME).isoformat(),
        "next_close": clock.next_close.astimezone(EXCHANGE_TIME).isoformat(),
    }


def asset_paper(symbol: str, tradable: bool) -> Paper:
    """A symbol that the recorded market holds: whole shares, no margin, no shorts."""
    return {
        "id": uuid_of(symbol),
        "class": "us_equity",
        "exchange": "",
        "symbol": symbol,
        "name": symbol,
        "status": "active",
        "tradable": tradable,
        **dict.fromkeys(("marginable", "shortable", "easy_to_borrow", "fractionable"), False),
        "borrow_status": "not_shortable",
        "attributes": [],
    }


def _ratio(part: Decimal, whole: Decimal) -> str:
    return plain((part / whole).quantize(_RATIO, ROUND_HALF_EVEN)) if whole else plain(ZERO)
