"""What came of an entry: measured from bars by hand, and never known before its time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.memory.aftermath import Credit, Horizon, Outcome
from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.outcomes import (
    Begun,
    at_fill,
    at_next_open,
    direction,
    measure,
    measure_closed,
    opens,
    told,
    with_outcomes,
)
from perun.memory.recall import Memory
from perun.tools.domain.market import Bar

Make = Callable[..., MemoryEntry]
MONDAY = date(2013, 3, 4)


def bar(place: int, opened: str, high: str, low: str, close: str) -> Bar:
    """The bar of a session, `place` days after a Monday."""
    session = MONDAY + timedelta(days=place)
    return Bar(
        symbol="AAPL",
        session=session,
        ended=datetime.combine(session, time(21), UTC),
        open=Decimal(opened),
        high=Decimal(high),
        low=Decimal(low),
        close=Decimal(close),
        volume=1000,
    )


HISTORY = [
    bar(0, "100", "104", "98", "102"),
    bar(1, "102", "103", "95", "96"),
    bar(2, "97", "110", "96", "108"),
    bar(3, "108", "112", "107", "110"),
    bar(4, "110", "111", "104", "105"),
]
FLAT = [bar(place, "50", "51", "49", "50") for place in range(5)]
SUNDAY = datetime(2013, 3, 3, 21, tzinfo=UTC)


def begun(as_of: datetime = SUNDAY) -> Begun:
    """At the next open, which there must be."""
    found = at_next_open(as_of, HISTORY)
    assert found
    return found


def test_when_a_signal_is_labelled_then_it_counts_from_the_next_open_to_the_session_s_close() -> None:
    first = measure(Horizon.ONE, begun(), HISTORY, [], 1)
    fifth = measure(Horizon.FIVE, begun(), HISTORY, [], 1)
    assert first
    assert fifth
    assert (first.change, first.sessions, first.known_at) == (Decimal("0.0200"), 1, HISTORY[0].ended)
    assert (fifth.change, fifth.sessions, fifth.known_at) == (Decimal("0.0500"), 5, HISTORY[4].ended)


def test_when_a_signal_is_formed_during_a_session_then_that_session_does_not_count() -> None:
    assert begun(opens(HISTORY[0]) - timedelta(minutes=1)) == Begun(HISTORY[0].session, Decimal(100))
    assert begun(opens(HISTORY[0])) == begun(HISTORY[0].ended) == Begun(HISTORY[1].session, Decimal(102))


def test_when_the_session_lies_ahead_then_there_is_no_outcome() -> None:
    assert at_next_open(HISTORY[-1].ended, HISTORY) is None
    assert measure(Horizon.FIVE, begun(), HISTORY[:4], [], 1) is None
    assert measure(Horizon.TWENTY, begun(), HISTORY, [], 1) is None


def test_when_there_is_a_benchmark_then_the_excess_is_over_its_mean_change() -> None:
    fifth = measure(Horizon.FIVE, begun(), HISTORY, [HISTORY, FLAT], 1)
    assert fifth
    assert fifth.excess == Decimal("0.0250")


def test_when_a_symbol_of_the_benchmark_lacks_a_session_then_it_is_left_out() -> None:
    fifth = measure(Horizon.FIVE, begun(), HISTORY, [HISTORY, FLAT[:3], FLAT[1:]], 1)
    assert fifth
    assert fifth.excess == 0


def test_when_there_is_no_benchmark_then_the_excess_is_unknown() -> None:
    fifth = measure(Horizon.FIVE, begun(), HISTORY, [], 1)
    assert fifth
    assert fifth.excess is None


@pytest.mark.parametrize(("side", "worst"), [(1, "-0.0500"), (0, "-0.0500"), (-1, "-0.1200")])
def test_when_the_price_goes_against_the_wish_then_the_worst_of_it_is_kept(side: int, worst: str) -> None:
    fifth = measure(Horizon.FIVE, begun(), HISTORY, [], side)
    assert fifth
    assert fifth.worst == Decimal(worst)


def test_when_a_fill_comes_at_the_open_then_the_whole_session_counts() -> None:
    assert at_fill(opens(HISTORY[1]), Decimal("102.05"), HISTORY) == Begun(HISTORY[1].session, Decimal("102.05"))


def test_when_a_fill_comes_within_a_session_then_of_that_session_only_fill_and_close_count() -> None:
    late = at_fill(HISTORY[1].ended - timedelta(minutes=15), Decimal("96.50"), HISTORY)
    assert late == Begun(HISTORY[1].session, Decimal("96.50"), midway=True)
    first = measure(Horizon.ONE, late, HISTORY, [], 1)
    assert first
    assert first.worst == first.change == Decimal("-0.0052")


def test_when_a_split_came_since_the_fill_then_it_counts_at_the_session_s_open() -> None:
    assert at_fill(opens(HISTORY[1]), Decimal(204), HISTORY) == Begun(HISTORY[1].session, Decimal(102))


def test_when_a_trade_ends_then_what_came_after_the_sale_does_not_count() -> None:
    sale = HISTORY[1].ended - timedelta(hours=3)
    closed = measure_closed(begun(), sale, Decimal(101), HISTORY, [])
    assert closed
    assert (closed.horizon, closed.change, closed.known_at) == (Horizon.CLOSED, Decimal("0.0100"), HISTORY[1].ended)
    assert closed.worst == Decimal("-0.0200"), "the low of 95 may have come after the sale"


def test_when_the_session_of_the_sale_lasts_then_its_outcome_is_not_known() -> None:
    assert measure_closed(begun(), HISTORY[1].ended, Decimal(101), HISTORY[:1], []) is None


@pytest.mark.parametrize(
    ("data", "side"),
    [
        ({"action": "BUY"}, 1), ({"action": "SELL"}, -1), ({"action": "HOLD"}, 0),
        ({"side": "buy"}, 1), ({"side": "sell"}, -1),
        ({"stance": "bullish"}, 1), ({"stance": "bearish"}, -1), ({"stance": "neutral"}, 0), ({}, 0),
    ],
)  # fmt: skip
def test_when_an_entry_takes_a_side_then_its_direction_says_which(entry: Make, data: dict[str, str], side: int) -> None:
    assert direction(entry().model_copy(update={"data": data})) == side


def outcome(horizon: Horizon, known_at: datetime, excess: str | None = "0.01") -> Outcome:
    """An outcome of which the numbers do not matter."""
    return Outcome(
        horizon=horizon,
        known_at=known_at,
        sessions=5,
        change=Decimal("0.0320"),
        excess=None if excess is None else Decimal(excess),
        worst=Decimal("-0.0080"),
    )


def test_when_an_outcome_is_known_then_it_is_never_replaced(entry: Make) -> None:
    first = outcome(Horizon.FIVE, entry().as_of)
    labelled = with_outcomes(entry(), [first])
    again = with_outcomes(labelled, [outcome(Horizon.FIVE, entry().as_of, "0.5"), outcome(Horizon.ONE, entry().as_of)])
    assert [each.horizon for each in again.outcomes] == [Horizon.ONE, Horizon.FIVE]
    assert again.outcome(Horizon.FIVE) == first


def test_when_an_entry_is_shown_then_what_came_of_it_stands_behind_its_text(entry: Make) -> None:
    labelled = with_outcomes(entry(), [outcome(Horizon.FIVE, entry(day=7).as_of)])
    assert told(entry()) == "AAPL rose on strong sales"
    assert told(labelled) == (
        "AAPL rose on strong sales Afterwards: +3.20% in 5 sessions, 1.00 points better than the benchmark, "
        "at worst -0.80%."
    )
    assert told(labelled.as_known(entry(day=6).as_of)) == "AAPL rose on strong sales"


def test_when_a_file_was_written_before_there_were_outcomes_then_it_is_read_all_the_same(
    memdir: Memdir, entry: Make
) -> None:
    path = memdir.write(entry())
    old = path.read_text().replace('"schema_version": 2', '"schema_version": 1')
    for name in ('"outcomes": []', '"credits": []', '"quarantine": null'):
        assert name in old
        old = old.replace(f",\n  {name}", "")
    path.write_text(old)
    assert memdir.read(entry().id) == entry()


prices = st.decimals(min_value=1, max_value=500, places=2)


@st.composite
def histories(draw: st.DrawFn) -> list[Bar]:
    """Up to thirty sessions of any prices that a bar may have."""
    days = draw(st.lists(st.tuples(prices, prices, prices, prices), min_size=1, max_size=30))
    return [bar(place, str(day[0]), str(max(day)), str(min(day)), str(day[1])) for place, day in enumerate(days)]


@given(whole=histories(), past=st.integers(0, 30), hours=st.integers(-48, 600), side=st.sampled_from([-1, 0, 1]))
def test_when_the_future_is_appended_then_no_outcome_that_was_known_changes(
    whole: list[Bar], past: int, hours: int, side: int
) -> None:
    as_of, known = SUNDAY + timedelta(hours=hours), whole[:past]
    for horizon in (Horizon.ONE, Horizon.FIVE, Horizon.TWENTY):
        start = at_next_open(as_of, known)
        then = measure(horizon, start, known, [known], side) if start else None
        later = at_next_open(as_of, whole)
        now = measure(horizon, later, whole, [whole], side) if later else None
        assert then is None or (then == now and as_of < then.known_at <= known[-1].ended and then.worst <= 0)
        assert now is None or then is not None or now.known_at > (known[-1].ended if known else as_of)


@pytest.fixture(scope="module")
def futures(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, entry: Make) -> Memory:
    """Forty days of entries, each with outcomes and credits that become known one, five and twenty days later."""
    root = tmp_path_factory.mktemp("futures")
    memory = Memory(Memdir(root / "memdir"), ChromaIndex(root / "chroma", embedder))
    memory.remember([aged(entry(day=day, kind=kind)) for day in range(40) for kind in (Kind.SIGNAL, Kind.LESSON)])
    return memory


def aged(entry: MemoryEntry) -> MemoryEntry:
    """The entry as it will be a month later."""
    known = {horizon: entry.as_of + timedelta(days=int(horizon)) for horizon in list(Horizon)[:3]}
    outcomes = tuple(outcome(horizon, at) for horizon, at in known.items())
    earned = tuple(
        Credit(decision=f"signal-{entry.as_of.day:012x}", horizon=horizon, known_at=at, value=Decimal("-0.5"))
        for horizon, at in known.items()
    )
    return entry.model_copy(update={"outcomes": outcomes, "credits": earned})


@given(hours=st.integers(0, 24 * 70), k_near=st.integers(0, 5), k_recent=st.integers(0, 5))
def test_when_looking_back_from_any_time_then_no_outcome_from_after_it_is_shown_or_counted(
    futures: Memory, entry: Make, hours: int, k_near: int, k_recent: int
) -> None:
    as_of = entry().as_of + timedelta(hours=hours)
    hits = futures.recall("strong sales", "AAPL", as_of, k_near, k_recent).hits
    for hit in hits:
        assert all(each.known_at <= as_of for each in (*hit.entry.outcomes, *hit.entry.credits))
        assert hit.entry.outcomes == tuple(each for each in aged(hit.entry).outcomes if each.known_at <= as_of), (
            "what is known by then is shown"
        )
        is_credited = as_of >= hit.entry.as_of + timedelta(days=1)
        assert hit.parts is None or (hit.parts.usefulness < 0) is is_credited
