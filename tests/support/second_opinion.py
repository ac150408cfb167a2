"""A second opinion on limits: what an order would break, in exact fractions, from the nouns alone and no gate code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from perun.tools.domain.conduct import Conduct
from perun.tools.domain.money import Percent
from perun.tools.domain.orders import OrderClass, OrderTerms, OrderType, Side
from perun.tools.domain.standing import TradingState
from perun.tools.risk.facts import Situation
from perun.tools.risk.limits import Limits

NEW_YORK = ZoneInfo("America/New_York")


def broken_limits(
    terms: OrderTerms,
    desk: Situation,
    lines: Limits,
    sent: Sequence[OrderTerms] = (),
    decided_at: datetime | None = None,
) -> set[str]:
    """What an order would break.

    Args:
        terms: the order in question.
        desk: what was known when the batch was judged.
        lines: the limits in force.
        sent: orders of the same batch that go before it.
        decided_at: when an entry was decided; None when that is not the question.
    """
    facts = _broken_by_any(terms, desk, sent)
    if terms.side is Side.SELL:
        facts |= _broken_by_sale(terms, desk, sent)
    else:
        facts |= _broken_by_purchase(terms, desk, lines, sent)
        facts |= _broken_by_price(terms, desk, lines)
        facts |= _broken_by_pace(terms, desk, lines, sent)
        facts |= _broken_by_state(terms.symbol, desk, lines, decided_at)
    return {name for name, broken in facts.items() if broken}


def _broken_by_any(terms: OrderTerms, desk: Situation, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    account, asset = desk.portfolio.account, desk.assets.get(terms.symbol)
    other = Side.SELL if terms.side is Side.BUY else Side.BUY
    guarded = {each.parent for each in desk.portfolio.working_orders if each.is_protective}
    meeting = [
        each
        for each in desk.portfolio.working_orders
        if (each.symbol, each.side) == (terms.symbol, other)
        and each.parent is None
        and each.type is not OrderType.TRAILING_STOP
        and each.order_class not in (OrderClass.BRACKET, OrderClass.OCO)
        and not (terms.side is Side.SELL and each.client_order_id in guarded)  # an exit withdraws it first
    ]
    names = [each.client_order_id for each in sent] + [each.client_order_id for each in _past(desk).sent]
    return {
        "goes to a closed market": not desk.clock.is_open,
        "goes to an account that may not trade": account.trading_blocked or account.status != "ACTIVE",
        "is of a halted symbol": asset is not None and asset.halted is True,
        "is of what cannot be traded": asset is not None and not (asset.tradable and asset.status == "active"),
        "meets an order of ours": bool(meeting),
        "has a name that was used": terms.client_order_id in names,
    }


def _broken_by_sale(terms: OrderTerms, desk: Situation, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    held = sum(Fraction(each.qty) for each in desk.portfolio.positions if each.symbol == terms.symbol)
    leaving = sum(Fraction(each.qty) for each in sent if (each.symbol, each.side) == (terms.symbol, Side.SELL))
    for each in desk.portfolio.working_orders:
        if (each.symbol, each.side) == (terms.symbol, Side.SELL) and each.parent is None:
            leaving += Fraction(each.qty - each.filled_qty)
    return {"sells more than is held": terms.qty > held - leaving}


def _broken_by_price(terms: OrderTerms, desk: Situation, lines: Limits) -> dict[str, bool]:
    known, before = desk.quotes[terms.symbol], desk.previous_close.get(terms.symbol)
    bid, ask, last = Fraction(known.bid), Fraction(known.ask), Fraction(known.last)
    held = [Fraction(each.current_price) for each in desk.portfolio.positions if each.symbol == terms.symbol]
    jump = _part(lines.max_price_jump, Fraction(1))
    return {
        "rests on a stale price": not _is_young(known.at, desk, lines.max_quote_age_seconds),
        "rests on a price that cannot be": bid > ask,
        "crosses a wide spread": (ask - bid) / ((ask + bid) / 2) > _part(lines.max_spread, Fraction(1)),
        "pays far more or less than the last trade": abs(ask - last) > _part(lines.price_collar, last),
        "rests on a price that jumped": before is None or abs(last / Fraction(before) - 1) > jump,
        "rests on a price that the broker does not see": any(abs(price / last - 1) > jump for price in held[:1]),
        "stops above the market": Fraction(terms.stop_loss or 0) > min(bid, ask, last) - Fraction(1, 100),
    }


def _broken_by_pace(terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    past, now, symbol = _past(desk), desk.clock.now, terms.symbol
    in_batch = [each for each in sent if each.side is Side.BUY]
    purchases = [each for each in past.sent if each.side is Side.BUY]
    same = [each.at for each in purchases if each.symbol == symbol]
    same += [now for each in in_batch if each.symbol == symbol]
    today = [each for each in past.sent if _is_of_the_same_day(each.at, now)]
    trips = min(
        sum(each.symbol == symbol and each.side is Side.BUY for each in today),
        sum(each.symbol == symbol and _is_of_the_same_day(each.at, now) for each in past.closings),
    )
    spent = sum(_cost(each, desk, lines) for each in (*in_batch, terms))
    lately = sum(Fraction(each.notional) for each in purchases if now - each.at < timedelta(hours=1))
    traded = sum(Fraction(each.notional) for each in today) + sum(
        _worth(each, desk) for each in sent if each.side is Side.SELL
    )
    minute = sum(now - each.at < timedelta(minutes=1) for each in past.sent)
    turnover = _part(lines.max_turnover, Fraction(desk.portfolio.account.equity))
    return {
        "repeats an order": any(now - at < timedelta(minutes=lines.duplicate_window_minutes) for at in same),
        "is one too many in a minute": minute
        + len(in_batch)
        + len({e.symbol for e in sent} - {e.symbol for e in in_batch})
        + 1
        > lines.max_orders_per_minute,
        "is one too many in a day": sum(e.side is Side.BUY for e in today) + len(in_batch) + 1
        > lines.max_orders_per_day,
        "is one round trip too many": trips + 1 > lines.max_round_trips_per_day,
        "buys too much in an hour": lately + spent > Fraction(lines.max_notional_per_hour),
        "trades too much in a day": traded + spent > turnover,
        "has too many shares": terms.qty > lines.max_order_quantity,
        "is too much of the market": Fraction(terms.qty)
        > _part(lines.max_participation, Fraction(desk.volume.get(symbol, 0))),
        "comes to less than a dollar": terms.qty * desk.quotes[symbol].ask < 1,
    }


def _broken_by_state(symbol: str, desk: Situation, lines: Limits, decided_at: datetime | None) -> dict[str, bool]:
    now = desk.clock.now
    opened = now.astimezone(NEW_YORK).replace(hour=9, minute=30, second=0, microsecond=0)
    skew = abs(desk.skew_seconds) if desk.skew_seconds is not None else 0
    return {
        "is not on the broker's list": symbol not in desk.assets,
        "was decided too long ago": bool(decided_at) and not _is_young(decided_at, desk, lines.decision_ttl_seconds),
        "comes too soon after the open": now - opened < timedelta(minutes=lines.no_entry_first_minutes),
        "comes too late before the close": desk.clock.next_close - now < timedelta(minutes=lines.no_entry_last_minutes),
        "is on the deny list": symbol in lines.restricted,
        "goes out while the books differ": bool(_past(desk).unexplained),
        "goes out by a wrong clock": skew > lines.max_clock_skew_seconds,
        "goes out while the desk only reduces": desk.standing.state is not TradingState.ACTIVE,
        "goes out without a history": desk.standing.conduct is None,
    }


def _broken_by_purchase(
    terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms]
) -> dict[str, bool]:
    equity, ask = Fraction(desk.portfolio.account.equity), Fraction(desk.quotes[terms.symbol].ask)
    bought = [each for each in sent if each.side is Side.BUY]
    book = _book(desk)
    for each in (*bought, terms):
        book[each.symbol] = book.get(each.symbol, Fraction(0)) + _cost(each, desk, lines)
    spent = sum(_cost(each, desk, lines) for each in (*bought, terms))
    stop = Fraction(terms.stop_loss or 0)
    return {
        "is not a whole number of shares": Fraction(terms.qty).denominator != 1 or terms.qty < 1,
        "has no stop below the price": not 0 < stop < ask,
        "risks too much": Fraction(terms.qty) * (ask - stop) > _part(lines.risk_per_trade, equity),
        "is too large": _cost(terms, desk, lines) > Fraction(lines.max_order_notional),
        "makes too large a position": book[terms.symbol] > _part(lines.max_position, equity),
        "makes too many positions": len(book) > lines.max_open_positions,
        "makes too large a book": sum(book.values()) > _part(lines.max_gross_exposure, equity),
        "cannot be paid": spent > Fraction(desk.portfolio.account.buying_power),
    }


def _book(desk: Situation) -> dict[str, Fraction]:
    """Dollars by symbol: positions at their value, and working purchases at the dearest price that is known.

    A purchase that only brings back shares that were sold short adds nothing.
    """
    values: dict[str, Fraction] = {}
    short: dict[str, Decimal] = {}
    for held in desk.portfolio.positions:
        values[held.symbol] = values.get(held.symbol, Fraction(0)) + abs(Fraction(held.market_value))
        short[held.symbol] = -held.qty
    for each in desk.portfolio.working_orders:
        covers = each.qty - each.filled_qty <= short.get(each.symbol, 0)
        if each.side is Side.BUY and not covers:
            prices = [each.limit_price, each.stop_price, desk.quotes[each.symbol].ask]
            dearest = max(Fraction(price) for price in prices if price)
            values[each.symbol] = values.get(each.symbol, Fraction(0)) + Fraction(each.qty - each.filled_qty) * dearest
    return values


def _cost(terms: OrderTerms, desk: Situation, lines: Limits) -> Fraction:
    ask = Fraction(desk.quotes[terms.symbol].ask)
    return Fraction(terms.qty) * (ask + _part(lines.price_collar, ask))


def _part(share: Percent, whole: Fraction) -> Fraction:
    return Fraction(share.root) * whole / 100


def _worth(sale: OrderTerms, desk: Situation) -> Fraction:
    prices = [each.current_price for each in desk.portfolio.positions if each.symbol == sale.symbol]
    return Fraction(sale.qty) * sum(map(Fraction, prices))


def _past(desk: Situation) -> Conduct:
    return desk.standing.conduct or Conduct()


def _is_young(at: datetime, desk: Situation, seconds: int) -> bool:
    return timedelta(0) <= desk.clock.now - at <= timedelta(seconds=seconds)


def _is_of_the_same_day(at: datetime, now: datetime) -> bool:
    return at.astimezone(NEW_YORK).date() == now.astimezone(NEW_YORK).date()
