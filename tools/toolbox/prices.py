"""READ tools on prices: bars, indicators and the quote of the cycle's symbols, as they could be known at *as of*."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from perun.tools.domain.market import Bar
from perun.tools.domain.money import plain
from perun.tools.domain.ports import MarketView
from perun.tools.market.indicators import indicators
from perun.tools.market.snapshot import HISTORY
from perun.tools.toolbox import wording
from perun.tools.toolbox.tool import Asked, Told, Tool, ToolRefused, of_the_cycle, reading

MOST_BARS = 60
"""Sessions that one call may ask for, or look back."""

Ticker = Annotated[str, Field(max_length=10)]


class AskBars(Asked):
    """Daily bars of one share, oldest first: open, high, low, close in US dollars, and volume in shares."""

    symbol: Ticker
    count: Annotated[int, Field(ge=1, le=MOST_BARS)] = 20
    """Sessions."""


class AskIndicators(Asked):
    """Averages, range, RSI, returns and volatility of one share, as they stood some sessions ago."""

    symbol: Ticker
    sessions_ago: Annotated[int, Field(ge=0, le=MOST_BARS)] = 0


class AskQuote(Asked):
    """Bid, ask and last price of one share, in US dollars."""

    symbol: Ticker


def price_tools(view: MarketView, symbols: Sequence[str]) -> tuple[Tool, ...]:
    """`bars`, `indicators` and `quote`. The view is fixed in time: there is no way to ask for anything later."""

    def bars(asked: AskBars) -> Told:
        rows = view.bars(of_the_cycle(asked.symbol, symbols), asked.count)
        head = f"{asked.symbol}: date open high low close volume; cite a bar as [bars:{asked.symbol}:DATE]"
        return Told(text="\n".join((head, *map(_row, rows))), evidence=tuple(bar.evidence for bar in rows))

    def readings(asked: AskIndicators) -> Told:
        rows = view.bars(of_the_cycle(asked.symbol, symbols), HISTORY + asked.sessions_ago)
        if len(rows) <= asked.sessions_ago:
            raise ToolRefused(f"{asked.symbol} has only {len(rows)} sessions of history")
        then = rows[: len(rows) - asked.sessions_ago]
        # The latest go by the day on which they are read, as in the prompt: the day's own bar may not have ended.
        at = str(then[-1].session) if asked.sessions_ago else wording.day(view.as_of)
        evidence = f"[indicators:{asked.symbol}:{at}]"
        return Told(text=f"{evidence}\n{wording.indicators(indicators(then[-HISTORY:]))}", evidence=(evidence,))

    def quote(asked: AskQuote) -> Told:
        return Told(text=f"{asked.symbol}: {wording.quote(view.quote(of_the_cycle(asked.symbol, symbols)))}")

    return (
        reading("bars", AskBars, bars),
        reading("indicators", AskIndicators, readings),
        reading("quote", AskQuote, quote),
    )


def _row(bar: Bar) -> str:
    return f"{bar.session} {plain(bar.open)} {plain(bar.high)} {plain(bar.low)} {plain(bar.close)} {bar.volume}"
