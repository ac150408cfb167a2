"""Desks killed at every point, several times in a row, while their minds change: the large matrix of kills."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from perun.tools.domain.orders import Side
from support.killing import CLOCK, EXIT_POINTS, KILLED, POINTS, RESTORING_POINTS, Cut, MortalDesk, Wish

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
HITS = 3
"""Kills at the point itself, each in a slot of its own; more follow while the desk recovers."""
MOST_SLOTS = 4
LONGEST_CYCLE = 600
"""Milliseconds, about."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("point", [*POINTS, CLOCK])
@pytest.mark.parametrize("venue", ["embedded", "alpaca"])
def test_when_processes_are_killed_at_a_point_then_each_slot_ends_with_one_order_a_leg_and_both_books_agreed(
    open_desk: Callable[..., MortalDesk], venue: str, point: str
) -> None:
    random = Random(f"{venue}, {point}")
    partial = 100 if point in RESTORING_POINTS else random.choice([0, 40, 80])
    desk = open_desk(venue, partial, account=f"{random.randrange(2**32):08x}")
    if point in EXIT_POINTS:
        assert desk.run("first", dict.fromkeys(SYMBOLS, Wish("BUY"))) == 0
    hits = 0
    for number in range(MOST_SLOTS):
        if hits < HITS:
            hits += live_through(desk, f"slot{number}", cut_at(point, random, early=number == 0), random)
    assert hits > 0, desk.story


def live_through(desk: MortalDesk, slot: str, first: Cut, random: Random) -> bool:
    """The slot, from its first process to its last, with everything compared; True when the first was killed."""
    placed = len(desk.books.asked_for())
    ended = desk.run(slot, mood(desk, random), first)
    hit = ended == KILLED
    while ended == KILLED:
        if random.random() < 0.3:
            desk.forget_checkpoints()
        again = cut_at(random.choice([*POINTS, CLOCK, CLOCK]), random) if random.random() < 0.6 else None
        ended = desk.run(slot, mood(desk, random), again)
    faults = desk.settle()
    assert not faults, "\n".join(faults)
    bought = Counter(order.symbol for order in desk.books.asked_for()[placed:] if order.side is Side.BUY)
    assert max(bought.values(), default=0) <= 1, f"{slot} bought twice: {bought}, {desk.story}"
    unnamed = desk.books.unnamed(slot)
    assert not unnamed, f"{slot} does not name {unnamed}: {desk.story}"
    return hit


def cut_at(point: str, random: Random, *, early: bool = False) -> Cut:
    """A process that dies at the point: the first time that it comes there, or a later one."""
    if point == CLOCK:
        return Cut(CLOCK, random.randint(1, LONGEST_CYCLE))
    return Cut(point, 1 if early else random.choice([1, 1, 2]))


def mood(desk: MortalDesk, random: Random) -> dict[str, Wish]:
    """What a mind wants this time: mostly to sell what is held and to buy what is not."""
    held = desk.books.holdings()
    return {symbol: _wish("SELL" if symbol in held else "BUY", random) for symbol in SYMBOLS}


def _wish(likely: str, random: Random) -> Wish:
    action = random.choice([likely, likely, likely, "BUY", "SELL", "HOLD"])
    return Wish(action, random.randint(60, 99), random.randint(10, 60))
