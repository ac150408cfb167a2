"""Statistics of daily returns, against worked examples, the standard library's floats, and what may not happen."""

import statistics as floats
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perun.tools.risk.statistics import (
    FEWEST,
    ONE_IN_A_HUNDRED,
    Joining,
    Moves,
    Returns,
    Tail,
    correlation,
    covariance,
    parametric,
    tail,
)

MANY = settings(max_examples=300, deadline=None, database=None)
MILLIONTHS = st.integers(0, 2**48).map(lambda seed: some_millionths(Random(seed)))
UP_AND_DOWN = (Decimal("0.01"), Decimal("-0.01")) * 30


def some_millionths(dice: Random) -> list[int]:
    """Forty returns; one draw makes them all, for forty draws take milliseconds."""
    widest = dice.choice([0, 1, 1000, 300_000])
    return [dice.randint(-widest, widest) for _ in range(40)]


def moves(millionths: list[int]) -> Moves:
    return Moves(tuple(millionths))


def history(millionths: list[int]) -> tuple[Decimal, ...]:
    return tuple(Decimal(each).scaleb(-6) for each in millionths)


def test_when_returns_are_given_then_covariance_is_the_sum_of_products_of_deviations() -> None:
    one, other = moves([1, 2, 3]), moves([6, 5, 1])
    assert one.deviations == (-3, 0, 3)
    assert other.deviations == (6, 3, -9)
    assert covariance(one, other) == -45
    assert one.variance == 18
    assert one.losses == (0, 0, 0)
    assert moves([-4, 0, 7]).losses == (4, 0, 0)


@MANY
@given(one=MILLIONTHS, other=MILLIONTHS)
def test_when_two_histories_move_then_correlation_is_what_floats_make_of_it(one: list[int], other: list[int]) -> None:
    assume(len(set(one)) > 1 and len(set(other)) > 1)
    assert float(correlation(moves(one), moves(other))) == pytest.approx(floats.correlation(one, other), abs=1e-9)


def test_when_a_symbol_never_moved_then_its_correlation_is_no_number() -> None:
    with pytest.raises(ArithmeticError):
        correlation(moves([5, 5, 5]), moves([1, 2, 3]))


@MANY
@given(one=MILLIONTHS, other=MILLIONTHS, least=st.decimals(-1, 1, places=2))
def test_when_symbols_are_compared_with_a_threshold_then_it_is_decided_without_rounding(
    one: list[int], other: list[int], least: Decimal
) -> None:
    assume(len(set(one)) > 1 and len(set(other)) > 1)
    product, bar = covariance(moves(one), moves(other)), Fraction(least)
    squares = moves(one).variance * moves(other).variance
    reaches = product * abs(product) >= bar * abs(bar) * squares
    known = Returns({"A": history(one), "B": history(other)})
    assert known.together("A", "B", least) == known.together("B", "A", least) == reaches


def test_when_a_history_is_missing_short_unaligned_or_still_then_the_symbol_moves_with_everything() -> None:
    opposite = tuple(-each for each in UP_AND_DOWN)
    known = Returns({"A": UP_AND_DOWN, "B": opposite, "SHORT": opposite[1:], "STILL": (Decimal("0.01"),) * 60})
    assert not known.together("A", "B", Decimal(0))
    for other in ("SHORT", "STILL", "NOBODY", "A"):
        assert known.together("A", other, Decimal(1))
        assert known.together(other, "A", Decimal(1))
    assert known.together("NOBODY", "NOBODY", Decimal(1))


def test_when_a_symbol_never_moved_then_it_has_no_history() -> None:
    assert Returns({"A": (Decimal("0.01"),) * 60}).moves("A") is None


def test_when_pairs_are_asked_for_again_then_each_is_answered_for_itself_and_at_its_own_threshold() -> None:
    opposite, slow = tuple(-each for each in UP_AND_DOWN), (*UP_AND_DOWN[:40], *[Decimal(0)] * 20)
    histories = {"A": UP_AND_DOWN, "B": opposite, "C": slow, "D": UP_AND_DOWN}
    kept = Returns(histories)
    for least in map(Decimal, ("0", "0.5", "0.9", "-1")):
        for one in histories:
            for other in histories:
                assert kept.together(one, other, least) == Returns(histories).together(one, other, least)


@pytest.mark.parametrize(("sessions", "known"), [(FEWEST - 1, False), (FEWEST, True), (61, True)])
def test_when_a_history_has_forty_sessions_then_it_is_a_history(sessions: int, known: bool) -> None:
    returns = tuple((Decimal("0.01"), Decimal("-0.02"))[n % 2] for n in range(sessions))
    assert (Returns({"A": returns}).moves("A") is not None) == known


def test_when_no_history_is_known_then_there_are_no_sessions() -> None:
    assert Returns({}).sessions == 0
    assert Returns({}).moves("A") is None


def test_when_returns_are_finer_than_a_millionth_then_they_are_rounded() -> None:
    known = Returns({"A": (Decimal("0.0000014"), Decimal("-0.0000016")) * 20})
    found = known.moves("A")
    assert found is not None
    assert found.returns == (1, -2) * 20
    assert known.moves("A") is found


@pytest.mark.parametrize(
    ("losses", "measure"),
    [
        ((1_000_000, 0), 2_326_348),
        ((1_000_000, 1_000_000), 3_289_953),  # √2 as much, 3289952.9…, rounded up
        ((1_000_000, *[0] * 7), 1_163_174),
        ((1, *[0] * 59), 1),
        ((0, 0), 0),
        ((), 0),
    ],
)
def test_when_losses_are_given_then_the_parametric_measure_follows_from_their_squares(
    losses: tuple[int, ...], measure: int
) -> None:
    assert parametric(sum(loss * loss for loss in losses), len(losses)) == measure


@MANY
@given(squares=st.integers(0, 10**34), sessions=st.integers(1, 60))
def test_when_the_parametric_measure_is_rounded_then_up_to_the_next_whole_number(squares: int, sessions: int) -> None:
    measured, true = parametric(squares, sessions), Fraction(ONE_IN_A_HUNDRED) ** 2 * 2 * squares / sessions
    assert true <= measured**2
    assert measured == 0 or (measured - 1) ** 2 < true


BOOKS = st.lists(st.tuples(st.sampled_from("ABCN"), st.decimals(0, 100_000, places=2)), max_size=6)


def risk(book: Tail, moves_: Moves | None, more: Decimal = Decimal(0)) -> Decimal:
    """Value at risk once so much more of a symbol has joined."""
    return Joining(book, moves_).value_at_risk(more)


@MANY
@given(known=st.tuples(MILLIONTHS, MILLIONTHS, MILLIONTHS), book=BOOKS, more=st.decimals(0, 10_000, places=2))
def test_when_anything_is_added_to_a_book_then_its_risk_does_not_fall(
    known: tuple[list[int], ...], book: list[tuple[str, Decimal]], more: Decimal
) -> None:
    returns = Returns(dict(zip("ABC", map(history, known), strict=True)))
    before = tail(book, returns)
    for symbol in "ABCN":
        moved = returns.moves(symbol)
        assert risk(before, moved, more) >= risk(before, moved) == risk(before, None)
        assert risk(before, moved, more) == risk(before.joined(more, moved), None)


@MANY
@given(
    known=st.tuples(MILLIONTHS, MILLIONTHS, MILLIONTHS),
    book=BOOKS,
    allowed=st.decimals(0, 60_000, places=2),
    symbol=st.sampled_from("ABCN"),
)
def test_when_room_is_told_then_it_fits_and_a_hundredth_of_a_cent_more_does_not(
    known: tuple[list[int], ...], book: list[tuple[str, Decimal]], allowed: Decimal, symbol: str
) -> None:
    returns = Returns(dict(zip("ABC", map(history, known), strict=True)))
    before, moved = tail(book, returns), returns.moves(symbol)
    room = Joining(before, moved).room(allowed)
    if room < 0:
        assert risk(before, None) > allowed
    elif room < 10**12:
        assert risk(before, moved, room) <= allowed
        assert risk(before, moved, room + Decimal("0.0001")) > allowed


def test_when_a_symbol_never_fell_then_any_amount_of_it_has_room() -> None:
    rising = Returns({"A": (Decimal("0.01"), Decimal("0.02")) * 30}).moves("A")
    assert Joining(Tail(), rising).room(Decimal(0)) == 10**15
    full = tail([("B", Decimal(1000))], Returns({"B": UP_AND_DOWN}))
    assert Joining(full, rising).room(Decimal(1)) < 0
    assert Joining(full, rising).room(Decimal(500)) == 10**15


def test_when_a_book_has_no_history_then_a_tenth_of_it_is_at_risk() -> None:
    unknown = Tail().joined(Decimal(1000), None)
    assert risk(unknown, None) == 100
    assert risk(unknown, None, Decimal(50)) == 105
    assert Joining(unknown, None).room(Decimal(150)) == 500
    assert Joining(unknown, None).room(Decimal(50)) == -500


def test_when_one_day_was_the_worst_by_far_then_it_is_what_one_day_in_a_hundred_loses() -> None:
    crash = Returns({"A": (*(Decimal("0.001"), Decimal("0.002")) * 30, Decimal("-0.05"))}).moves("A")
    assert risk(Tail(), crash, Decimal(1000)) == 50


def test_when_two_symbols_fall_on_different_days_then_the_rise_of_one_does_not_help_the_other() -> None:
    opposite = tuple(-each for each in UP_AND_DOWN)
    whole = tail([("A", Decimal(1000)), ("B", Decimal(1000))], Returns({"A": UP_AND_DOWN, "B": opposite}))
    assert whole.losses == (10 * 10**10,) * 60
    alone = tail([("A", Decimal(1000))], Returns({"A": UP_AND_DOWN}))
    assert risk(alone, None) == ONE_IN_A_HUNDRED * 10


def test_when_dollars_are_counted_then_a_part_of_a_hundredth_of_a_cent_counts_as_one() -> None:
    assert Tail().joined(Decimal("0.00001"), None).blind == 1
    assert Tail().joined(Decimal("0.0001"), None).blind == 1
