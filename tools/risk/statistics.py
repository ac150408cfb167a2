"""What daily returns tell: which symbols move together, and what a book may lose on one day in a hundred.

Returns are counted in millionths and dollars in hundredths of a cent, as whole numbers: sums over sixty sessions are
exact and cheap. Value at risk is measured without offsets: the gain of one symbol is never set against the loss of
another, for a hedge that held for sixty days may not hold on the day it is needed. So what is added to a book never
lowers its risk, and no denial turns into a clearance by buying more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from operator import mul
from typing import Final

from pydantic import ConfigDict, RootModel

from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount

FEWEST: Final = 40
"""Sessions; a shorter history is no history."""
SHOCK: Final = Decimal("0.10")
"""What a dollar without history is taken to lose on one day in a hundred."""
ONE_IN_A_HUNDRED: Final = Decimal("2.326348")
"""Standard deviations below the mean that a normal loss passes on one day in a hundred, rounded up."""

_MILLION: Final = 1_000_000
_MILLIONTHS: Final = Decimal(_MILLION)
_GRAIN: Final = 10_000
"""Parts of a dollar in which books are counted."""
_UNIT: Final = _MILLION * _GRAIN
"""Parts of a dollar in which losses are counted: a grain times a millionth."""
_MOST: Final = 10**19
"""Grains; more than any account holds: what a measure answers when it sets no bound."""
_Z: Final = int(ONE_IN_A_HUNDRED * _MILLION)
_SHOCK: Final = int(SHOCK * _MILLION)
"""Units of loss for a grain without history."""


@dataclass(frozen=True)
class Moves:
    """One symbol's returns over the last sessions, in millionths."""

    returns: tuple[int, ...]

    @cached_property
    def losses(self) -> tuple[int, ...]:
        """How far it fell in each session; zero where it rose."""
        return tuple([-each if each < 0 else 0 for each in self.returns])

    @cached_property
    def squares(self) -> int:
        """The sum of the squared losses."""
        return sum(map(mul, self.losses, self.losses))

    @cached_property
    def deviations(self) -> tuple[int, ...]:
        """Each return less the mean, times the number of sessions: then it is a whole number."""
        total, count = sum(self.returns), len(self.returns)
        return tuple([count * each - total for each in self.returns])

    @cached_property
    def variance(self) -> int:
        """The sum of squared deviations."""
        return covariance(self, self)


def covariance(one: Moves, other: Moves) -> int:
    """The sum of the products of two symbols' deviations, over the same sessions."""
    return sum(map(mul, one.deviations, other.deviations))


def correlation(one: Moves, other: Moves) -> Decimal:
    """Pearson's coefficient of two symbols' returns, -1 to 1.

    Raises:
        DivisionByZero, InvalidOperation: one of them never moved.
    """
    return Decimal(covariance(one, other)) / (Decimal(one.variance) * Decimal(other.variance)).sqrt()


def _reaches(product: int, squares: int, least: Decimal) -> bool:
    """True when product / √squares >= least, worked out without a root."""
    part, whole = least.as_integer_ratio()
    return product * abs(product) * whole * whole >= part * abs(part) * squares


class Returns(RootModel[dict[Symbol, tuple[Amount, ...]]]):
    """Close-to-close returns as ratios, oldest first, of the same sessions for every symbol."""

    model_config = ConfigDict(frozen=True)

    @cached_property
    def sessions(self) -> int:
        """How many sessions there are."""
        return max(map(len, self.root.values()), default=0)

    def moves(self, symbol: str) -> Moves | None:
        """The history of a symbol; None when there is too little, when it is not aligned, or when it never moved."""
        if symbol not in self._moves:
            self._moves[symbol] = self._read(symbol)
        return self._moves[symbol]

    def together(self, one: str, other: str, least: Decimal) -> bool:
        """True when two symbols correlate at `least` or more; and when that is not known."""
        first, second = self.moves(one), self.moves(other)
        if one == other or first is None or second is None:
            return True
        pair = (one, other, least) if one < other else (other, one, least)
        if pair not in self._pairs:
            self._pairs[pair] = _reaches(covariance(first, second), first.variance * second.variance, least)
        return self._pairs[pair]

    def _read(self, symbol: str) -> Moves | None:
        known = self.root.get(symbol, ())
        if len(known) < max(FEWEST, self.sessions):
            return None
        moves = Moves(tuple([round(each * _MILLIONTHS) for each in known]))
        return moves if moves.variance else None

    @cached_property
    def _moves(self) -> dict[str, Moves | None]:
        return {}

    @cached_property
    def _pairs(self) -> dict[tuple[str, str, Decimal], bool]:
        return {}


@dataclass(frozen=True)
class Tail:
    """What a book would have lost on each of the last sessions, and what of it has no history."""

    losses: tuple[int, ...] = ()
    """In ten-billionths of a dollar."""
    squares: int = 0
    """The sum of their squares."""
    blind: int = 0
    """Value of what has no history, in hundredths of a cent."""

    def joined(self, dollars: Decimal, moves: Moves | None) -> "Tail":
        """The tail of the book with so many dollars more of a symbol."""
        grains = _grains(dollars)
        if moves is None:
            return Tail(self.losses, self.squares, self.blind + grains)
        losses = tuple([loss + grains * each for loss, each in zip(self.over(moves), moves.losses, strict=True)])
        return Tail(losses, sum(map(mul, losses, losses)), self.blind)

    def over(self, moves: Moves) -> tuple[int, ...]:
        """The losses over the sessions of a history, also when nothing with a history has joined yet."""
        return self.losses or (0,) * len(moves.losses)


class Joining:
    """A symbol that would join a book: what is then at risk, and how much of it has room."""

    def __init__(self, book: Tail, moves: Moves | None) -> None:
        self._blind = book.blind
        self._own = moves.losses if moves else ()
        self._before = book.over(moves) if moves else book.losses
        self._squares = book.squares
        self._both: int = sum(map(mul, self._before, self._own))
        self._own_squares = moves.squares if moves else 0

    def value_at_risk(self, dollars: Decimal) -> Decimal:
        """Dollars that are lost on one day in a hundred once so many have joined.

        The larger of both measures, and the shock to what has no history.
        """
        grains = _grains(dollars)
        squares = self._squares + 2 * grains * self._both + grains * grains * self._own_squares
        seen = max(self._worst(grains), parametric(squares, len(self._before)))
        return Decimal(seen + _SHOCK * (self._blind if self._own else self._blind + grains)) / _UNIT

    def room(self, allowed: Decimal) -> Decimal:
        """Dollars that may join before the value at risk passes `allowed`; below zero when none may."""
        left = int(allowed * _UNIT) - _SHOCK * self._blind
        seen = max(self._worst(0), parametric(self._squares, len(self._before)))
        if not self._own or left < seen:
            return Decimal((left - seen) // _SHOCK) / _GRAIN
        return Decimal(min(self._historical_room(left), self._parametric_room(left))) / _GRAIN

    def _worst(self, grains: int) -> int:
        """The historical measure: the worst session; of a hundred sessions or fewer, it is the one day in a hundred."""
        if not grains or not self._own:
            return max(self._before, default=0)
        return max([loss + grains * each for loss, each in zip(self._before, self._own, strict=True)])

    def _historical_room(self, left: int) -> int:
        pairs = zip(self._before, self._own, strict=True)
        return min([(left - loss) // each for loss, each in pairs if each], default=_MOST)

    def _parametric_room(self, left: int) -> int:
        """The larger root of the sum of squares that the limit allows, rounded down."""
        if not self._own_squares:
            return _MOST
        spare = _MILLION * _MILLION * left * left * len(self._own) // (2 * _Z * _Z) - self._squares
        return (_root(self._both * self._both + self._own_squares * spare) - self._both) // self._own_squares


def tail(lines: Iterable[tuple[str, Decimal]], returns: Returns) -> Tail:
    """The tail of a book of (symbol, dollars)."""
    whole = Tail()
    for symbol, dollars in lines:
        whole = whole.joined(dollars, returns.moves(symbol))
    return whole


def parametric(squares: int, sessions: int) -> int:
    """The loss that a normal day passes once in a hundred, from the sum of squared losses, rounded up.

    Half of a normal distribution lies below its mean, so twice the mean of the squared losses is its variance.
    """
    least = -(-2 * _Z * _Z * squares // (_MILLION * _MILLION * max(1, sessions)))
    return _root(least - 1) + 1 if least else 0


def _grains(dollars: Decimal) -> int:
    return int((dollars * _GRAIN).to_integral_value(ROUND_CEILING))


def _root(square: int) -> int:
    """The whole part of a square root, by Newton's method from above; `math`, which counts in floats, stays out."""
    root = 1 << (square.bit_length() + 1) // 2
    while root * root > square:
        root = (root + square // root) // 2
    return root
