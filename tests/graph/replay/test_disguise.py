"""Altered markets: what is permuted, mirrored or masked, and what stays as it was."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from perun.graph.replay.disguise import ERA, Histories, blind, contradicted, shuffled
from perun.tools.domain.market import Bar
from perun.tools.market.folder import check_bars, check_sessions
from perun.tools.market.recorded import RecordedMarket

MARKET = RecordedMarket.shipped()
SESSIONS = [session for session in MARKET.sessions() if date(2003, 6, 1) < session.day < date(2006, 1, 1)]
CLOSES = {session.day: session.closes for session in SESSIONS}


@pytest.fixture(scope="module")
def bars() -> Histories:
    """IBM from the first day, and GOOG, which came later."""
    view = MARKET.at(SESSIONS[-1].closes)
    return {
        symbol: [bar for bar in view.bars(symbol, len(SESSIONS)) if bar.session >= SESSIONS[0].day]
        for symbol in ("IBM", "GOOG")
    }


def changes(history: list[Bar] | Histories) -> list[float]:
    assert isinstance(history, list)
    return [round(float(after.close / before.close), 3) for before, after in pairwise(history)]


def test_when_days_are_shuffled_then_each_return_is_still_there_once_and_on_another_day(bars: Histories) -> None:
    told = shuffled(SESSIONS, bars, 7)
    assert list(told.sessions) == SESSIONS
    for symbol, history in bars.items():
        after = list(told.bars[symbol])
        check_bars(after)
        assert [(bar.session, bar.ended) for bar in after] == [(bar.session, bar.ended) for bar in history]
        assert Counter(bar.volume for bar in after) == Counter(bar.volume for bar in history)
        assert after[-1].close == pytest.approx(history[-1].close, rel=Decimal("0.001")), "the same returns multiplied"
    google = bars["GOOG"][0].session
    unmoved = [bar for bar in bars["IBM"] if bar.session <= google]
    assert list(told.bars["IBM"])[: len(unmoved)] == unmoved, "nothing is drawn from before both were there"
    assert sum(a == b for a, b in zip(told.bars["GOOG"], bars["GOOG"], strict=True)) < 10


def test_when_days_are_shuffled_then_shares_keep_their_common_days_and_a_day_keeps_its_shape(bars: Histories) -> None:
    told = shuffled(SESSIONS, bars, 7)
    days = {bar.volume: bar for bar in bars["GOOG"]}
    ibm = {bar.session: bar.volume for bar in bars["IBM"]}
    moved = {bar.session: bar.volume for bar in told.bars["IBM"]}
    for bar in told.bars["GOOG"][1:]:
        own = days[bar.volume]
        assert moved[bar.session] == ibm[own.session], "what IBM did on the day came along"
        assert float(bar.high / bar.close) == pytest.approx(float(own.high / own.close), abs=1e-4)


def test_when_the_seed_is_another_then_so_is_the_order_and_the_same_seed_draws_it_again(bars: Histories) -> None:
    assert shuffled(SESSIONS, bars, 1) == shuffled(SESSIONS, bars, 1)
    assert shuffled(SESSIONS, bars, 1).bars != shuffled(SESSIONS, bars, 2).bars


def test_when_a_market_is_contradicted_then_what_rose_falls_as_much_and_the_pivot_stays(bars: Histories) -> None:
    pivot = date(2005, 6, 1)
    told = contradicted(SESSIONS, bars, pivot)
    for symbol, history in bars.items():
        after = list(told.bars[symbol])
        check_bars(after)
        for (one, two), (was, then) in zip(pairwise(after), pairwise(history), strict=True):
            assert float(two.close / one.close) * float(then.close / was.close) == pytest.approx(1, abs=1e-4)
        assert {bar.close for bar in after if bar.session == pivot} == {
            bar.close for bar in history if bar.session == pivot
        }


def test_when_a_market_is_masked_then_names_and_days_are_others_and_prices_and_hours_are_not(bars: Histories) -> None:
    told = blind(SESSIONS, bars, 0)
    check_sessions(told.sessions)
    assert set(told.names.values()) == set(told.bars) == {"S01", "S02"}
    york = ZoneInfo("America/New_York")
    for shown, session in zip(told.sessions, SESSIONS, strict=True):
        assert shown.day - session.day == ERA == told.shift
        assert shown.day.weekday() == session.day.weekday()
        assert shown.closes.astimezone(york).time() == session.closes.astimezone(york).time()
    for symbol, history in bars.items():
        masked = told.bars[told.names[symbol]]
        assert [(bar.open, bar.close, bar.volume) for bar in masked] == [
            (bar.open, bar.close, bar.volume) for bar in history
        ]
        assert {bar.symbol for bar in masked} == {told.names[symbol]}
        assert all(bar.ended - CLOSES[bar.session - ERA] - ERA < timedelta(hours=2) for bar in masked)


def test_when_seeds_differ_then_a_share_is_not_always_behind_the_same_name(bars: Histories) -> None:
    assert len({blind(SESSIONS, bars, seed).names["IBM"] for seed in range(8)}) == 2
