"""Facts as text: how prices, positions and memories are written into a prompt."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from perun.agents.facts import Remembered
from perun.tools.domain.market import Bar
from perun.tools.domain.money import cents, plain
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.research import Finding
from perun.tools.market.indicators import Indicators

NOTHING = "none"


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


def number(value: Decimal | None) -> str:
    """The number, or the word *unknown*: what is missing never becomes a default."""
    return "unknown" if value is None else plain(value)


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


def bracketed(evidence: str) -> str:
    """The id in square brackets, as it stands in prompts, whether or not the model wrote them."""
    return f"[{evidence.strip().strip('[]')}]"


def shown(ids: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Those ids that stand in one of the texts; an id that nobody was shown is no evidence."""
    said = "\n".join(texts)
    return [id_ for id_ in map(bracketed, ids) if id_ in said]


def memories(remembered: Iterable[Remembered]) -> str:
    """What the desk remembers, each with its evidence id and date."""
    return lines(f"{memory.evidence} {day(memory.as_of)} {memory.kind}: {memory.text}" for memory in remembered)


def findings(found: Iterable[Finding]) -> str:
    """What the researcher found, in its bounded form; never the documents themselves."""
    return lines(
        f"{finding.source} {day(finding.published)} {finding.direction}: {finding.summary}" for finding in found
    )
