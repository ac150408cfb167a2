"""One look at broker and market: what is known is told, what is not is left out, and nothing comes from later."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.observing import ATR_SESSIONS, observe, situation
from perun.tools.domain.errors import BrokerUnavailable, MarketUnavailable
from perun.tools.domain.market import Bar, MarketClock, Quote
from perun.tools.domain.standing import ACTIVE
from perun.tools.market.recorded import RecordedMarket
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import clear
from support.exchange import FREE, buy, cleared, exchange_at, pass_session
from support.gate import breaches_of, entry, limits, terms_of
from support.market import made_market

MOVING = [(100, 101, 99, 100)] * 20
ROWS = {
    "AAPL": MOVING,
    "IBM": MOVING,
    "STILL": [50] * 20,
    "YOUNG": [None] * 5 + [10] * 15,
    "LATER": [None] * 19 + [10],
}
LOOKS = 14
"""The session at whose close the exchange stands: the fifteenth of twenty."""


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    return made_market(tmp_path / "market", ROWS)


@pytest.fixture
def exchange(tmp_path: Path, market: RecordedMarket) -> Iterator[Exchange]:
    with exchange_at(tmp_path, market, start=market.sessions()[LOOKS].day, **FREE) as opened:
        yield opened


@pytest.fixture
def book(exchange: Exchange) -> EmbeddedBook:
    return EmbeddedBook(exchange)


def test_when_a_symbol_is_known_then_its_quote_and_range_are_those_of_the_brokers_clock(
    book: EmbeddedBook, market: RecordedMarket
) -> None:
    seen = observe(book, market, ["AAPL"], ACTIVE)
    assert seen.clock == book.clock()
    assert seen.quotes["AAPL"].at == seen.clock.now == market.sessions()[LOOKS].closes
    assert seen.atr == {"AAPL": 2}
    assert seen.portfolio == book.portfolio()
    assert (seen.reserved, seen.leaving) == ((), {})
    terms_of(clear(entry(), seen, limits()))


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("NOSUCH", Code.MISSING_QUOTE),
        ("LATER", Code.MISSING_QUOTE),
        ("STILL", Code.MISSING_VOLATILITY),
        ("YOUNG", Code.MISSING_VOLATILITY),
    ],
    ids=["not in the market", "not listed yet", "never moved", "too short a history"],
)
def test_when_a_price_or_range_cannot_be_had_then_it_is_left_out_and_the_gate_denies(
    book: EmbeddedBook, market: RecordedMarket, symbol: str, code: Code
) -> None:
    seen = observe(book, market, ["AAPL", symbol], ACTIVE)
    assert symbol not in seen.atr
    assert (symbol in seen.quotes) == (code is Code.MISSING_VOLATILITY)
    assert code in breaches_of(clear(entry(symbol), seen, limits()))
    terms_of(clear(entry("AAPL"), seen, limits()))


def test_when_orders_work_in_other_symbols_then_those_are_priced_too(
    exchange: Exchange, book: EmbeddedBook, market: RecordedMarket
) -> None:
    exchange.submit(cleared(buy(5, "IBM", stop_loss="90")))
    seen = observe(book, market, ["AAPL"], ACTIVE)
    assert sorted(seen.quotes) == ["AAPL", "IBM"]


def test_when_nothing_is_asked_and_nothing_works_then_no_price_is_read(
    book: EmbeddedBook, market: RecordedMarket
) -> None:
    seen = observe(book, market, [], ACTIVE)
    assert (seen.quotes, seen.atr) == ({}, {})


def test_when_a_session_passes_then_the_next_look_is_of_that_session(
    exchange: Exchange, book: EmbeddedBook, market: RecordedMarket
) -> None:
    before = observe(book, market, ["AAPL"], ACTIVE)
    pass_session(exchange)
    after = observe(book, market, ["AAPL"], ACTIVE)
    assert after.quotes["AAPL"].at == after.clock.now > before.clock.now


def test_when_the_future_is_another_then_the_look_is_the_same(
    tmp_path: Path, book: EmbeddedBook, market: RecordedMarket
) -> None:
    crash = {symbol: [*rows[: LOOKS + 1], *([1] * 5)] for symbol, rows in ROWS.items() if symbol != "LATER"}
    other = made_market(tmp_path / "other", crash)
    assert observe(book, other, ["AAPL", "IBM"], ACTIVE) == observe(book, market, ["AAPL", "IBM"], ACTIVE)


class SilentView:
    """A market that answers nothing for now."""

    def __init__(self, clock: MarketClock) -> None:
        self.as_of = clock.now

    def bars(self, symbol: str, count: int) -> Sequence[Bar]:
        raise MarketUnavailable("no bars")

    def quote(self, symbol: str) -> Quote:
        raise MarketUnavailable("no quotes")


def test_when_the_market_does_not_answer_then_prices_are_left_out_and_entries_denied(book: EmbeddedBook) -> None:
    seen = situation(book.portfolio(), book.clock(), SilentView(book.clock()), ["AAPL"], ACTIVE)
    assert (seen.quotes, seen.atr) == ({}, {})
    assert breaches_of(clear(entry(), seen, limits())) == {Code.MISSING_QUOTE, Code.MISSING_VOLATILITY}


class SilentBook(EmbeddedBook):
    """A broker that does not tell the time."""

    def clock(self) -> MarketClock:
        raise BrokerUnavailable("no answer")


def test_when_the_broker_does_not_answer_then_there_is_no_situation(exchange: Exchange, market: RecordedMarket) -> None:
    with pytest.raises(BrokerUnavailable):
        observe(SilentBook(exchange), market, ["AAPL"], ACTIVE)


def test_when_the_range_is_averaged_then_it_is_over_the_last_fourteen_sessions(tmp_path: Path) -> None:
    wild, calm = (100, 200, 50, 100), (100, 101, 99, 100)
    market = made_market(tmp_path / "wild", {"AAPL": [wild, wild, *([calm] * ATR_SESSIONS), calm]})
    with exchange_at(tmp_path, market, start=market.sessions()[ATR_SESSIONS + 1].day, **FREE) as exchange:
        assert observe(EmbeddedBook(exchange), market, ["AAPL"], ACTIVE).atr == {"AAPL": Decimal(2)}
