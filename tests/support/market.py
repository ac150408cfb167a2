"""A small recorded market made of plain numbers, in the shipped format, for tests of anything that reads prices.

Example:
    One row a session, oldest first. A row is a close, `(open, high, low, close)`, the same with a volume,
    or None for a session in which the symbol did not trade (or was not listed yet). Prices are int, str or Decimal.

        def test_when_the_price_falls_then_…(tmp_path):
            market = made_market(tmp_path, {"AAPL": [100, "101.5", (101, 103, 99, 102), (102, 104, 101, 103, 5000)],
                                            "GOOG": [None, None, 500, 510]})
            days = [session.day for session in market.sessions()]      # Mon 2024-01-01, Tue, Wed, Thu
            view = market.at(market.session(days[1]).closes)
            assert view.quote("AAPL").last == Decimal("101.5")

    Sessions are weekdays from `first` on, 14:30 to 21:00 UTC; pass `days` for other dates.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from perun.tools.domain.market import Bar, Session
from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.recorded import RecordedMarket

Number = int | str | Decimal
Row = Number | tuple[Number, ...] | None

FIRST_DAY = date(2024, 1, 1)
"""A Monday."""
OPENS, CLOSES = time(14, 30, tzinfo=UTC), time(21, 0, tzinfo=UTC)
VOLUME = 1_000_000


def made_market(
    folder: Path,
    rows: Mapping[str, Sequence[Row]],
    *,
    first: date = FIRST_DAY,
    days: Sequence[date] | None = None,
) -> RecordedMarket:
    """Write the rows as a recorded market into `folder` and read it back."""
    length = max(len(history) for history in rows.values())
    sessions = [made_session(day) for day in (days or weekdays(first, length))]
    bars = {symbol: made_bars(history, symbol=symbol, sessions=sessions) for symbol, history in rows.items()}
    write_folder(folder, Origin(package="made for a test", version="0", licence="none"), sessions, bars)
    return RecordedMarket.from_folder(folder)


def made_bars(rows: Sequence[Row], *, symbol: str = "AAPL", sessions: Sequence[Session] | None = None) -> list[Bar]:
    """The rows as bars, without a market; sessions are weekdays from `FIRST_DAY` when none are given."""
    if sessions is None:
        sessions = [made_session(day) for day in weekdays(FIRST_DAY, len(rows))]
    return [_bar(symbol, session, row) for session, row in zip(sessions, rows, strict=False) if row is not None]


def made_session(day: date) -> Session:
    """A session from 14:30 to 21:00 UTC."""
    return Session(day=day, opens=datetime.combine(day, OPENS), closes=datetime.combine(day, CLOSES))


def weekdays(first: date, count: int) -> list[date]:
    """`count` days from `first` on, Saturdays and Sundays left out."""
    days: list[date] = []
    day = first
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def _bar(symbol: str, session: Session, row: Number | tuple[Number, ...]) -> Bar:
    numbers = row if isinstance(row, tuple) else (row,) * 4
    first, high, low, last = (Decimal(number) for number in numbers[:4])
    return Bar(
        symbol=symbol,
        session=session.day,
        ended=session.closes,
        open=first,
        high=high,
        low=low,
        close=last,
        volume=int(numbers[4]) if len(numbers) > 4 else VOLUME,
    )
