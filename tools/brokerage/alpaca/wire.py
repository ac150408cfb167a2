"""From Alpaca's JSON to our nouns: what is missing and optional is let pass, what cannot be understood is said.

Unknown fields are ignored. An unknown status becomes UNRECOGNISED, which may still trade; an unknown time in force
becomes GTC, the longest. Numbers come as texts or as exact numbers, and are never NaN.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Asset, MarketClock
from perun.tools.domain.money import ZERO, Amount
from perun.tools.domain.orders import Fill, Order, OrderClass, OrderStatus, Side, TimeInForce
from perun.tools.domain.portfolio import Account, Position

Row = Mapping[str, Any]
"""One JSON object, as Alpaca sent it."""

_INSTANT: Final = TypeAdapter[datetime](AwareDatetime)
_AMOUNT: Final = TypeAdapter[Any](Amount)
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
_BLOCKS: Final = ("trading_blocked", "account_blocked", "trade_suspended_by_user")

_Noun = TypeVar("_Noun", bound=Frozen)
_Word = TypeVar("_Word", bound=StrEnum)


class Unreadable(Exception):
    """A row that cannot be understood; its text names the row and the fields."""


def account(row: Row) -> Account:
    """The account. Any of Alpaca's blocks blocks it.

    Raises:
        Unreadable: identity, status or an amount of money is missing.
    """
    return _made(
        Account,
        f"the account {row.get('id')}",
        account_id=row.get("id") or row.get("account_number"),
        status=row.get("status"),
        cash=row.get("cash"),
        equity=row.get("equity"),
        last_equity=row.get("last_equity"),
        buying_power=row.get("buying_power"),
        trading_blocked=any(row.get(block) not in (None, False) for block in _BLOCKS),
        multiplier=_given(row, "multiplier", lambda: 1),
        maintenance_margin=row.get("maintenance_margin"),
    )


def position(row: Row) -> Position:
    """A position. Without a current price it is valued at the last day's.

    Raises:
        Unreadable: the symbol, the shares, what they cost, or any price is missing.
    """
    what = f"the position {row.get('symbol')}"
    shares, entry = _amount(row, "qty", what), _amount(row, "avg_entry_price", what)
    if row.get("side") == "short":
        shares = -abs(shares)
    price = _amount(row, "current_price" if row.get("current_price") is not None else "lastday_price", what)
    return _made(
        Position,
        what,
        symbol=row.get("symbol"),
        qty=shares,
        avg_entry_price=entry,
        market_value=_given(row, "market_value", lambda: shares * price),
        current_price=price,
        unrealized_pl=_given(row, "unrealized_pl", lambda: shares * (price - entry)),
        qty_available=_given(row, "qty_available", lambda: shares),
    )


def order(row: Row, parent: str | None = None) -> Order:
    """An order; `parent` is the client id of the entry that it protects.

    Raises:
        Unreadable: who, what, which side, how many or what kind is missing or unknown.
    """
    status = _word(OrderStatus, row.get("status"), OrderStatus.UNRECOGNISED)
    filled = _given(row, "filled_qty", lambda: ZERO)
    return _made(
        Order,
        f"the order {row.get('client_order_id')}",
        client_order_id=row.get("client_order_id"),
        broker_order_id=row.get("id"),
        symbol=row.get("symbol"),
        side=_SIDES.get(str(row.get("side"))),
        # An order for so many dollars has no quantity: how many shares it is shows when it is over.
        qty=_given(row, "qty", lambda: filled if status.is_terminal else None),
        type=row.get("type") or row.get("order_type"),
        time_in_force=_word(TimeInForce, row.get("time_in_force"), TimeInForce.GTC),
        status=status,
        filled_qty=filled,
        parent=parent,
        submitted_at=instant(row.get("submitted_at")) or instant(row.get("created_at")),
        reason=str(row.get("reject_reason") or ""),
        order_class=_word(OrderClass, row.get("order_class"), OrderClass.SIMPLE),
        updated_at=instant(row.get("updated_at")),
        expires_at=instant(row.get("expires_at")),
        high_water=row.get("hwm"),
        **{name: row.get(name) for name in _SAME_NAMES},
    )


_SAME_NAMES: Final = (
    "filled_avg_price",
    "limit_price",
    "stop_price",
    "trail_price",
    "trail_percent",
    "replaces",
    "replaced_by",
)


def fill(row: Row, client_order_id: str) -> Fill:
    """An execution of the order with that client id. Alpaca charges its fees apart, so the commission is zero.

    Raises:
        Unreadable: any of its fields is missing.
    """
    return _made(
        Fill,
        f"the fill {row.get('id')}",
        fill_id=row.get("id"),
        client_order_id=client_order_id,
        symbol=row.get("symbol"),
        side=_SIDES.get(str(row.get("side"))),
        qty=row.get("qty"),
        price=row.get("price"),
        at=instant(row.get("transaction_time")),
    )


def asset(row: Row) -> Asset:
    """An instrument. What is not told is not allowed.

    Raises:
        Unreadable: the symbol or the status is missing.
    """
    return _made(
        Asset,
        f"the asset {row.get('symbol')}",
        symbol=row.get("symbol"),
        status=row.get("status"),
        tradable=row.get("tradable") is True,
        fractionable=row.get("fractionable") is True,
        asset_class=row.get("class") or row.get("asset_class") or "unknown",
        shortable=row.get("shortable") is True,
    )


def market_clock(row: Row) -> MarketClock:
    """Where the market stands.

    Raises:
        Unreadable: any of its fields is missing.
    """
    return _made(
        MarketClock,
        "the market's clock",
        now=instant(row.get("timestamp")),
        is_open=row.get("is_open"),
        next_open=instant(row.get("next_open")),
        next_close=instant(row.get("next_close")),
    )


def _made(noun: type[_Noun], what: str, **fields: Any) -> _Noun:
    try:
        return noun.model_validate(fields)
    except ValidationError as error:
        raise Unreadable(f"{what}: no usable {', '.join(_fields(error))}") from error


def _fields(error: ValidationError) -> list[str]:
    return sorted({str(each["loc"][0]) if each["loc"] else "value" for each in error.errors()})


def _amount(row: Row, name: str, what: str) -> Any:
    try:
        return _AMOUNT.validate_python(row.get(name))
    except ValidationError as error:
        raise Unreadable(f"{what}: no usable {name}") from error


def _given(row: Row, name: str, otherwise: Callable[[], Any]) -> Any:
    value = row.get(name)
    return otherwise() if value is None else value


def _word(words: type[_Word], text: object, otherwise: _Word) -> _Word:
    try:
        return words(str(text))
    except ValueError:
        return otherwise


def instant(value: object) -> datetime | None:
    """The aware instant that the text names, in UTC; None when it names none."""
    try:
        return _INSTANT.validate_python(value).astimezone(UTC)
    except ValidationError:
        return None
