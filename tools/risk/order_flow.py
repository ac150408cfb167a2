"""B: is the order a mistake, or one too many? Rules R11 to R24: size, price and pace of what leaves the desk."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from perun.tools.domain.money import Percent
from perun.tools.domain.orders import Side
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_most, between_nought_and, holds, ratio_at_most
from perun.tools.risk.cases import Case, EntryCase
from perun.tools.risk.traffic import bought_within_the_hour, traded_today

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)


def max_order_quantity(case: EntryCase) -> Check:
    """R11: shares in one order."""
    return at_most(Code.MAX_ORDER_QUANTITY, case.qty, case.limits.max_order_quantity)


def max_order_notional(case: EntryCase) -> Check:
    """R12: dollars in one order at its worst price."""
    return at_most(Code.MAX_ORDER_NOTIONAL, case.notional, case.limits.max_order_notional)


def price_collar(case: EntryCase) -> Check:
    """R13: what a market order would pay lies within the collar of the last trade, as a ratio."""
    return _within(Code.PRICE_COLLAR, case.facts.quote.ask, case.facts.quote.last, case.limits.price_collar)


def max_spread(case: EntryCase) -> Check:
    """R14: bid and ask lie close enough together for a market order, as a ratio of their middle."""
    quote = case.facts.quote
    return ratio_at_most(Code.MAX_SPREAD, (quote.ask - quote.bid) / quote.mid, case.limits.max_spread.ratio)


def max_participation(case: EntryCase) -> Check:
    """R15: shares in one order as a ratio of the average daily volume."""
    return ratio_at_most(Code.MAX_PARTICIPATION, case.qty / case.facts.volume, case.limits.max_participation.ratio)


def fresh_price(case: EntryCase) -> Check:
    """R16: the quote is young enough, in seconds, and not from the future."""
    return between_nought_and(Code.STALE_MARKET_DATA, case.facts.quote_age_seconds, case.limits.max_quote_age_seconds)


def sane_price(case: EntryCase) -> Check:
    """R17: the bid is not above the ask."""
    quote = case.facts.quote
    return at_most(Code.MARKET_DATA_INVALID, quote.bid, quote.ask)


def price_jump(case: EntryCase) -> Check:
    """R17: the last trade lies near the close of the session before, as a ratio: a further one may be an error."""
    return _within(Code.PRICE_JUMP, case.facts.quote.last, case.facts.previous_close, case.limits.max_price_jump)


def new_id(case: Case) -> Check:
    """R18: no order of this name was sent, or cleared in the same batch."""
    used = case.situation.knows(case.client_order_id)
    return holds(Code.DUPLICATE_ORDER_ID, passed=not used, measured="used before" if used else "new", allowed="new")


def no_duplicate(case: EntryCase) -> Check:
    """R19: no purchase of the symbol was sent within the window, under whatever name and of whatever size.

    The size is left out on purpose: what the first order took makes the second one smaller.
    """
    now, window, symbol = case.situation.clock.now, case.limits.duplicate_window_minutes, case.symbol
    times = [now for each in case.situation.reserved if each.symbol == symbol]
    times += [sent.at for sent in case.facts.conduct.sent if sent.symbol == symbol and sent.side is Side.BUY]
    ago = now - max(times) if times else None
    said = "none" if ago is None else f"one {ago // SECOND} seconds ago"
    passed = ago is None or ago // MINUTE >= window
    return holds(Code.DUPLICATE_ORDER, passed=passed, measured=said, allowed=f"none for {window} minutes")


def max_orders_per_minute(case: EntryCase) -> Check:
    """R20: orders of the last minute, exits too, and this one. It bears on entries alone: an exit is never held up."""
    situation = case.situation
    sent = len(case.facts.book.sent_within(MINUTE)) + len(situation.reserved) + len(situation.leaving)
    return at_most(Code.MAX_ORDERS_PER_MINUTE, sent + 1, case.limits.max_orders_per_minute)


def max_orders_per_day(case: EntryCase) -> Check:
    """R20: entries of this session, this one included."""
    sent = len([each for each in case.facts.book.sent_today if each.side is Side.BUY]) + len(case.situation.reserved)
    return at_most(Code.MAX_ORDERS_PER_DAY, sent + 1, case.limits.max_orders_per_day)


def max_notional_per_hour(case: EntryCase) -> Check:
    """R21: dollars of the entries of the last hour, this one included."""
    bought = bought_within_the_hour(case.facts) + case.notional
    return at_most(Code.MAX_NOTIONAL_PER_HOUR, bought, case.limits.max_notional_per_hour)


def max_round_trips(case: EntryCase) -> Check:
    """R22: times that the symbol was bought and sold again in this session, and the one that this order begins."""
    book, symbol = case.facts.book, case.symbol
    bought = [sent for sent in book.sent_today if sent.symbol == symbol and sent.side is Side.BUY]
    began, closings = book.session_began, case.facts.conduct.closings
    sold = [each for each in closings if each.symbol == symbol and each.at >= began]
    return at_most(Code.MAX_ROUND_TRIPS, min(len(bought), len(sold)) + 1, case.limits.max_round_trips_per_day)


def max_turnover(case: EntryCase) -> Check:
    """R24: dollars traded in this session, either way and this order included, as a ratio of equity."""
    traded = traded_today(case.facts) + case.notional
    return ratio_at_most(Code.MAX_TURNOVER, traded / case.facts.equity, case.limits.max_turnover.ratio)


def _within(code: Code, price: Decimal, base: Decimal, most: Percent) -> Check:
    return ratio_at_most(code, abs(price - base) / base, most.ratio)


ORDER_FLOW: Final[tuple[Callable[[Case], Check], ...]] = (new_id,)
"""Asked of every order."""

ENTRY_FLOW: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    max_order_quantity,
    max_order_notional,
    price_collar,
    max_spread,
    max_participation,
    fresh_price,
    sane_price,
    price_jump,
    no_duplicate,
    max_orders_per_minute,
    max_orders_per_day,
    max_notional_per_hour,
    max_round_trips,
    max_turnover,
)
"""Asked of orders that open or enlarge a position."""
