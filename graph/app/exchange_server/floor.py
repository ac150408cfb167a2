"""The doors to what the market is: its clock, its days, and what is traded there. And the one that moves the clock."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from perun.graph.app.exchange_server.papers import Paper, asset_paper, clock_paper
from perun.graph.app.exchange_server.venue import Venue, uuid_of, venue_of
from perun.tools.brokerage.embedded.refusing import NOT_FOUND, reject
from perun.tools.domain.errors import UnknownSymbol
from perun.tools.domain.market import EXCHANGE_TIME, Session

At = Annotated[Venue, Depends(venue_of)]
Day = Annotated[date | None, Query()]

router: Final = APIRouter(tags=["market"])


@router.get("/v2/clock")
def clock(at: At) -> Paper:
    """Where the market stands in its day."""
    return clock_paper(at.exchange.clock())


@router.get("/v2/calendar")
def calendar(at: At, start: Day = None, end: Day = None) -> list[Paper]:
    """The recorded sessions, from start to end, both included."""
    sessions = at.market.sessions()
    wanted = (s for s in sessions if (start is None or s.day >= start) and (end is None or s.day <= end))
    return [_day(session, at) for session in wanted]


@router.get("/v2/assets")
def assets(at: At, status: str | None = None, asset_class: str | None = None) -> list[Paper]:
    """Every symbol that the recorded market holds."""
    if (status or "active") != "active" or (asset_class or "us_equity") != "us_equity":
        return []
    return [_asset(symbol, at) for symbol in at.market.symbols()]


@router.get("/v2/assets/{symbol_or_asset_id}")
def asset(symbol_or_asset_id: str, at: At) -> Paper:
    """One symbol."""
    found = [symbol for symbol in at.market.symbols() if symbol_or_asset_id in {symbol, uuid_of(symbol)}]
    if not found:
        reject(NOT_FOUND, f"asset not found for {symbol_or_asset_id}")
    return _asset(found[0], at)


@router.post("/perun/advance")
def advance(at: At) -> Paper:
    """Play the next recorded session. Not Alpaca's: there the time passes by itself."""
    return clock_paper(at.exchange.advance(at.now()))


def _asset(symbol: str, at: Venue) -> Paper:
    return asset_paper(symbol, tradable=_is_listed(symbol, at) and not at.exchange.is_halted(symbol))


def _is_listed(symbol: str, at: Venue) -> bool:
    try:
        at.view().bars(symbol, 1)
    except UnknownSymbol:
        return False
    return True


def _day(session: Session, at: Venue) -> Paper:
    opens, closes = session.opens.astimezone(EXCHANGE_TIME), session.closes.astimezone(EXCHANGE_TIME)
    settles = at.market.next_session(session.day) or session
    return {
        "date": session.day.isoformat(),
        "open": f"{opens:%H:%M}",
        "close": f"{closes:%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
        "settlement_date": settles.day.isoformat(),
    }
