"""Which broker and market stand behind the ports: the embedded exchange, Alpaca on paper, or Alpaca live."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from perun.graph.app.settings import Settings
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.pace import RecordedPace
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, MarketUnavailable
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.domain.ports import AccountSwitch, BookReader, Market, OrderWriter, Pace
from perun.tools.market.recorded import RecordedMarket

if TYPE_CHECKING:
    from perun.tools.brokerage.alpaca.client import AlpacaAccess

CONSENT: Final = "yes-i-accept-the-risk"


@dataclass(frozen=True)
class Venue:
    """Where the desk trades."""

    mode: str
    """`embedded`, `alpaca-paper` or `alpaca-live`."""
    market: Market
    book: BookReader
    writer: OrderWriter
    pace: Pace
    account: str
    default_slot: Callable[[datetime], str]
    check: Callable[[], None] = lambda: None
    """Raises MarketUnavailable when no cycle can be run any more."""
    brake: AccountSwitch | None = None
    """The broker's own; None where the desk and the exchange are one process."""


@contextmanager
def open_venue(
    settings: Settings, folder: Path, market: RecordedMarket | None = None, *, durable: bool = True
) -> Iterator[Venue]:
    """The venue that settings choose; what it opens is closed at the end of the block.

    Books of an embedded exchange that are not `durable` outlive this process, but not a loss of power.

    Raises:
        ConfigurationError: keys or consent are missing, or the exchange's books cannot be used.
        BrokerUnavailable: the broker does not answer.
        KeyRefused: the broker does not accept the keys.
    """
    opened = _alpaca(settings) if settings.broker == "alpaca" else _embedded(settings, folder, market, durable)
    with opened as venue:
        yield venue


def open_exchange(settings: Settings, market: RecordedMarket, folder: Path, *, durable: bool = True) -> Exchange:
    """The embedded exchange whose books lie in DATA_DIR."""
    return Exchange.open(folder / "var" / "exchange.db", market, exchange_costs(settings), durable=durable)


def exchange_costs(settings: Settings) -> ExchangeSettings:
    """Where an account at the embedded exchange begins, and what a fill costs there."""
    return ExchangeSettings(
        cash=settings.embedded_cash,
        start=settings.embedded_start,
        commission_per_share=settings.embedded_commission_per_share,
        commission_minimum=settings.embedded_commission_minimum,
        slippage_bps=settings.embedded_slippage_bps,
    )


@contextmanager
def _embedded(settings: Settings, folder: Path, market: RecordedMarket | None, durable: bool) -> Iterator[Venue]:
    days = market or RecordedMarket.shipped()
    with open_exchange(settings, days, folder, durable=durable) as exchange:
        book = EmbeddedBook(exchange)

        def check() -> None:
            if not book.clock().is_open:
                last = days.last_session().day
                raise MarketUnavailable(f"the recording ends on {last}: start a fresh account with another DATA_DIR")

        yield Venue(
            mode="embedded",
            market=days,
            book=book,
            writer=EmbeddedWriter(exchange),
            pace=RecordedPace(exchange),
            account=book.account().account_id,
            default_slot=_session_of,
            check=check,
        )


def alpaca_access(settings: Settings) -> "AlpacaAccess":
    """How the account at Alpaca is reached.

    Raises:
        ConfigurationError: keys or consent are missing.
    """
    from perun.tools.brokerage.alpaca.client import AlpacaAccess

    key, secret = _keys_with_consent(settings)
    return AlpacaAccess(
        key=key,
        secret=secret,
        paper=settings.alpaca_paper,
        trading_url=settings.alpaca_trading_url,
        data_url=settings.alpaca_data_url,
        stream_url=settings.alpaca_stream_url,
        answer_within=timedelta(seconds=settings.broker_timeout_seconds),
    )


@contextmanager
def _alpaca(settings: Settings) -> Iterator[Venue]:
    from perun.tools.brokerage.alpaca.book import AlpacaBook
    from perun.tools.brokerage.alpaca.line import data_line, trading_line
    from perun.tools.brokerage.alpaca.pace import AlpacaPace
    from perun.tools.brokerage.alpaca.switch import AlpacaAccountSwitch
    from perun.tools.brokerage.alpaca.updates import TradeUpdates
    from perun.tools.brokerage.alpaca.writer import AlpacaWriter
    from perun.tools.market.alpaca import AlpacaMarket

    access = alpaca_access(settings)
    trading = trading_line(access)
    # Another server than Alpaca's own may live in recorded days: its time is nothing to hold this machine's against.
    book = AlpacaBook(trading, wall=None if settings.alpaca_trading_url else SystemClock())
    account = book.account().account_id
    with ExitStack() as stack:
        updates = stack.enter_context(TradeUpdates(access))
        patience = timedelta(seconds=settings.order_wait_seconds)
        yield Venue(
            mode="alpaca-paper" if settings.alpaca_paper else "alpaca-live",
            market=AlpacaMarket(data_line(access), trading_line(access, MarketUnavailable)),
            book=book,
            writer=AlpacaWriter(trading, book),
            pace=AlpacaPace(book, MarketTime(book), updates.wait, patience),
            account=account,
            default_slot=_minute_of,
            brake=AlpacaAccountSwitch(trading),
        )


class MarketTime:
    """The market's own time: a recording lives in its own day."""

    def __init__(self, book: BookReader | None = None) -> None:
        self._book = book

    def follow(self, book: BookReader) -> None:
        """Take the time from that broker."""
        self._book = book

    def now(self) -> datetime:
        """The broker's instant."""
        if self._book is None:
            raise RuntimeError("no broker tells the time yet")
        return self._book.clock().now


def _keys_with_consent(settings: Settings) -> tuple[SecretStr, SecretStr]:
    key, secret, lines = settings.alpaca_api_key, settings.alpaca_secret_key, []
    if not (key and secret):
        lines.append("BROKER=alpaca needs ALPACA_API_KEY and ALPACA_SECRET_KEY")
    if not settings.alpaca_paper and settings.live_trading != CONSENT:
        lines.append(f"ALPACA_PAPER=false trades real money: it needs LIVE_TRADING={CONSENT} as well")
    if lines or not (key and secret):
        raise ConfigurationError("\n".join(lines))
    return key, secret


def _session_of(instant: datetime) -> str:
    """On the recorded market a session has one cycle unless another slot is named: its day in New York."""
    return instant.astimezone(EXCHANGE_TIME).date().isoformat()


def _minute_of(instant: datetime) -> str:
    """On a live market a minute has one cycle unless another slot is named."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%MZ")
