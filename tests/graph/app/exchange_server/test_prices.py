"""Market data through alpaca-py, unchanged: nothing of it is later than the exchange's clock."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.models import BarSet
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame

from support.exchange_server import ServedExchange

LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


def closes(client: StockHistoricalDataClient, *symbols: str, **asked: Any) -> dict[str, list[float]]:
    request = {"timeframe": TimeFrame.Day, "start": LONG_AGO, **asked}
    found = client.get_stock_bars(StockBarsRequest(symbol_or_symbols=list(symbols), **request))
    assert isinstance(found, BarSet)
    return {symbol: [bar.close for bar in bars] for symbol, bars in found.data.items()}


def test_when_bars_are_read_then_none_is_later_than_the_clock(
    prices: StockHistoricalDataClient, served: ServedExchange
) -> None:
    assert closes(prices, "AAPL", "GOOG", end=LATER) == {"AAPL": [100]}
    served.advance()
    served.advance()
    assert closes(prices, "AAPL", "GOOG", end=LATER) == {"AAPL": [100, 104, 98], "GOOG": [50]}


def test_when_bars_are_narrowed_then_start_end_limit_and_order_are_kept(
    prices: StockHistoricalDataClient, served: ServedExchange
) -> None:
    for _ in range(4):
        served.advance()
    assert closes(prices, "IBM", start=datetime(2024, 1, 3, tzinfo=UTC)) == {"IBM": [12, 13, 14]}
    assert closes(prices, "IBM", end=datetime(2024, 1, 3, tzinfo=UTC)) == {"IBM": [10, 11]}
    assert closes(prices, "AAPL", "IBM", limit=6) == {"AAPL": [100, 104, 98, 93, 95], "IBM": [10]}
    assert closes(prices, "IBM", sort="desc", adjustment=Adjustment.ALL, feed=DataFeed.IEX) == {
        "IBM": [14, 13, 12, 11, 10]
    }
    assert closes(prices, "IBM", start=None) == {"IBM": [14]}, "the day that the clock stands at, as Alpaca does"


def test_when_bars_are_read_page_by_page_then_nothing_is_lost_between_pages(
    prices: StockHistoricalDataClient, served: ServedExchange
) -> None:
    for _ in range(4):
        served.advance()
    asked: dict[str, Any] = {"symbols": "AAPL,GOOG,IBM", "timeframe": "1Day", "start": "2020-01-01", "limit": 2}
    rows: list[tuple[str, float]] = []
    while True:
        page = prices.get("/stocks/bars", asked)
        assert isinstance(page, dict)
        rows += [(symbol, bar["c"]) for symbol, bars in page["bars"].items() for bar in bars]
        asked["page_token"] = page["next_page_token"]
        if not asked["page_token"]:
            break
    whole = closes(prices, "AAPL", "GOOG", "IBM")
    assert rows == [(symbol, close) for symbol, history in whole.items() for close in history]
    assert len(rows) == 13
    page = prices.get("/stocks/bars", {**asked, "limit": 13})
    assert isinstance(page, dict)
    assert page["next_page_token"] is None, "a page that holds the last row leads to no empty one"


def test_when_the_latest_is_read_then_it_is_the_last_close_and_stamped_with_its_end(
    prices: StockHistoricalDataClient, served: ServedExchange
) -> None:
    served.advance()
    both = ["AAPL", "GOOG"]
    quotes = prices.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=both))
    trades = prices.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=both))
    bars = prices.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=both))
    assert set(quotes) == set(trades) == set(bars) == {"AAPL"}, "GOOG is not listed yet"
    assert (quotes["AAPL"].bid_price, quotes["AAPL"].ask_price, trades["AAPL"].price) == (104, 104, 104)
    assert quotes["AAPL"].timestamp == trades["AAPL"].timestamp == served.exchange.now()
    assert (bars["AAPL"].high, bars["AAPL"].low) == (105, 99)


def test_when_a_snapshot_is_read_then_it_has_the_last_two_days(
    prices: StockHistoricalDataClient, served: ServedExchange
) -> None:
    served.advance()
    snapshot = prices.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert (snapshot.daily_bar.close, snapshot.previous_daily_bar.close) == (104, 100)
    assert snapshot.latest_trade.price == 104


def test_when_one_symbol_is_read_by_its_own_address_then_the_answer_is_the_same(
    prices: StockHistoricalDataClient,
) -> None:
    bars = prices.get("/stocks/AAPL/bars", {"timeframe": "1Day", "start": "2020-01-01"})
    assert isinstance(bars, dict)
    assert [bar["c"] for bar in bars["bars"]] == [100]
    assert bars["bars"][0]["t"] == "2024-01-01T05:00:00Z"
    quote = prices.get("/stocks/AAPL/quotes/latest")
    assert isinstance(quote, dict)
    assert quote["quote"]["bp"] == 100


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/stocks/GOOG/quotes/latest", {}, 404),
        ("/stocks/bars", {"symbols": "AAPL", "timeframe": "1Min"}, 422),
        ("/stocks/bars", {"symbols": "AAPL", "page_token": "§"}, 422),
        ("/stocks/bars", {}, 422),
    ],
)
def test_when_prices_cannot_be_had_then_the_answer_says_so(
    prices: StockHistoricalDataClient, path: str, asked: dict[str, str], status: int
) -> None:
    with pytest.raises(APIError) as refusal:
        prices.get(path, asked)
    assert refusal.value.status_code == status
