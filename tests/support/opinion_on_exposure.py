"""A second opinion on exposure and losses, in exact fractions from the nouns alone: it asks no gate code."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from perun.tools.domain.conduct import Conduct
from perun.tools.domain.money import Percent
from perun.tools.domain.orders import Order, OrderTerms, Side
from perun.tools.domain.portfolio import Position
from perun.tools.risk.facts import Situation
from perun.tools.risk.limits import Limits

NONE = Fraction(0)
FIVE_DAYS = timedelta(days=5)
WORST_IN_A_HUNDRED = Fraction("2.326348")


class Line(NamedTuple):
    """One line of the book as it would be: where the money is, and what of it a stop would bring back."""

    symbol: str
    dollars: Fraction
    """Negative for a short position."""
    saved: Fraction
    is_coming: bool


def broken_exposure(terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    """Which limits of capital and exposure a purchase would break after those that were sent before it."""
    account, equity = desk.portfolio.account, Fraction(desk.portfolio.account.equity)
    bought = [_bought(each, desk, lines) for each in (*sent, terms) if each.side is Side.BUY]
    book = [*_held(desk), *_working(desk), *_doubted(desk), *bought]
    gross, symbol = sum(abs(line.dollars) for line in book), terms.symbol
    spent = sum(line.dollars for line in book if line.is_coming and line.dollars > 0)
    net = sum(line.dollars for line in book if line.dollars > 0 or not line.is_coming)
    return {
        "spends cash that must stay": Fraction(account.cash) - spent < part(lines.min_cash, equity),
        "makes the book too long": net > part(lines.max_net_exposure, equity),
        "borrows more than the broker lends": gross > Fraction(account.multiplier) * equity,
        "fills its sector": _in_sector(symbol, book, desk) > part(lines.max_sector, equity),
        "fills its cluster": _in_cluster(symbol, book, desk, lines) > part(lines.max_cluster, equity),
        "heats the book": sum(abs(line.dollars) - line.saved for line in book) > part(lines.max_heat, equity),
        "may lose too much in a day": _may_lose_more(book, desk, part(lines.max_var, equity)),
        "uses up the margin": equity - _margin(book, desk) < part(lines.min_margin_cushion, equity),
        "adds too often": _adds(symbol, desk, sent) > lines.max_adds,
        "adds to a loser": any(
            each.qty > 0 and -Fraction(each.unrealized_pl) > max(NONE, part(lines.max_add_loss, _cost_of(each)))
            for each in desk.portfolio.positions
            if each.symbol == symbol
        ),
    }


def broken_losses(terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    """Which loss controls a purchase would pass over."""
    past, equity = _conduct(desk), Fraction(desk.portfolio.account.equity)
    sales = [each for each in past.closings if each.symbol == terms.symbol]
    wait = timedelta(minutes=lines.cooldown_minutes)
    ages = [desk.clock.now - each.at for each in sales]
    ages += [timedelta(0) for each in sent if (each.symbol, each.side) == (terms.symbol, Side.SELL)]
    stopped = [each for each in sales if each.stopped and desk.clock.now - each.at < FIVE_DAYS]
    row = 0
    for each in sales:
        row = row + 1 if each.gain < 0 else 0
    if sales and desk.clock.now - sales[-1].at >= FIVE_DAYS:
        row = 0
    return {
        "follows a bad day": _lost(past.day_start, equity, lines.daily_loss),
        "follows a bad week": _lost(past.week_start, equity, lines.weekly_loss),
        "follows a deep fall": _lost(past.high_water, equity, lines.max_drawdown),
        "buys back too soon": min(ages, default=wait) < wait,
        "was stopped out too often": len(stopped) >= lines.max_stop_outs,
        "lost too often in a row": row >= lines.max_losses_in_a_row,
        "leaves a position bare": any(_is_bare(symbol, desk) for symbol in past.adds),
    }


def part(share: Percent, whole: Fraction) -> Fraction:
    """So many hundredths."""
    return Fraction(share.root) * whole / 100


def _conduct(desk: Situation) -> Conduct:
    assert desk.standing.conduct is not None, "an entry was cleared although the past is not known"
    return desk.standing.conduct


def _held(desk: Situation) -> Iterator[Line]:
    """Positions; a stop that works brings back its price, the lowest counted first and no share twice."""
    left = {id(each): Fraction(each.qty - each.filled_qty) for each in desk.portfolio.working_orders}
    stops = [each for each in desk.portfolio.working_orders if each.is_protective and each.status != "held"]
    stops.sort(key=lambda each: each.stop_price or Decimal(0))
    for position in desk.portfolio.positions:
        bare, saved, value = Fraction(position.qty), NONE, Fraction(position.market_value)
        for stop in (each for each in stops if each.symbol == position.symbol):
            shares = max(NONE, min(bare, left[id(stop)]))
            left[id(stop)] -= shares
            saved += min(shares * Fraction(stop.stop_price or 0), value * shares / Fraction(position.qty or 1))
            bare -= shares
        yield Line(position.symbol, value, saved, is_coming=False)


def _working(desk: Situation) -> Iterator[Line]:
    for each in desk.portfolio.working_orders:
        held, left = desk.portfolio.held(each.symbol), Fraction(each.qty - each.filled_qty)
        closes = held and (held > 0) == (each.side is Side.SELL) and left <= abs(held)
        if each.status == "held" or closes:
            continue
        dollars = abs(left) * _dearest(each, desk)
        waiting = [stop for stop in desk.portfolio.working_orders if stop.parent == each.client_order_id]
        saved = sum(left * Fraction(stop.stop_price or 0) for stop in waiting if stop.status == "held")
        if each.side is Side.BUY:
            yield Line(each.symbol, dollars, min(dollars, Fraction(saved)), is_coming=True)
        else:
            yield Line(each.symbol, -dollars, NONE, is_coming=True)


def _dearest(order: Order, desk: Situation) -> Fraction:
    held = [each.current_price for each in desk.portfolio.positions if each.symbol == order.symbol][:1]
    asks = [desk.quotes[order.symbol].ask] if order.symbol in desk.quotes else []
    return max(Fraction(price) for price in (order.limit_price, order.stop_price, *held, *asks) if price)


def _doubted(desk: Situation) -> Iterator[Line]:
    for doubt in desk.standing.doubts:
        if doubt.entering > 0:
            dollars = Fraction(doubt.entering) * Fraction(desk.quotes[doubt.symbol].ask)
            yield Line(doubt.symbol, dollars, NONE, is_coming=True)


def _bought(terms: OrderTerms, desk: Situation, lines: Limits) -> Line:
    ask = Fraction(desk.quotes[terms.symbol].ask)
    dollars = Fraction(terms.qty) * (ask + part(lines.price_collar, ask))
    return Line(terms.symbol, dollars, Fraction(terms.qty) * Fraction(terms.stop_loss or 0), is_coming=True)


def _in_sector(symbol: str, book: Sequence[Line], desk: Situation) -> Fraction:
    sectors: dict[str | None, Fraction] = {}
    for line in book:
        sector = desk.sectors.get(line.symbol)
        sectors[sector] = sectors.get(sector, NONE) + abs(line.dollars)
    unknown, own = sectors.pop(None, NONE), desk.sectors.get(symbol)
    return unknown + (sectors[own] if own else max(sectors.values(), default=NONE))


def _history(symbol: str, desk: Situation) -> list[int] | None:
    known, longest = desk.returns.root.get(symbol, ()), max(map(len, desk.returns.root.values()), default=0)
    if len(known) < longest or len(known) < 40 or len(set(known)) == 1:
        return None
    return [int(each * 10**6) for each in known]


def _in_cluster(symbol: str, book: Sequence[Line], desk: Situation, lines: Limits) -> Fraction:
    least = Fraction(lines.cluster_correlation)
    kin = {other for other in {line.symbol for line in book} if _are_kin(symbol, other, desk, least)}
    return sum((abs(line.dollars) for line in book if line.symbol in kin), NONE)


def _are_kin(one: str, other: str, desk: Situation, least: Fraction) -> bool:
    first, second = _history(one, desk), _history(other, desk)
    if one == other or first is None or second is None:
        return True
    count, x, y = len(first), sum(first), sum(second)
    both = count * sum(a * b for a, b in zip(first, second, strict=True)) - x * y
    spread = (count * sum(a * a for a in first) - x * x) * (count * sum(b * b for b in second) - y * y)
    return Fraction(both * abs(both), spread) >= least * abs(least)


def _may_lose_more(book: Sequence[Line], desk: Situation, allowed: Fraction) -> bool:
    """On one day in a hundred: by the worst session or by deviation, no gain set against a loss."""
    histories = {line.symbol: _history(line.symbol, desk) for line in book}
    shocked = sum((abs(line.dollars) for line in book if histories[line.symbol] is None), NONE) / 10
    days: dict[int, Fraction] = {}
    for line in book:
        for day, moved in enumerate(histories[line.symbol] or ()):
            days[day] = days.get(day, NONE) + abs(line.dollars) * max(0, -moved) / 10**6
    left, lost = allowed - shocked, list(days.values())
    if left < 0 or max(lost, default=NONE) > left:
        return True
    return WORST_IN_A_HUNDRED**2 * 2 * sum(each * each for each in lost) > left * left * len(lost)


def _margin(book: Sequence[Line], desk: Situation) -> Fraction:
    told = desk.portfolio.account.maintenance_margin
    held = [max(abs(Fraction(p.market_value)) * 3 / 10, 5 * -Fraction(p.qty)) for p in desk.portfolio.positions]
    coming = sum(abs(line.dollars) for line in book if line.is_coming) * Fraction(3, 10)
    return (sum(held, NONE) if told is None else Fraction(told)) + coming


def _adds(symbol: str, desk: Situation, sent: Sequence[OrderTerms]) -> int:
    held = any(each.symbol == symbol and each.qty for each in desk.portfolio.positions)
    coming = [line for line in (*_working(desk), *_doubted(desk)) if line.symbol == symbol]
    before = [each for each in sent if (each.symbol, each.side) == (symbol, Side.BUY)]
    return _conduct(desk).adds.get(symbol, 0) + held + len(coming) + len(before)


def _cost_of(position: Position) -> Fraction:
    return Fraction(position.qty) * Fraction(position.avg_entry_price)


def _lost(start: Decimal | None, equity: Fraction, most: Percent) -> bool:
    return start is not None and Fraction(start) - equity > part(most, Fraction(start))


def _is_bare(symbol: str, desk: Situation) -> bool:
    held = sum(Fraction(each.qty) for each in desk.portfolio.positions if each.symbol == symbol)
    guards = ("stop", "stop_limit", "trailing_stop", "market")
    working = [each for each in desk.portfolio.working_orders if (each.symbol, each.side) == (symbol, Side.SELL)]
    return held > sum(Fraction(each.open_qty) for each in working if each.type in guards)
