"""What the exchange refuses when an order is submitted, with Alpaca's status and code."""

from decimal import Decimal
from typing import Final, NoReturn

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.tape import Closes
from perun.tools.brokerage.embedded.valuation import buying_power, set_aside
from perun.tools.domain.errors import OrderRejected, UnknownSymbol
from perun.tools.domain.money import CENT, plain, whole_shares
from perun.tools.domain.orders import Order, OrderTerms, OrderType, Side

FORBIDDEN: Final = (403, 40310000)
NOT_FOUND: Final = (404, 40410000)
INVALID: Final = (422, 42210000)
MALFORMED: Final = (422, 40010001)

_PENNY_TICK: Final = Decimal("0.0001")
_NEEDED_PRICE: Final = {OrderType.MARKET: None, OrderType.LIMIT: "limit_price", OrderType.STOP: "stop_price"}


def reject(kind: tuple[int, int], message: str) -> NoReturn:
    """Refuse for good.

    Raises:
        OrderRejected: always.
    """
    raise OrderRejected(*kind, message)


def check(terms: OrderTerms, books: Books, closes: Closes) -> None:
    """Let the terms pass, or refuse them with the first rule that they break. The books hold working orders only.

    Raises:
        OrderRejected: a rule is broken; the books are as they were.
    """
    _check_prices_given(terms)
    _check_increments(terms)
    last = _last_close(terms.symbol, closes)
    _check_stop_loss(terms, last)
    _check_wash_trade(terms, books)
    if terms.side is Side.BUY:
        _check_buying_power(terms, books, closes, last)
    else:
        _check_shares(terms, books)


def _check_prices_given(terms: OrderTerms) -> None:
    needed = _NEEDED_PRICE[terms.type]
    for name, price in (("limit_price", terms.limit_price), ("stop_price", terms.stop_price)):
        if name == needed and price is None:
            reject(MALFORMED, f"{terms.type} orders require {name}")
        if name != needed and price is not None:
            reject(MALFORMED, f"{terms.type} orders must not have {name}")


def _check_increments(terms: OrderTerms) -> None:
    if terms.qty != whole_shares(terms.qty):
        reject(INVALID, f"invalid qty {plain(terms.qty)}: only whole shares are traded")
    for name in ("limit_price", "stop_price", "stop_loss"):
        price: Decimal | None = getattr(terms, name)
        if price is not None and price % (CENT if price >= 1 else _PENNY_TICK) != 0:
            reject(
                INVALID,
                f"invalid {name} {plain(price)}: sub-penny increment does not fulfill minimum pricing criteria",
            )


def _last_close(symbol: str, closes: Closes) -> Decimal:
    try:
        return closes(symbol)
    except UnknownSymbol:
        reject(INVALID, f"asset {symbol} not found")


def _check_stop_loss(terms: OrderTerms, last: Decimal) -> None:
    if terms.stop_loss is None:
        return
    if terms.side is Side.SELL:
        reject(INVALID, "stop_loss protects a buy; a sell cannot carry one")
    base = min(last, terms.limit_price or last)
    if terms.stop_loss > base - CENT:
        reject(INVALID, f"stop_loss {plain(terms.stop_loss)} must be <= base_price - 0.01 (base_price {plain(base)})")


def _check_wash_trade(terms: OrderTerms, books: Books) -> None:
    """An order that carries its stop is complex, and a protective stop is its child: both are exempt."""
    if terms.stop_loss is not None:
        return
    for order in books.orders.values():
        opposite = order.symbol == terms.symbol and order.side is not terms.side
        if opposite and order.parent is None and _would_meet(terms, order):
            reject(
                FORBIDDEN,
                f"potential wash trade detected: opposite side {order.type} order {order.client_order_id} exists",
            )


def _would_meet(terms: OrderTerms, order: Order) -> bool:
    """Two limits meet when the buyer pays what the seller asks; any other pair may always meet."""
    if terms.limit_price is None or order.limit_price is None:
        return True
    crossing = terms.limit_price - order.limit_price
    return crossing >= 0 if terms.side is Side.BUY else crossing <= 0


def _check_buying_power(terms: OrderTerms, books: Books, closes: Closes, last: Decimal) -> None:
    needed, power = set_aside(terms, terms.qty, last), buying_power(books, closes)
    if needed > power:
        reject(FORBIDDEN, f"insufficient buying power (requested: {plain(needed)}, available: {plain(power)})")


def _check_shares(terms: OrderTerms, books: Books) -> None:
    available = books.available(terms.symbol)
    if terms.qty > available:
        reject(
            FORBIDDEN,
            f"insufficient qty available for order (requested: {plain(terms.qty)}, available: {plain(available)})",
        )
