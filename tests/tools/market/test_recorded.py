"""Recorded days are seen as they could be known at one instant, and never past it."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.tools.domain.errors import UnknownSymbol
from perun.tools.market.recorded import RecordedMarket, RecordedView
from support.market import FIRST_DAY, made_market, weekdays

CLOSES = {"AAPL": [100, 101, 102, 103, (103, 105, 102, 104), 105, 106], "GOOG": [None, None, 500, 510, None, 520, 530]}
DAYS = weekdays(FIRST_DAY, 7)
FRIDAY, SATURDAY, MONDAY = DAYS[4], DAYS[4] + timedelta(days=1), DAYS[5]
INSTANTS = st.datetimes(datetime(2023, 12, 25), datetime(2024, 1, 20), timezones=st.timezones())  # noqa: DTZ001 # made aware


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> RecordedMarket:
    return made_market(tmp_path_factory.mktemp("market"), CLOSES)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> RecordedMarket:
    future = {"AAPL": [1, 9999], "GOOG": [9999, 1]}
    return made_market(
        tmp_path_factory.mktemp("longer"), {symbol: [*rows, *future[symbol]] for symbol, rows in CLOSES.items()}
    )


def seen(view: RecordedView, symbol: str, count: int) -> object:
    try:
        return view.bars(symbol, count), view.quote(symbol)
    except UnknownSymbol as error:
        return str(error)


@given(as_of=INSTANTS, symbol=st.sampled_from(sorted(CLOSES)), count=st.integers(1, 20))
def test_whenever_a_view_is_taken_then_no_bar_and_no_quote_is_later(market, as_of, symbol, count) -> None:
    view = market.at(as_of)
    if as_of < market.first_session(symbol).closes:
        with pytest.raises(UnknownSymbol, match="not yet at"):
            view.bars(symbol, count)
        return
    bars = view.bars(symbol, count)
    assert [bar for bar in bars if bar.ended > as_of] == []
    assert len(bars) <= count
    assert view.quote(symbol).at == bars[-1].ended <= as_of


@given(
    as_of=INSTANTS.filter(lambda instant: instant < datetime(2024, 1, 10, 21, tzinfo=UTC)),
    symbol=st.sampled_from(sorted(CLOSES)),
    count=st.integers(1, 20),
)
def test_when_a_future_is_appended_then_every_view_stays_as_it_was(market, longer, as_of, symbol, count) -> None:
    assert seen(longer.at(as_of), symbol, count) == seen(market.at(as_of), symbol, count)


def test_when_a_view_is_inspected_then_its_public_face_is_its_instant_its_bars_and_its_quotes(market) -> None:
    view = market.at(datetime(2024, 1, 5, tzinfo=UTC))
    assert [name for name in dir(view) if not name.startswith("_")] == ["as_of", "bars", "quote"]
    assert not hasattr(view, "__dict__")
    with pytest.raises(AttributeError):
        view.as_of = datetime(2024, 1, 9, tzinfo=UTC)


def test_when_the_closing_instant_strikes_then_the_days_bar_is_known_and_not_a_moment_sooner(market) -> None:
    closes = market.session(FRIDAY).closes
    assert market.at(closes).quote("AAPL").last == 104
    assert market.at(closes - timedelta(microseconds=1)).quote("AAPL").last == 103


def test_when_bars_are_asked_for_then_the_last_ones_come_oldest_first(market) -> None:
    bars = market.at(market.session(FRIDAY).closes).bars("AAPL", 2)
    assert [(bar.session, bar.close) for bar in bars] == [(DAYS[3], 103), (FRIDAY, 104)]


def test_when_fewer_bars_exist_then_fewer_are_given(market) -> None:
    assert len(market.at(market.session(DAYS[1]).closes).bars("AAPL", 50)) == 2


def test_when_no_bars_are_asked_for_then_none_are_given(market) -> None:
    assert len(market.at(market.session(FRIDAY).closes).bars("AAPL", 0)) == 0


def test_when_a_quote_is_asked_for_then_bid_ask_and_last_are_the_last_close_at_its_instant(market) -> None:
    quote = market.at(datetime(2024, 1, 6, 12, tzinfo=UTC)).quote("AAPL")
    assert (quote.bid, quote.ask, quote.last) == (Decimal(104),) * 3
    assert quote.at == market.session(FRIDAY).closes


def test_when_a_symbol_did_not_trade_then_its_quote_is_the_older_one(market) -> None:
    assert market.at(market.session(FRIDAY).closes).quote("GOOG").at == market.session(DAYS[3]).closes


def test_when_as_of_has_another_time_zone_then_the_instant_counts(market) -> None:
    tokyo = timezone(timedelta(hours=9))
    closes = market.session(FRIDAY).closes.astimezone(tokyo)
    assert market.at(closes).quote("AAPL").last == 104


def test_when_as_of_is_naive_then_there_is_no_view(market) -> None:
    with pytest.raises(ValueError, match="aware"):
        market.at(datetime(2024, 1, 5))  # noqa: DTZ001 # naive on purpose


@pytest.mark.parametrize("ask", ["bars", "quote", "bar", "first_session"])
def test_when_a_symbol_is_not_held_then_the_error_names_those_that_are(market, ask) -> None:
    view = market.at(datetime(2024, 1, 5, tzinfo=UTC))
    questions = {
        "bars": lambda: view.bars("ZZZ", 1),
        "quote": lambda: view.quote("ZZZ"),
        "bar": lambda: market.bar("ZZZ", FRIDAY),
        "first_session": lambda: market.first_session("ZZZ"),
    }
    with pytest.raises(UnknownSymbol, match=r"^the recorded market has no ZZZ; it holds AAPL, GOOG$"):
        questions[ask]()


def test_when_a_symbol_is_not_listed_yet_then_the_error_says_from_when(market) -> None:
    with pytest.raises(UnknownSymbol, match="knows GOOG from 2024-01-03 21:00 UTC, not yet at 2024-01-03 15:00 UTC"):
        market.at(datetime(2024, 1, 3, 15, tzinfo=UTC)).quote("GOOG")


def test_when_a_day_lies_outside_the_recording_then_the_error_names_first_and_last(market) -> None:
    with pytest.raises(UnknownSymbol, match="no session on 2031-01-01; it holds 2024-01-01 to 2024-01-09"):
        market.session(date(2031, 1, 1))


def test_when_the_exchange_was_closed_then_the_error_says_so(market) -> None:
    with pytest.raises(UnknownSymbol, match=f"no session on {SATURDAY}; the exchange was closed"):
        market.session(SATURDAY)


def test_when_the_next_session_is_sought_then_weekends_are_passed_over_and_the_end_is_none(market) -> None:
    assert market.next_session(FRIDAY) == market.next_session(SATURDAY) == market.session(MONDAY)
    assert market.next_session(date(1999, 1, 1)) == market.sessions()[0]
    assert market.next_session(market.last_session().day) is None


def test_when_the_exchange_asks_for_one_bar_then_it_gets_that_days_or_none(market) -> None:
    bar = market.bar("GOOG", DAYS[3])
    assert bar is not None
    assert (bar.session, bar.close, bar.ended) == (DAYS[3], 510, market.session(DAYS[3]).closes)
    assert market.bar("GOOG", DAYS[0]) is None
    assert market.bar("GOOG", FRIDAY) is None
    assert market.bar("GOOG", date(2031, 1, 1)) is None


def test_when_symbols_and_first_sessions_are_listed_then_they_are_those_of_the_rows(market) -> None:
    assert list(market.symbols()) == ["AAPL", "GOOG"]
    assert market.first_session("GOOG").day == DAYS[2]
    assert [session.day for session in market.sessions()] == DAYS
