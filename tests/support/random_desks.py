"""Whole desks from one throw of the dice: books, prices, histories, limits and wishes, and ways to make each worse.

A desk made of single draws takes a property tester twenty milliseconds, and most such desks are empty: here one number
is drawn, and everything else follows from it. The number is what a failing property prints.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from perun.tools.domain.conduct import Closing, Conduct, Sent
from perun.tools.domain.market import Asset, Quote
from perun.tools.domain.money import Percent
from perun.tools.domain.orders import Order, OrderStatus, OrderType, Side
from perun.tools.domain.portfolio import Portfolio, Position
from perun.tools.domain.signals import Ruling
from perun.tools.domain.standing import Doubt, Standing, TradingState
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Proposal
from perun.tools.risk.limits import Limits
from perun.tools.risk.statistics import FEWEST
from support.gate import (
    NOW,
    advised,
    asset,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    protective_stop,
    quote,
    situation,
)

WATCHED = ("A", "B", "C", "D")
HELD = (*WATCHED, "E", "F")
NEW = ("G", "H")
"""Symbols that no desk holds yet."""
SECTORS = ("tech", "tech", "energy", None)


class Dice(Random):
    """A source of amounts; small ones are as likely as large ones."""

    def dollars(self, least: float, most: float) -> Decimal:
        """An amount to the cent."""
        return Decimal(f"{least * (most / least) ** self.random():.2f}")

    def percent(self, least: float, most: float) -> Percent:
        """A percentage to the thousandth."""
        return percent(f"{least * (most / least) ** self.random():.3f}")

    def seldom(self, once_in: int = 30) -> bool:
        """True about once in so many throws."""
        return self.randrange(once_in) == 0

    def near(self, price: Decimal) -> Decimal:
        """A price at most four per cent away, half of the time the same."""
        moved = price * self.randint(960, 1040) / 1000 if self.random() < 0.5 else price
        return max(Decimal("0.01"), moved.quantize(Decimal("0.0001")))


def _history(dice: Dice) -> tuple[Decimal, ...]:
    """Returns to six places, in part those of a market that all share."""
    share, width = dice.choice([0, 0.5, 0.9, -0.7, 1]), dice.choice([0.002, 0.01, 0.04])
    moves = (share * market + (1 - abs(share)) * dice.gauss(0, 1) for market in _MARKET)
    return tuple(Decimal(f"{width * move:.6f}") for move in moves)


_MARKET = [(-1) ** n * (1 + n % 7) / 4 for n in range(FEWEST)]
_HISTORIES = [_history(Dice(seed)) for seed in range(60)]


def some_price(dice: Dice) -> Decimal:
    """US dollars, seldom less than one."""
    return Decimal(f"{dice.uniform(0.01, 1):.4f}") if dice.seldom() else dice.dollars(1, 900)


def some_quote(dice: Dice, symbol: str, ask: Decimal) -> Quote:
    """At times wide, seldom crossed, stale or from the future."""
    bid = ask + 1 if dice.seldom(60) else min(ask, dice.near(ask))
    age = dice.choice([-1, 61]) if dice.seldom(60) else dice.randrange(61)
    return quote(symbol, ask, bid=bid, last=dice.near(ask), at=NOW - timedelta(seconds=age))


def some_asset(dice: Dice, symbol: str) -> Asset:
    """Seldom halted or not to be traded."""
    return asset(symbol, halted=dice.seldom(60), tradable=not dice.seldom(60))


def some_lines(dice: Dice, symbols: Sequence[str], price: dict[str, Decimal]) -> tuple[list[Position], list[Order]]:
    """Positions, mostly with stops and seldom short, and entries that still work."""
    positions, orders = [], []
    for symbol in symbols:
        qty, worth = dice.randint(1, 40), price.get(symbol) or some_price(dice)
        if dice.random() < 0.7:
            lost = dice.choice([0, 0, -1, 1]) * dice.dollars(1, 300)
            side = -1 if dice.seldom() else 1
            positions.append(position(symbol, side * qty, worth, unrealized_pl=lost))
        if dice.random() < 0.7:
            stop = (worth * dice.randint(70, 105) / 100).quantize(Decimal("0.01")) + Decimal("0.01")
            orders.append(
                protective_stop(symbol, dice.choice([qty, qty, qty, 1]), id=f"{symbol}-stop", stop_price=stop)
            )
        if dice.random() < 0.15:
            orders += some_entry(dice, symbol)
    return positions, orders


def some_entry(dice: Dice, symbol: str) -> list[Order]:
    """A working purchase, at times with the stop that waits for it."""
    name, limit, qty = f"{symbol}-in", some_price(dice), dice.randint(1, 40)
    working = order(symbol=symbol, id=name, qty=qty, type=OrderType.LIMIT, limit_price=limit)
    stop = (limit * dice.randint(70, 99) / 100).quantize(Decimal("0.01")) + Decimal("0.01")
    child = protective_stop(symbol, qty, id=f"{name}-stop", stop_price=stop, parent=name, status="held")
    return [working, child] if dice.random() < 0.6 else [working]


def some_past(dice: Dice, equity: Decimal) -> Conduct:
    """Orders, sales and starts; half of the desks have none."""
    if dice.random() < 0.5:
        return Conduct(adds=dict.fromkeys(dice.sample(HELD, 2), 0))
    ages = sorted((timedelta(minutes=dice.choice([1, 59, 60, 90, 3000, 9000])) for _ in range(4)), reverse=True)
    start = [None if dice.random() < 0.3 else equity * dice.randint(90, 120) / 100 for _ in range(3)]
    return Conduct(
        sent=[_sent(dice, age) for age in ages[2:]] if dice.random() < 0.4 else [],
        closings=[_closing(dice, age) for age in ages[: dice.randrange(5)]],
        adds={symbol: dice.randrange(4) for symbol in dice.sample(HELD, dice.randrange(4))},
        day_start=start[0],
        week_start=start[1],
        high_water=start[2],
        unexplained=("A",) if dice.seldom(60) else (),
    )


def _sent(dice: Dice, age: timedelta) -> Sent:
    symbol, side = dice.choice(WATCHED), dice.choice(list(Side))
    qty, notional = Decimal(dice.randint(1, 40)), dice.dollars(100, 9000)
    return Sent(client_order_id=f"sent-{age}", symbol=symbol, side=side, qty=qty, notional=notional, at=NOW - age)


def _closing(dice: Dice, age: timedelta) -> Closing:
    gain = dice.choice([-1, 1]) * dice.dollars(1, 500)
    return Closing(symbol=dice.choice(WATCHED), gain=gain, stopped=dice.random() < 0.4, at=NOW - age)


def some_desk(dice: Dice) -> Situation:
    """A desk that knows four symbols and holds some of six."""
    prices = {symbol: some_price(dice) for symbol in HELD}
    positions, orders = some_lines(dice, dice.sample(HELD, dice.randrange(5)), prices)
    known = [some_quote(dice, symbol, prices[symbol]) for symbol in HELD]
    equity = dice.dollars(1_000, 500_000)
    doubts = (Doubt(client_order_id="doubt", symbol=dice.choice(HELD), entering=Decimal(dice.randrange(30))),)
    histories = {symbol: dice.choice(_HISTORIES) for symbol in HELD if not dice.seldom(6)}
    return situation(
        positions=positions,
        orders=orders,
        quotes=known,
        atr={each.symbol: each.ask * dice.randint(1, 12) / 100 for each in known},
        is_open=not dice.seldom(60),
        standing=Standing(
            state=TradingState.REDUCING if dice.seldom(60) else TradingState.ACTIVE,
            doubts=doubts if dice.seldom(10) else (),
            conduct=None if dice.seldom(60) else some_past(dice, equity),
        ),
        facts={
            "returns": {} if dice.seldom(10) else histories,
            "sectors": {symbol: sector for symbol in HELD if (sector := dice.choice(SECTORS))},
            "previous_close": {each.symbol: dice.near(each.last) for each in known if not dice.seldom(60)},
            "volume": {each.symbol: dice.dollars(1_000, 10**9) for each in known if not dice.seldom(60)},
            "assets": {each.symbol: some_asset(dice, each.symbol) for each in known if not dice.seldom(60)},
            "skew_seconds": Decimal(dice.randint(-40, 40)) if dice.seldom() else None,
        },
        equity=equity,
        cash=equity * dice.choice([1, 1, 2, 4]) if dice.random() < 0.6 else dice.dollars(100, 500_000),
        buying_power=equity * dice.choice([1, 2, 4]) if dice.random() < 0.6 else dice.dollars(100, 500_000),
        multiplier=dice.choice([1, 2, 4]),
        maintenance_margin=dice.dollars(1, 50_000) if dice.seldom(5) else None,
        trading_blocked=dice.seldom(60),
    )


_RANGES: dict[str, Callable[[Dice], Any]] = {
    "min_confidence": lambda dice: dice.choice([0.0, 0.5]),
    "risk_per_trade": lambda dice: dice.percent(0.01, 5),
    "max_position": lambda dice: dice.percent(1, 100),
    "max_open_positions": lambda dice: dice.randint(2, 9),
    "max_order_notional": lambda dice: dice.dollars(100, 200_000),
    "max_gross_exposure": lambda dice: dice.percent(10, 400),
    "price_collar": lambda dice: dice.percent(0.1, 10),
    "stop_atr_multiple": lambda dice: Decimal(dice.randint(1, 50)) / 10,
    "restricted": lambda dice: ("A", "B") if dice.seldom(5) else (),
    "max_order_quantity": lambda dice: dice.randint(1, 500),
    "max_spread": lambda dice: dice.percent(1, 5),
    "max_participation": lambda dice: dice.percent(0.01, 10),
    "max_price_jump": lambda dice: dice.percent(1, 50),
    "decision_ttl_seconds": lambda dice: dice.randrange(601),
    "max_clock_skew_seconds": lambda dice: dice.randrange(40),
    "no_entry_first_minutes": lambda dice: dice.choice([1, 30, 31]),
    "no_entry_last_minutes": lambda dice: dice.choice([1, 60, 61]),
    "duplicate_window_minutes": lambda dice: dice.choice([0, 60, 90]),
    "max_orders_per_minute": lambda dice: dice.randint(1, 5),
    "max_orders_per_day": lambda dice: dice.randint(1, 5),
    "max_notional_per_hour": lambda dice: dice.dollars(1000, 200_000),
    "max_round_trips_per_day": lambda dice: dice.randint(1, 3),
    "max_turnover": lambda dice: dice.percent(5, 400),
    "min_cash": lambda dice: dice.percent(0.1, 80),
    "max_net_exposure": lambda dice: dice.percent(10, 400),
    "max_sector": lambda dice: dice.percent(2, 200),
    "max_cluster": lambda dice: dice.percent(2, 200),
    "cluster_correlation": lambda dice: Decimal(dice.randint(-10, 10)) / 10,
    "max_heat": lambda dice: dice.percent(0.5, 60),
    "max_var": lambda dice: dice.percent(0.1, 30),
    "min_margin_cushion": lambda dice: dice.percent(1, 95),
    "max_adds": lambda dice: dice.randrange(4),
    "max_add_loss": lambda dice: dice.percent(0.1, 30),
    "daily_loss": lambda dice: dice.percent(0.5, 20),
    "weekly_loss": lambda dice: dice.percent(0.5, 20),
    "max_drawdown": lambda dice: dice.percent(0.5, 20),
    "cooldown_minutes": lambda dice: dice.choice([1, 60, 90]),
    "max_stop_outs": lambda dice: dice.randint(1, 3),
    "max_losses_in_a_row": lambda dice: dice.randint(1, 3),
}
"""What each limit may be; those that are not named stay wide."""


def some_limits(dice: Dice) -> Limits:
    """Some limits at random, the others wide: were all narrow, hardly anything would be cleared."""
    chosen = dice.sample(list(_RANGES), dice.randrange(12))
    return limits(**{name: _RANGES[name](dice) for name in chosen})


def some_wish(
    dice: Dice, symbol: str = "A", ways: Sequence[Any] = (entry, entry, exit_), id: str | None = None
) -> Proposal:
    """A proposal with or without advice and ceiling."""
    ruling = dice.choice([None, None, Ruling.APPROVE, Ruling.SHRINK, Ruling.SHRINK, Ruling.VETO])
    advice = ruling and advised(ruling, dice.randint(0, 130), symbol)
    ceiling = dice.choice([None, None, Decimal(dice.randint(1, 400)) / 2])
    proposal: Proposal = dice.choice(ways)(symbol, dice.choice([0.4, 0.6, 0.9]), advice=advice, ceiling=ceiling, id=id)
    return proposal


def some_wishes(dice: Dice) -> list[Proposal]:
    """One for each symbol that is watched, and two for the first."""
    return [*(some_wish(dice, symbol) for symbol in WATCHED), some_wish(dice, "A", id="once-more")]


def with_more(desk: Situation, dice: Dice) -> Situation:
    """The desk with more long exposure: more of what it holds, symbols that it did not hold, more entries on their way.

    What is added takes nothing away: no stop for shares that had none; no short position, for a hedge may well make
    room in net exposure; and no shares that a working sale would merely close, where it opened a short position before.
    """
    book = desk.portfolio
    opening = {each.symbol for each in book.working_orders if each.side is Side.SELL and _opens(each, book)}
    prices = {symbol: known.ask for symbol, known in desk.quotes.items()}
    positions, orders = some_lines(dice, dice.sample(NEW, dice.randrange(3)), {})
    longer = [position(symbol, dice.randint(1, 20), prices[symbol]) for symbol in dice.sample(HELD, dice.randrange(2))]
    working = [each for symbol in dice.sample(HELD, dice.randrange(2)) for each in some_entry(dice, symbol)[:1]]
    joining = (each for each in (*positions, *longer) if each.qty > 0 and each.symbol not in opening)
    more = {"positions": (*book.positions, *joining), "working_orders": (*book.working_orders, *orders, *working)}
    fuller = desk.model_copy(update={"portfolio": book.model_copy(update=more)})
    return fuller.reserving(dice.choice(HELD), dice.dollars(1, 900)) if dice.random() < 0.3 else fuller


def _opens(sale: Order, book: Portfolio) -> bool:
    return sale.status is not OrderStatus.HELD and sale.open_qty > book.held(sale.symbol)


def _smaller(now: Any) -> Any:
    if isinstance(now, Percent):
        return percent((now.root * 2 / 3).quantize(Decimal("0.0001")))
    return now * 2 // 3 if isinstance(now, int) else now * 2 / 3


def _larger(now: Any) -> Any:
    return percent(min(Decimal(1000), now.root + 1)) if isinstance(now, Percent) else now + 1


_LEAST = {"min_cash", "min_margin_cushion", "cooldown_minutes", "duplicate_window_minutes"}
_LEAST |= {"no_entry_first_minutes", "no_entry_last_minutes"}
TIGHTER: dict[str, Callable[[Any], Any]] = {
    **{name: _larger if name in _LEAST else _smaller for name in Limits.model_fields},
    "min_confidence": lambda now: min(1.0, now + 0.2),
    "restricted": lambda now: (*now, "A"),
    "cluster_correlation": lambda now: max(Decimal(-1), now - Decimal("0.3")),
}
NEITHER = {
    "stop_atr_multiple": "a stop further away lowers the size, but may be the first that makes sense",
    "sectors": "a table of names: which sector is fuller depends on the book",
    "price_collar": "a wider one counts a share dearer, but lets an ask further from the last trade pass",
}
for _name in NEITHER:
    del TIGHTER[_name]
"""How each limit is narrowed, but for those that are neither narrow nor wide."""
