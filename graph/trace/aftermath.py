"""What became of each decision's symbol 1, 5 and 20 sessions later, beside the cycle's symbols in equal parts."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from perun.graph.trace.document import After, Aftermath
from perun.graph.trace.reading import Trace
from perun.tools.domain.errors import PerunError
from perun.tools.domain.events import SignalFormed
from perun.tools.domain.market import Bar
from perun.tools.domain.ports import MarketView

SESSIONS: Final = (1, 5, 20)
_SPARE: Final = 10
"""Sessions that are asked for beyond those that may have gone by."""


def aftermath(trace: Trace, view: MarketView) -> tuple[Aftermath, ...]:
    """What came after each signal, in the view's time: nothing that is not known there yet."""
    actions = {event.signal.symbol: event.signal.action.value for _, event in trace.all(SignalFormed)}
    since = {symbol: _since(symbol, trace, view) for symbol in trace.cycle.symbols}
    return tuple(
        Aftermath(symbol=symbol, action=action, close=bars[0].close, after=tuple(_after(bars, since)))
        for symbol, action in actions.items()
        if (bars := since.get(symbol))
    )


def _since(symbol: str, trace: Trace, view: MarketView) -> Sequence[Bar]:
    """The bar that was known when it was decided, and those after it; empty when the market does not say."""
    days = (view.as_of - trace.cycle.as_of).days
    try:
        bars = view.bars(symbol, max(days, 0) + _SPARE)
    except PerunError:
        return ()
    known = sum(bar.ended <= trace.cycle.as_of for bar in bars)
    return bars[known - 1 :] if known else ()


def _after(bars: Sequence[Bar], all_bars: Mapping[str, Sequence[Bar]]) -> Iterator[After]:
    for sessions in SESSIONS:
        if len(bars) > sessions:
            gains = [_gain(each, sessions) for each in all_bars.values() if len(each) > sessions]
            mean = sum(gains, Decimal(0)) / len(gains)
            yield After(
                sessions=sessions,
                day=bars[sessions].session,
                gain=_hundredths(_gain(bars, sessions)),
                benchmark=_hundredths(mean),
            )


def _gain(bars: Sequence[Bar], sessions: int) -> Decimal:
    return (bars[sessions].close / bars[0].close - 1) * 100


def _hundredths(percent: Decimal) -> Decimal:
    return percent.quantize(Decimal("0.01"))
