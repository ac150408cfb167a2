"""E: does the market, the broker and the law allow it now? Rules R47 to R57."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.orders import Order, OrderClass, OrderType, Side
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_least, holds, ratio_at_most
from perun.tools.risk.cases import Case, EntryCase

MINUTE: Final = timedelta(minutes=1)
WASH_SALE: Final = timedelta(days=30)
_COMPLEX: Final = {OrderClass.BRACKET, OrderClass.OCO}


def account_active(case: Case) -> Check:
    """R57: the broker lets the account trade."""
    account = case.situation.portfolio.account
    measured = "blocked" if account.trading_blocked else account.status
    return holds(Code.ACCOUNT_ACTIVE, passed=measured == "ACTIVE", measured=measured, allowed="ACTIVE")


def market_open(case: Case) -> Check:
    """R47: the broker's clock says that the market is open."""
    is_open = case.situation.clock.is_open
    return holds(Code.MARKET_OPEN, passed=is_open, measured="open" if is_open else "closed", allowed="open")


def trading_halt(case: Case) -> Check:
    """R48: the exchange trades the symbol. A market order sent into a halt would fill at any price after it.

    A broker that does not tell of halts denies nothing here: a halted symbol has no fresh quote either.
    """
    asset = case.situation.assets.get(case.symbol)
    halted = asset.halted if asset else None
    said = "not told" if halted is None else "halted" if halted else "trading"
    return holds(Code.TRADING_HALT, passed=not halted, measured=said, allowed="trading")


def self_cross(case: Case) -> Check:
    """R52: no working order of ours on the other side could trade with this one.

    A market order meets whatever rests. Brokers let pass what belongs to a bracket, the stop that came with an entry,
    and trailing stops. An exit withdraws an entry that still waits with its stop before it goes itself.
    """
    working = case.situation.portfolio.working(case.symbol)
    other = Side.SELL if case.is_entry else Side.BUY
    withdrawn = set() if case.is_entry else {order.parent for order in working if order.is_protective}
    resting = (order for order in working if order.side is other and order.client_order_id not in withdrawn)
    met = next((order.client_order_id for order in resting if not _is_exempt(order)), None)
    return holds(Code.SELF_CROSS, passed=met is None, measured=f"meets {met}" if met else "none", allowed="none")


def _is_exempt(order: Order) -> bool:
    trails = order.type is OrderType.TRAILING_STOP
    return order.status.is_terminal or order.parent is not None or order.order_class in _COMPLEX or trails


def restricted_symbol(case: EntryCase) -> Check:
    """R49: the deny list wins."""
    listed = case.symbol in case.limits.restricted
    said = "listed" if listed else "not listed"
    return holds(Code.RESTRICTED_SYMBOL, passed=not listed, measured=said, allowed="not listed")


def after_open(case: EntryCase) -> Check:
    """R47: minutes since the session opened; a closed market is MARKET_OPEN's matter."""
    since = case.situation.clock.now - case.facts.book.session_opened
    return _minutes(Code.AFTER_OPEN, since, case.limits.no_entry_first_minutes, case)


def before_close(case: EntryCase) -> Check:
    """R47: minutes until the session closes."""
    left = case.situation.clock.next_close - case.situation.clock.now
    return _minutes(Code.BEFORE_CLOSE, left, case.limits.no_entry_last_minutes, case)


def _minutes(code: Code, span: timedelta, least: int, case: Case) -> Check:
    if not case.situation.clock.is_open:
        return holds(code, passed=True, measured="closed", allowed="an open market")
    return at_least(code, span // MINUTE, least)


def wash_sale(case: EntryCase) -> Check:
    """R53: a purchase within 30 days of a sale at a loss; the tax office may disallow the loss. It warns, no more."""
    since = case.situation.clock.now - WASH_SALE
    closings = [each for each in case.facts.conduct.closings if each.symbol == case.symbol and each.at >= since]
    lost = sum([each.gain for each in closings if each.gain < 0], ZERO)
    measured = f"sold at a loss of {plain(-lost)}" if lost else "none"
    return Check(Code.WASH_SALE, measured, "no loss in 30 days", passed=True, warns=lost < 0)


def corporate_action(case: EntryCase) -> Check:
    """R56: broker and market agree on the price of what is held; after a split one of them may lag."""
    held, last = case.situation.portfolio.position(case.symbol), case.facts.quote.last
    if held is None:
        return holds(Code.CORPORATE_ACTION, passed=True, measured="none held", allowed="one price")
    return ratio_at_most(Code.CORPORATE_ACTION, abs(held.current_price - last) / last, case.limits.max_price_jump.ratio)


MARKET_STATE: Final[tuple[Callable[[Case], Check], ...]] = (account_active, market_open, trading_halt, self_cross)
"""Asked of every order."""

ENTRY_MARKET: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    after_open,
    before_close,
    restricted_symbol,
    wash_sale,
    corporate_action,
)
"""Asked of orders that open or enlarge a position."""
