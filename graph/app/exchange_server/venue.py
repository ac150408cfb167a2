"""What every door of the server leads to: one exchange, its account as a reader sees it, and the recorded market."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from fastapi import Request

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.market.recorded import RecordedMarket, RecordedView


@dataclass(frozen=True)
class Venue:
    """One exchange on one recorded market. Prices are read at its clock, so nothing later can be told."""

    exchange: Exchange
    market: RecordedMarket
    nudge: Callable[[], None] = lambda: None
    """Called when a market order waits for the next session; a server that sets the pace itself moves on then."""

    @property
    def book(self) -> EmbeddedBook:
        """The account, for reading."""
        return EmbeddedBook(self.exchange)

    def now(self) -> datetime:
        """Where the exchange's clock stands."""
        return self.exchange.now()

    def view(self) -> RecordedView:
        """The market as the exchange's clock knows it."""
        return self.market.at(self.now())


def venue_of(request: Request) -> Venue:
    """The venue that the app was made for."""
    venue = request.app.state.venue
    assert isinstance(venue, Venue)
    return venue


def uuid_of(name: str) -> str:
    """A UUID, as Alpaca's ids are, for something of ours that has a name instead."""
    return str(uuid5(NAMESPACE_OID, name))
