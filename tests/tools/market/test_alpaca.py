"""Alpaca's data as a market: exact, fixed in time, and honest about what is missing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.brokerage.alpaca.line import data_line, trading_line
from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.market.alpaca import SKEW, AlpacaMarket
from support.fault_server import FaultServer, Page, access, refusal

CLOSE = datetime(2024, 1, 3, 21, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)
CALENDAR = [
    {"date": "2023-11-24", "open": "09:30", "close": "13:00"},
    *({"date": day, "open": "09:30", "close": "16:00"} for day in ("2024-01-02", "2024-01-03", "2024-01-04")),
]


def bar_row(day: str, close: str = "101.05") -> str:
    return f'{{"t": "{day}T05:00:00Z", "o": 100.1, "h": 102, "l": 99.9, "c": {close}, "v": 1200, "n": 5, "vw": 100.5}}'


BARS = [bar_row(day) for day in ("2023-11-24", "2024-01-02", "2024-01-03", "2024-01-04")]


def bars_page(*rows: str, token: str | None = None) -> str:
    said = f'"{token}"' if token else "null"
    return f'{{"bars": {{"AAPL": [{", ".join(rows)}]}}, "next_page_token": {said}}}'


def snapshot(at: str = "2024-01-03T20:59:59.5Z", **changes: Any) -> dict[str, Any]:
    sides = {"t": at, "bp": 101.01, "ap": 101.03, **changes}
    return {"AAPL": {"latestQuote": sides, "latestTrade": {"t": at, "p": 101.02}}}


@contextmanager
def market_of(pages: Mapping[str, Page]) -> Iterator[tuple[AlpacaMarket, FaultServer]]:
    known = {"/v2/calendar": CALENDAR, "/v2/assets/AAPL": {"symbol": "AAPL"}}
    with FaultServer(pages={**known, **pages}) as server:
        yield AlpacaMarket(data_line(access(server.url)), trading_line(access(server.url), MarketUnavailable)), server


def test_when_bars_are_read_then_they_are_exact_and_end_with_their_session() -> None:
    with market_of({"/v2/stocks/bars": bars_page(*BARS)}) as (market, server):
        bars = market.at(CLOSE).bars("AAPL", 10)
    assert [(bar.session, bar.ended) for bar in bars] == [
        (date(2023, 11, 24), datetime(2023, 11, 24, 18, tzinfo=UTC)),
        (date(2024, 1, 2), datetime(2024, 1, 2, 21, tzinfo=UTC)),
        (date(2024, 1, 3), CLOSE),
    ]
    assert (bars[0].open, bars[0].close, bars[0].volume) == (Decimal("100.1"), Decimal("101.05"), 1200)
    asked = server.queries[-1]
    assert (asked["timeframe"], asked["adjustment"], asked["feed"]) == ("1Day", "all", "iex")


@pytest.mark.parametrize(("as_of", "last"), [(CLOSE - A_SECOND, date(2024, 1, 2)), (CLOSE, date(2024, 1, 3))])
def test_when_the_day_has_not_ended_then_its_bar_is_not_shown(as_of: datetime, last: date) -> None:
    with market_of({"/v2/stocks/bars": bars_page(*BARS)}) as (market, _):
        assert market.at(as_of).bars("AAPL", 10)[-1].session == last


def test_when_fewer_bars_are_wanted_then_they_are_the_last_and_nothing_more_is_asked() -> None:
    with market_of({"/v2/stocks/bars": bars_page(*BARS)}) as (market, server):
        view = market.at(CLOSE)
        view.bars("AAPL", 10)
        asked = len(server.requests)
        assert [bar.session for bar in view.bars("AAPL", 1)] == [date(2024, 1, 3)]
    assert len(server.requests) == asked


def test_when_bars_come_in_pages_then_all_are_read() -> None:
    def page(query: dict[str, str]) -> str:
        return bars_page(BARS[1]) if query.get("page_token") == "more" else bars_page(BARS[0], token="more")

    with market_of({"/v2/stocks/bars": page}) as (market, _):
        assert len(market.at(CLOSE).bars("AAPL", 10)) == 2


def test_when_many_sessions_are_wanted_then_enough_days_are_asked_for() -> None:
    with market_of({"/v2/stocks/bars": bars_page(*BARS)}) as (market, server):
        market.at(CLOSE).bars("AAPL", 300)
    # 300 sessions are 14 months and a half
    assert date.fromisoformat(server.queries[-1]["start"]) < date(2022, 10, 20)


@pytest.mark.parametrize(
    "row", ['{"t": "2024-01-02T05:00:00Z"}', "7", bar_row("2024-01-06"), bar_row("2024-01-02", "0")]
)
def test_when_a_bar_is_odd_then_the_others_are_read(row: str) -> None:
    with market_of({"/v2/stocks/bars": bars_page(BARS[0], row, BARS[2])}) as (market, _):
        assert len(market.at(CLOSE).bars("AAPL", 10)) == 2


@pytest.mark.parametrize("bars", ['{"bars": {}}', '{"bars": null}', bars_page(), bars_page(BARS[3]), "[]"])
def test_when_a_known_symbol_has_no_bars_then_the_market_is_unavailable(bars: str) -> None:
    with market_of({"/v2/stocks/bars": bars}) as (market, _), pytest.raises(MarketUnavailable, match="no bars of AAPL"):
        market.at(CLOSE).bars("AAPL", 10)


@pytest.mark.parametrize("what", ["bars", "quote"])
def test_when_alpaca_does_not_know_the_symbol_then_it_is_unknown(what: str) -> None:
    with market_of({"/v2/stocks/bars": '{"bars": {}}', "/v2/stocks/snapshots": {}}) as (market, _):
        view = market.at(CLOSE)
        with pytest.raises(UnknownSymbol, match="knows no NOPE"):
            _ = view.bars("NOPE", 1) if what == "bars" else view.quote("NOPE")


def test_when_the_server_fails_then_the_market_is_unavailable() -> None:
    pages = {"/v2/calendar": refusal(500, 0, "no"), "/v2/stocks/snapshots": refusal(403, 0, "subscription")}
    with market_of(pages) as (market, _):
        with pytest.raises(MarketUnavailable, match="500"):
            market.at(CLOSE).bars("AAPL", 1)
        with pytest.raises(MarketUnavailable, match="subscription"):
            market.at(CLOSE).quote("AAPL")


def test_when_a_quote_is_read_then_it_is_exact_has_its_own_time_and_is_asked_for_once() -> None:
    with market_of({"/v2/stocks/snapshots": snapshot()}) as (market, server):
        view = market.at(CLOSE)
        quote = view.quote("AAPL")
        assert view.quote("AAPL") is quote
    assert (quote.bid, quote.ask, quote.last) == (Decimal("101.01"), Decimal("101.03"), Decimal("101.02"))
    assert quote.at == CLOSE - A_SECOND / 2
    assert len(server.requests) == 1


def test_when_a_quote_came_a_moment_after_the_clock_was_read_then_it_counts_as_of_that_instant() -> None:
    with market_of({"/v2/stocks/snapshots": snapshot("2024-01-03T21:00:05Z")}) as (market, _):
        assert market.at(CLOSE).quote("AAPL").at == CLOSE


def expect_no_quote(answer: dict[str, Any], because: str) -> None:
    pages = {"/v2/stocks/snapshots": answer}
    with market_of(pages) as (market, _), pytest.raises(MarketUnavailable, match=because):
        market.at(CLOSE).quote("AAPL")


def test_when_the_latest_quote_is_later_than_that_then_there_is_none() -> None:
    expect_no_quote(snapshot((CLOSE + SKEW + A_SECOND).isoformat()), "later than")


@pytest.mark.parametrize("changes", [{"bp": 0}, {"ap": 0}, {"ap": None}, {"t": None}, {"bp": "NaN"}], ids=str)
def test_when_a_side_is_missing_then_there_is_no_quote(changes: dict[str, Any]) -> None:
    expect_no_quote(snapshot(**changes), "no quote with both sides")


def test_when_nobody_has_traded_then_there_is_no_quote() -> None:
    expect_no_quote({"AAPL": {**snapshot()["AAPL"], "latestTrade": None}}, "no quote of AAPL")


def test_when_symbols_are_asked_for_then_they_are_those_that_trade_and_odd_rows_lose_nothing() -> None:
    assets = [
        {"symbol": "IBM", "tradable": True},
        {"symbol": "AAPL", "tradable": True, "easy_to_borrow": "gone"},
        {"symbol": "OLD", "tradable": False},
        {"symbol": "no symbol", "tradable": True},
        7,
    ]
    with market_of({"/v2/assets": assets}) as (market, server):
        assert market.symbols() == market.symbols() == ["AAPL", "IBM"]
    assert server.requests == ["GET /v2/assets"]


def test_when_the_instant_has_no_zone_then_there_is_no_view() -> None:
    with market_of({}) as (market, _), pytest.raises(ValueError, match="aware"):
        market.at(CLOSE.replace(tzinfo=None))
