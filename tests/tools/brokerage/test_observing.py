"""One look at broker and market: what is known is told, what is not is left out, and nothing comes from later."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.observing import ATR_SESSIONS, observe, situation
from perun.tools.domain.errors import BrokerUnavailable, MarketUnavailable
from perun.tools.domain.market import Asset, Bar, MarketClock, Quote
from perun.tools.domain.standing import ACTIVE
from perun.tools.market.recorded import RecordedMarket
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Proposal, clear
from support.exchange import FREE, buy, cleared, exchange_at, pass_session
from support.gate import breaches_of, limits, terms_of
from support.gate import entry as wished
from support.market import FIRST_DAY, made_market, made_session, weekdays

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


DECIDED = made_session(weekdays(FIRST_DAY, LOOKS + 1)[-1]).closes


def entry(symbol: str = "AAPL") -> Proposal:
    """A BUY, decided when the exchange stood there."""
    return wished(symbol, decided_at=DECIDED)


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
    assert (seen.previous_close, seen.volume, seen.returns.root) == ({}, {}, {})
    assert breaches_of(clear(entry(), seen, limits())) == {
        Code.MISSING_QUOTE,
        Code.MISSING_VOLATILITY,
        Code.MISSING_PREVIOUS_CLOSE,
        Code.MISSING_VOLUME,
        Code.MISSING_ASSET,
    }


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


def test_when_the_exchange_stands_at_a_close_then_the_close_before_is_the_session_before(tmp_path: Path) -> None:
    market = made_market(tmp_path / "rising", {"AAPL": [*MOVING[:LOOKS], (110, 111, 109, 110)]})
    with exchange_at(tmp_path, market, start=market.sessions()[LOOKS].day, **FREE) as exchange:
        seen = observe(EmbeddedBook(exchange), market, ["AAPL"], ACTIVE)
    assert (seen.quotes["AAPL"].last, seen.previous_close) == (110, {"AAPL": 100})


@pytest.mark.parametrize(("count", "average"), [(14, None), (15, "8"), (20, "10.5"), (25, "15.5")])
def test_when_volume_is_averaged_then_it_is_over_the_last_twenty_sessions_and_at_least_fifteen(
    tmp_path: Path, count: int, average: str | None
) -> None:
    rows = [(100, 101, 99, 100, number + 1) for number in range(count)]
    market = made_market(tmp_path / "busy", {"AAPL": rows, "IBM": [100] * count})
    with exchange_at(tmp_path, market, start=market.sessions()[count - 1].day, **FREE) as exchange:
        seen = observe(EmbeddedBook(exchange), market, ["AAPL"], ACTIVE)
    assert seen.volume == ({"AAPL": Decimal(average)} if average else {})


def test_when_returns_are_read_then_they_are_of_the_same_sixty_sessions_and_a_gap_leaves_a_symbol_out(
    tmp_path: Path,
) -> None:
    saw = [100, 125] * 40
    rows = {"AAPL": saw, "IBM": saw, "GAP": [*saw[:50], None, *saw[51:]], "OLD": [*[100] * 79, None], "HELD": saw}
    market = made_market(tmp_path / "saw", rows)
    with exchange_at(tmp_path, market, start=market.sessions()[75].day, **FREE) as exchange:
        exchange.submit(cleared(buy(5, "HELD", stop_loss="90")))
        for _ in range(4):
            pass_session(exchange)
        seen = observe(EmbeddedBook(exchange), market, ["AAPL", "IBM", "GAP", "OLD", "NOSUCH"], ACTIVE)
    assert sorted(seen.returns.root) == ["AAPL", "HELD", "IBM"]
    assert seen.returns.root["AAPL"] == (Decimal("-0.2"), Decimal("0.25")) * 29 + (Decimal("-0.2"), Decimal("0.25"))


def test_when_the_broker_lists_a_symbol_then_it_is_among_the_assets_and_a_halt_is_told(
    tmp_path: Path, market: RecordedMarket
) -> None:
    day = market.sessions()[LOOKS].day
    with exchange_at(tmp_path, market, start=day, halts={("IBM", day)}, **FREE) as exchange:
        seen = observe(EmbeddedBook(exchange), market, ["AAPL", "IBM", "LATER", "NOSUCH"], ACTIVE)
    assert {symbol: asset.halted for symbol, asset in seen.assets.items()} == {"AAPL": False, "IBM": True}
    assert breaches_of(clear(entry("IBM"), seen, limits())) == {Code.TRADING_HALT}


class ForgetfulBook(EmbeddedBook):
    """A broker whose list of assets cannot be read, and whose clock is compared with this machine's."""

    def asset(self, symbol: str) -> Asset | None:
        raise BrokerUnavailable("no answer")

    def skew_seconds(self, reading: MarketClock) -> Decimal | None:
        return Decimal("1.5")


def test_when_the_broker_does_not_tell_its_list_then_the_rest_is_known_and_entries_are_denied(
    exchange: Exchange, market: RecordedMarket
) -> None:
    seen = observe(ForgetfulBook(exchange), market, ["AAPL"], ACTIVE)
    assert breaches_of(clear(entry(), seen, limits())) == {Code.MISSING_ASSET}
    assert seen.skew_seconds == Decimal("1.5")


def test_when_sectors_are_known_then_they_are_told_of_what_is_asked_for_and_what_is_held(
    exchange: Exchange, book: EmbeddedBook, market: RecordedMarket
) -> None:
    exchange.submit(cleared(buy(5, "IBM", stop_loss="90")))
    pass_session(exchange)
    seen = observe(book, market, ["AAPL", "STILL"], ACTIVE)
    assert seen.sectors == {"AAPL": "Information Technology", "IBM": "Information Technology"}
    own = observe(book, market, ["AAPL", "STILL"], ACTIVE, {"STILL": "Utilities"}.get)
    assert own.sectors == {"STILL": "Utilities"}
    assert book.skew_seconds(book.clock()) is None
