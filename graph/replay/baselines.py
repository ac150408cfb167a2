"""What anybody could have done with the same days, cash and costs: the runs that a policy is held against.

Each decides on a close and fills at the next open, as the desk does; shares are whole, and nothing is borrowed.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from functools import cached_property
from typing import Final

from perun.graph.replay.accounts import curve, trades
from perun.graph.replay.artifacts import RunTold
from perun.tools.brokerage.embedded.costs import commission, fill_price
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.market import Bar, Session
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Side

Bars = Callable[[str, date], Bar | None]
Weights = Mapping[str, Decimal]
"""Fractions of equity by symbol; what is left out is sold."""
Choice = Callable[[int], Weights | None]
"""From a session's number to what should be held from the next open on; None leaves all as it is."""

MONTH: Final = 21
"""Sessions between rebalancings."""
LOOK_BACK: Final = 126
"""Sessions over which momentum is measured; fewer where there are fewer."""
_SPARE: Final = Decimal("0.98")
"""Of equity that is invested at most: the open may be dearer than the close."""


@dataclass(frozen=True)
class Ground:
    """The days on which runs are compared, and what a fill costs there."""

    days: Sequence[Session]
    history: Sequence[Session]
    """Every session of the market up to the last day, for what looks back."""
    symbols: Sequence[str]
    bar: Bars
    cash: Decimal
    costs: ExchangeSettings

    @cached_property
    def _closes(self) -> dict[tuple[str, date], Decimal]:
        known: dict[tuple[str, date], Decimal] = {}
        for symbol in self.symbols:
            last: Decimal | None = None
            for session in self.history:
                bar = self.bar(symbol, session.day)
                last = bar.close if bar else last
                if last is not None:
                    known[symbol, session.day] = last
        return known

    def close(self, symbol: str, day: date) -> Decimal | None:
        """The last close that was known on that session's evening; None when the symbol was not yet there."""
        return self._closes.get((symbol, day))


def buy_and_hold(ground: Ground) -> RunTold:
    """Equal parts of every symbol, bought once."""
    equal = _equal(ground.symbols)
    return _run("buy and hold", 0, ground, lambda number: equal if number == 0 else None)


def equal_weight(ground: Ground) -> RunTold:
    """Equal parts of every symbol, evened out each month."""
    equal = _equal(ground.symbols)
    return _run("equal weight", 0, ground, lambda number: None if number % MONTH else equal)


def momentum(ground: Ground) -> RunTold:
    """The better half of the symbols by what they gained in half a year, if they gained at all, chosen each month."""

    def choice(number: int) -> Weights | None:
        if number % MONTH:
            return None
        gains = {symbol: gain for symbol in ground.symbols if (gain := _gain(ground, symbol, number)) is not None}
        best = sorted(gains, key=lambda symbol: (-gains[symbol], symbol))[: max(1, len(ground.symbols) // 2)]
        return {symbol: Decimal(1) / max(1, len(best)) for symbol in best if gains[symbol] > 0}

    return _run("momentum", 0, ground, choice)


def chance(ground: Ground, seed: int, changes: int, share: Decimal) -> RunTold:
    """Shares bought and sold at random as often as the policy did.

    Args:
        ground: the days.
        seed: of the draws.
        changes: purchases and sales of the policy together.
        share: the policy's mean position, as a fraction of equity.
    """
    draw = random.Random(seed)
    odds = changes / max(1, (len(ground.days) - 1) * len(ground.symbols))
    held: set[str] = set()

    def choice(_number: int) -> Weights | None:
        turned = {symbol for symbol in ground.symbols if draw.random() < odds}
        held.symmetric_difference_update(turned)
        return {symbol: share for symbol in sorted(held)} if turned else None

    return _run("random", seed, ground, choice)


def _run(name: str, seed: int, ground: Ground, choice: Choice) -> RunTold:
    fills = list(_fills(ground, choice))
    evenings = {session.closes: session.day for session in ground.days}

    def close(symbol: str, at: datetime) -> Decimal:
        return ground.close(symbol, evenings[at]) or ZERO

    return RunTold(name, seed, list(curve(ground.cash, fills, ground.days, close)), list(trades(fills)))


def _fills(ground: Ground, choice: Choice) -> Iterator[Fill]:
    cash, shares, number = ground.cash, dict.fromkeys(ground.symbols, ZERO), 0
    for place, (session, following) in enumerate(zip(ground.days, ground.days[1:], strict=False)):
        if (weights := choice(place)) is None:
            continue
        equity = cash + sum(qty * (ground.close(symbol, session.day) or ZERO) for symbol, qty in shares.items())
        for symbol, change in _changes(ground, weights, equity, shares, session.day):
            bar = ground.bar(symbol, following.day)
            if bar is None:
                continue
            number += 1
            fill = _fill(ground, number, symbol, change, bar, following)
            if fill.side is Side.BUY and cash + fill.cash_flow < 0:
                continue  # nothing is borrowed
            cash += fill.cash_flow
            shares[symbol] += change
            yield fill


def _changes(
    ground: Ground, weights: Weights, equity: Decimal, shares: Mapping[str, Decimal], day: date
) -> list[tuple[str, Decimal]]:
    """Sales first: they pay for the purchases."""
    wanted = {}
    for symbol in ground.symbols:
        price = ground.close(symbol, day)
        if price:
            goal = equity * _SPARE * weights.get(symbol, ZERO) / price
            wanted[symbol] = goal.to_integral_value(ROUND_DOWN) - shares[symbol]
    return sorted(((symbol, change) for symbol, change in wanted.items() if change), key=lambda each: each[1] > 0)


def _fill(ground: Ground, number: int, symbol: str, change: Decimal, bar: Bar, session: Session) -> Fill:
    side, qty = (Side.BUY if change > 0 else Side.SELL), abs(change)
    price = fill_price(side, bar.open, ground.costs.slippage_bps)
    return Fill(
        fill_id=str(number),
        client_order_id=str(number),
        symbol=symbol,
        side=side,
        qty=qty,
        price=price,
        commission=commission(qty, price, ground.costs),
        at=session.opens,
    )


def _gain(ground: Ground, symbol: str, number: int) -> Decimal | None:
    """What the symbol gained up to that session; None when it was not yet there."""
    end = ground.history.index(ground.days[number])
    now = ground.close(symbol, ground.days[number].day)
    past = (ground.close(symbol, session.day) for session in ground.history[max(0, end - LOOK_BACK) : end])
    before = next((price for price in past if price), None)
    return now / before - 1 if now and before else None


def _equal(symbols: Sequence[str]) -> Weights:
    return {symbol: Decimal(1) / len(symbols) for symbol in symbols}
