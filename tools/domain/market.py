"""What a market says: symbols, sessions, bars, quotes, and whether it is open."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, StringConstraints

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Price

Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9.]{0,9}$")]
"""A ticker as the exchange writes it, e.g. `AAPL` or `BRK.B`."""

EXCHANGE_TIME: Final = ZoneInfo("America/New_York")
"""Where a session's day is counted."""


class Session(Frozen):
    """One trading day of the exchange."""

    day: date
    opens: AwareDatetime
    closes: AwareDatetime


class Bar(Frozen):
    """Open, high, low, close (US dollars) and volume (shares) of one symbol over one session."""

    symbol: Symbol
    session: date
    ended: AwareDatetime
    """The instant from which the whole bar may be known: the session's close."""
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[int, Field(ge=0)]

    @property
    def evidence(self) -> str:
        """How prompts and answers cite this bar."""
        return f"[bars:{self.symbol}:{self.session}]"


class Quote(Frozen):
    """The best bid and ask and the last price of a symbol, in US dollars, at one instant."""

    symbol: Symbol
    bid: Price
    ask: Price
    last: Price
    at: AwareDatetime

    @property
    def mid(self) -> Decimal:
        """Half way between bid and ask."""
        return (self.bid + self.ask) / 2


class Asset(Frozen):
    """An instrument as the broker lists it."""

    symbol: Symbol
    status: str
    """`active` is the only status that may trade."""
    tradable: bool
    fractionable: bool = False
    asset_class: str = "us_equity"
    shortable: bool = False
    halted: bool | None = None
    """True while the exchange has stopped trading in it; None when the broker does not say."""


class MarketClock(Frozen):
    """Where the market stands in its day, as the broker tells it."""

    now: AwareDatetime
    is_open: bool
    """True from the opening instant to the closing instant, both included."""
    next_open: AwareDatetime
    next_close: AwareDatetime
