"""A served exchange on five sessions, and Alpaca's own clients on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient

from perun.tools.market.recorded import RecordedMarket
from support.exchange import FREE
from support.exchange_server import ServedExchange, served_exchange
from support.market import made_market

PRICES: dict[str, list[Any]] = {
    "AAPL": [100, (102, 105, 99, 104), (103, 106, 97, 98), (92, 94, 91, 93), (95, 96, 94, 95)],
    "GOOG": [None, None, (51, 52, 49, 50), (50, 51, 48, 49), (49, 50, 48, 50)],
    "IBM": [10, 11, 12, 13, 14],
}


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    return made_market(tmp_path / "market", PRICES)


@pytest.fixture
def served(tmp_path: Path, market: RecordedMarket) -> Iterator[ServedExchange]:
    with served_exchange(tmp_path, market, **FREE) as exchange:
        yield exchange


@pytest.fixture
def client(served: ServedExchange) -> TradingClient:
    return TradingClient(served.key, served.secret, url_override=served.base_url)


@pytest.fixture
def prices(served: ServedExchange) -> StockHistoricalDataClient:
    return StockHistoricalDataClient(served.key, served.secret, url_override=served.base_url)
