"""Facts as text: how prices, positions and findings are written for a model."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from perun.tools.domain.market import Bar, Quote
from perun.tools.domain.money import cents, plain
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.research import Finding
from perun.tools.market.indicators import Indicators
from perun.tools.market.snapshot import SymbolSnapshot

NOTHING = "none"
_MARKS = ("sma_20", "sma_50", "sma_200", "high_250", "low_250")
"""Indicators that are prices, from which a close stands at a distance."""


def lines(items: Iterable[str]) -> str:
    """A Markdown list with one line an item, or the word *none*: no text from outside can look like two items."""
    return "\n".join(f"- {' '.join(item.split())}" for item in items) or NOTHING


def instant(moment: datetime) -> str:
    """Date and minute in UTC, whatever zone the moment was told in."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(moment: datetime) -> str:
    """The date in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def bars(rows: Iterable[Bar]) -> str:
    """One line a bar, each with its evidence id."""
    return lines(
        f"{bar.evidence} open {plain(bar.open)}, high {plain(bar.high)}, low {plain(bar.low)}, "
        f"close {plain(bar.close)}, volume {bar.volume}"
        for bar in rows
    )


def indicators(values: Indicators) -> str:
    """Every indicator by name; one that needs more history than there is reads *unknown*."""
    return lines(f"{name}: {number(value)}" for name, value in values)


def distances(seen: SymbolSnapshot) -> str:
    """How far the last close stands from averages and extremes, in per cent: what nobody then needs to compute."""
    if not seen.bars:
        return "unknown"
    close, marks = seen.bars[-1].close, {name: getattr(seen.indicators, name) for name in _MARKS}
    known = {name: 100 * (close / value - 1) for name, value in marks.items() if value}
    return ", ".join(f"{name} {gap:+.1f}%" for name, gap in known.items()) or "unknown"


def number(value: Decimal | None) -> str:
    """The number, or the word *unknown*: what is missing never becomes a default."""
    return "unknown" if value is None else plain(value)


def quote(latest: Quote | None) -> str:
    """Bid, ask and last price, and when they stood so."""
    if latest is None:
        return "unknown"
    prices = f"bid {plain(latest.bid)}, ask {plain(latest.ask)}, last {plain(latest.last)}"
    return f"{prices} at {instant(latest.at)}"


def position(held: Position | None) -> str:
    """What we hold of one symbol."""
    if held is None:
        return "we hold none"
    return (
        f"{plain(held.qty)} shares bought at {plain(held.avg_entry_price)}, now {plain(held.current_price)}, "
        f"unrealised {plain(cents(held.unrealized_pl))} US dollars"
    )


def portfolio(book: Portfolio) -> str:
    """Account, positions and working orders."""
    account = book.account
    return "\n".join(
        [
            f"equity {plain(cents(account.equity))}, cash {plain(cents(account.cash))}, "
            f"buying power {plain(cents(account.buying_power))} US dollars",
            "positions:",
            lines(f"{held.symbol}: {position(held)}, {_share(held, account)} of equity" for held in book.positions),
            "working orders:",
            lines(
                f"{order.side} {plain(order.open_qty)} {order.symbol} {order.type}"
                + (f" at {plain(price)}" if (price := order.stop_price or order.limit_price) else "")
                for order in book.working_orders
            ),
        ]
    )


def _share(held: Position, account: Account) -> str:
    """A position's part of equity, in per cent."""
    if account.equity <= 0:
        return "an unknown part"
    return f"{plain((100 * held.market_value / account.equity).quantize(Decimal('0.1')))}%"


def findings(found: Iterable[Finding]) -> str:
    """What the researcher found, in its bounded form; never the documents themselves."""
    return lines(
        f"{finding.source} {day(finding.published)} {finding.direction}: {finding.summary}" for finding in found
    )
