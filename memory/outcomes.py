"""What came of an entry: how its share moved afterwards, against the benchmark and against what was wished.

- From when: the open of the first session that opens after *as of*; for a trade, its fill.
- To when: the close of the first, fifth and twentieth session from there; for a trade that ended, its last sale.
- Benchmark: the index fund SPY where the market has it, else the mean of the symbols that the cycle watched, the
  entry's own among them, from the same open to the same close. A cycle that watched one symbol alone has none.
- Worst: the farthest that a low (for a sale or a bearish view, a high) went against the wish; never above 0. A HOLD
  and a neutral view are measured as for shares that are held: the desk is long only.
- All of it is known from the close of the last session that counts, and not before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from perun.memory.aftermath import Horizon, Outcome
from perun.memory.entries import Kind, MemoryEntry
from perun.tools.domain.market import EXCHANGE_TIME, Bar
from perun.tools.domain.money import ZERO
from perun.tools.market.indicators import FOUR_PLACES

INDEX: Final = "SPY"
"""The benchmark, where the market has it."""
LABELLED: Final = frozenset({Kind.TRADE, Kind.SIGNAL, Kind.ANALYSIS})
"""Kinds whose entries get outcomes."""
SESSIONS: Final = {Horizon.ONE: 1, Horizon.FIVE: 5, Horizon.TWENTY: 20}
_COSTS: Final = Decimal("0.02")
_OPENS: Final = time(9, 30)
"""New York opens at half past nine on half-days too."""
_DIRECTIONS: Final = {"BUY": 1, "buy": 1, "bullish": 1, "SELL": -1, "sell": -1, "bearish": -1}


@dataclass(frozen=True)
class Begun:
    """Where an outcome is measured from."""

    session: date
    """The first session that counts."""
    price: Decimal
    """US dollars a share."""
    midway: bool = False
    """True when that session had begun: of its range nothing but the price then and the close counts."""


def opens(bar: Bar) -> datetime:
    """When the bar's session began."""
    return datetime.combine(bar.session, _OPENS, EXCHANGE_TIME)


def direction(entry: MemoryEntry) -> int:
    """1 when the entry wished the share to rise, -1 when to fall, 0 when it took no side."""
    said = (entry.data.get(name) for name in ("action", "side", "stance"))
    return next((_DIRECTIONS[each] for each in said if isinstance(each, str) and each in _DIRECTIONS), 0)


def at_next_open(as_of: datetime, history: Sequence[Bar]) -> Begun | None:
    """From the first open after `as_of`; None while there has been none."""
    place = bisect_right(history, as_of, key=opens)
    return Begun(history[place].session, history[place].open) if place < len(history) else None


def at_fill(at: datetime, price: Decimal, history: Sequence[Bar]) -> Begun | None:
    """From a fill; None while its session lasts.

    Bars are adjusted for splits and dividends, fills are not: one that lies outside its session's range by more than
    what an order may cost counts at the session's open.
    """
    place = bisect_left(history, at, key=lambda bar: bar.ended)
    if place == len(history):
        return None
    bar = history[place]
    if not bar.low * (1 - _COSTS) <= price <= bar.high * (1 + _COSTS):
        return Begun(bar.session, bar.open)
    return Begun(bar.session, price, midway=at > opens(bar))


def measure(
    horizon: Horizon, begun: Begun, history: Sequence[Bar], benchmark: Iterable[Sequence[Bar]], side: int
) -> Outcome | None:
    """The outcome at that horizon; None while it lies in the future.

    Args:
        horizon: One of SESSIONS.
        begun: From where.
        history: The share's bars, oldest first, as far as they are known.
        benchmark: Histories whose mean is compared with.
        side: The entry's direction.
    """
    bars = _from(begun, history)[: SESSIONS[horizon]]
    if len(bars) < SESSIONS[horizon]:
        return None
    return _outcome(horizon, begun, bars, bars[-1].close, benchmark, side)


def measure_closed(
    begun: Begun, ended: datetime, price: Decimal, history: Sequence[Bar], benchmark: Iterable[Sequence[Bar]]
) -> Outcome | None:
    """The outcome of a purchase whose shares were sold again; None until the close of that session.

    Args:
        begun: The purchase.
        ended: When the last share was sold.
        price: What they were sold at, US dollars a share.
        history: As for `measure`.
        benchmark: As for `measure`.
    """
    bars = _from(begun, history)
    last = next((place for place, bar in enumerate(bars) if bar.ended >= ended), None)
    if last is None:
        return None
    # The low of the last session may have come after the sale: what was sold at stands for it.
    until = [*bars[:last], bars[last].model_copy(update={"low": price})]
    return _outcome(Horizon.CLOSED, begun, until, price, benchmark, 1)


def _from(begun: Begun, history: Sequence[Bar]) -> list[Bar]:
    """The sessions that count, oldest first."""
    bars = list(history[bisect_left(history, begun.session, key=lambda bar: bar.session) :])
    if begun.midway and bars:
        low, high = sorted((begun.price, bars[0].close))
        bars[0] = bars[0].model_copy(update={"low": low, "high": high})
    return bars


def _outcome(
    horizon: Horizon,
    begun: Begun,
    bars: Sequence[Bar],
    price: Decimal,
    benchmark: Iterable[Sequence[Bar]],
    side: int,
) -> Outcome:
    change = price / begun.price - 1
    usual = _mean_change(bars[0], bars[-1], benchmark)
    far = max(bar.high for bar in bars) if side < 0 else min(bar.low for bar in bars)
    against = (begun.price - far if side < 0 else far - begun.price) / begun.price
    return Outcome(
        horizon=horizon,
        known_at=bars[-1].ended,
        sessions=len(bars),
        change=_short(change),
        excess=None if usual is None else _short(change - usual),
        worst=_short(min(against, ZERO)),
    )


def _mean_change(first: Bar, last: Bar, histories: Iterable[Sequence[Bar]]) -> Decimal | None:
    """From the open of the first session to the close of the last, over the histories that have both."""
    changes = []
    for history in histories:
        opening, closing = _of_session(history, first.session), _of_session(history, last.session)
        if opening is not None and closing is not None:
            changes.append(closing.close / opening.open - 1)
    return sum(changes, ZERO) / len(changes) if changes else None


def _of_session(history: Sequence[Bar], session: date) -> Bar | None:
    place = bisect_left(history, session, key=lambda bar: bar.session)
    return history[place] if place < len(history) and history[place].session == session else None


def _short(ratio: Decimal) -> Decimal:
    return ratio.quantize(FOUR_PLACES, ROUND_HALF_EVEN)


def with_outcomes(entry: MemoryEntry, new: Iterable[Outcome]) -> MemoryEntry:
    """The entry with these outcomes beside those it has; what it has it keeps."""
    known = {each.horizon: each for each in entry.outcomes}
    for outcome in new:
        known.setdefault(outcome.horizon, outcome)
    ordered = tuple(known[horizon] for horizon in Horizon if horizon in known)
    return entry if ordered == entry.outcomes else entry.model_copy(update={"outcomes": ordered})


def told(entry: MemoryEntry) -> str:
    """The entry's text, and what came of it as far as the entry says: how a reader is shown a memory."""
    if not entry.outcomes or entry.kind is Kind.LESSON:
        return entry.text
    last = max(entry.outcomes, key=lambda each: (each.known_at, each.horizon.rank))
    return f"{entry.text} Afterwards: {in_words(last)}."


def in_words(outcome: Outcome) -> str:
    """`+3.20% in 5 sessions, 1.10 points better than the benchmark, at worst -0.80%`."""
    when = "until it was sold" if outcome.horizon is Horizon.CLOSED else f"in {counted(outcome.sessions)}"
    said = f"{percent(outcome.change)} {when}"
    if outcome.excess is not None:
        word = "worse" if outcome.excess < 0 else "better"
        said += f", {100 * abs(outcome.excess):.2f} points {word} than the benchmark"
    return f"{said}, at worst {percent(outcome.worst)}"


def counted(sessions: int) -> str:
    """`1 session`, `5 sessions`."""
    return f"{sessions} session{'s' * (sessions != 1)}"


def percent(ratio: Decimal) -> str:
    """`+3.20%`; nothing at all is `0.00%`."""
    return f"{100 * ratio:+.2f}%" if ratio else "0.00%"
