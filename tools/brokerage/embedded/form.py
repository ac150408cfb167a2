"""What the exchange refuses by the look of a ticket alone: prices, increments, times in force, classes."""

from decimal import Decimal
from typing import Final

from perun.tools.brokerage.embedded.refusing import INVALID, MALFORMED, reject
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.money import CENT, plain, whole_shares
from perun.tools.domain.orders import OrderClass, OrderType, Side, TimeInForce

_PENNY_TICK: Final = Decimal("0.0001")
_PRICES: Final = ("limit_price", "stop_price", "trail_price", "trail_percent")
_NEEDED: Final[dict[OrderType, set[str]]] = {
    OrderType.MARKET: set(),
    OrderType.LIMIT: {"limit_price"},
    OrderType.STOP: {"stop_price"},
    OrderType.STOP_LIMIT: {"limit_price", "stop_price"},
}
_ENTRIES: Final = {OrderType.MARKET, OrderType.LIMIT}
_SERVED: Final = {TimeInForce.DAY, TimeInForce.GTC}
_EXITS: Final[dict[OrderClass, tuple[set[str], int]]] = {
    OrderClass.SIMPLE: (set(), 0),
    OrderClass.BRACKET: ({"take_profit", "stop_loss"}, 2),
    OrderClass.OTO: (set(), 1),
    OrderClass.OCO: ({"take_profit", "stop_loss"}, 2),
}
"""For each class, the exits that it must carry and how many it has."""


def check_form(ticket: Ticket) -> None:
    """Let the ticket pass, or refuse it with the first rule of form that it breaks.

    Raises:
        Refused: a rule is broken.
    """
    check_prices_given(ticket)
    _check_time_in_force(ticket)
    check_increments(ticket)
    _check_class(ticket)


def check_prices_given(ticket: Ticket) -> None:
    """Every order type has its own prices, and no others. The target of two exits may stand in either place.

    Raises:
        Refused: a price is missing or too many.
    """
    given = {name for name in _PRICES if getattr(ticket, name) is not None}
    if ticket.type is OrderType.TRAILING_STOP:
        if given not in ({"trail_price"}, {"trail_percent"}):
            reject(MALFORMED, "trailing_stop orders require either trail_price or trail_percent, and no other price")
        return
    needed = _NEEDED[ticket.type] - ({"limit_price"} if ticket.order_class is OrderClass.OCO else set())
    for name in _PRICES:
        if name in needed and name not in given:
            reject(MALFORMED, f"{ticket.type} orders require {name}")
        if name not in needed and name in given:
            reject(MALFORMED, f"{ticket.type} orders must not have {name}")


def check_increments(ticket: Ticket) -> None:
    """Whole shares; prices to the cent, below a dollar to four decimals.

    Raises:
        Refused: a number has too many decimals.
    """
    if ticket.qty != whole_shares(ticket.qty):
        reject(INVALID, f"invalid qty {plain(ticket.qty)}: only whole shares are traded")
    for name, price in _prices(ticket).items():
        if price is not None and price % (CENT if price >= 1 else _PENNY_TICK) != 0:
            reject(
                INVALID,
                f"invalid {name} {plain(price)}: sub-penny increment does not fulfill minimum pricing criteria",
            )
    if ticket.trail_percent is not None and ticket.trail_percent >= 100:
        reject(INVALID, "trail_percent must be below 100")


def _prices(ticket: Ticket) -> dict[str, Decimal | None]:
    loss = ticket.stop_loss
    return {
        "limit_price": ticket.limit_price,
        "stop_price": ticket.stop_price,
        "trail_price": ticket.trail_price,
        "take_profit.limit_price": ticket.take_profit,
        "stop_loss.stop_price": loss.stop_price if loss else None,
        "stop_loss.limit_price": loss.limit_price if loss else None,
    }


def _check_time_in_force(ticket: Ticket) -> None:
    if ticket.time_in_force not in _SERVED:
        # Alpaca gates these four: an account has them only after asking for them.
        reject(INVALID, f"time_in_force {ticket.time_in_force} is not enabled for this account")


def _check_class(ticket: Ticket) -> None:
    needed, count = _EXITS[ticket.order_class]
    given = {name for name in ("take_profit", "stop_loss") if getattr(ticket, name) is not None}
    if not needed <= given:
        reject(INVALID, f"{ticket.order_class} orders require {', '.join(sorted(needed - given))}")
    if len(given) != count:
        reject(INVALID, f"{ticket.order_class} orders carry {count} exits, not {len(given)}")
    if ticket.order_class is OrderClass.OCO:
        _check_exits_alone(ticket)
    elif count:
        _check_entry(ticket)
    _check_exits(ticket)


def _check_exits_alone(ticket: Ticket) -> None:
    if ticket.type is not OrderType.LIMIT or ticket.side is not Side.SELL:
        reject(INVALID, "oco orders must be exit orders of type limit")


def _check_entry(ticket: Ticket) -> None:
    if ticket.side is Side.SELL:
        reject(INVALID, f"{ticket.order_class} orders must be entry orders; a sell cannot open a position here")
    if ticket.type not in _ENTRIES:
        reject(INVALID, f"{ticket.order_class} orders must enter at the market or at a limit")


def _check_exits(ticket: Ticket) -> None:
    target, loss = ticket.take_profit, ticket.stop_loss
    if target is not None and loss is not None and target <= loss.stop_price:
        reject(INVALID, "take_profit.limit_price must be above stop_loss.stop_price")
    if loss is not None and loss.limit_price is not None and loss.limit_price > loss.stop_price:
        reject(INVALID, "stop_loss.limit_price must be <= stop_loss.stop_price")
