"""What the desk did lately and what its equity was, as its ledger tells it: the history that rules measure."""

from pydantic import AwareDatetime, Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount, Quantity
from perun.tools.domain.orders import Side


class Sent(Frozen):
    """An order of ours that went to the broker; protective stops are not counted."""

    client_order_id: str
    symbol: Symbol
    side: Side
    qty: Quantity
    notional: Amount
    """US dollars: at its fill price, or at what it was counted when it was sent."""
    at: AwareDatetime
    """The market's time."""


class Closing(Frozen):
    """A sale that reduced a position of ours."""

    symbol: Symbol
    gain: Amount
    """US dollars after commissions, against the average cost of the shares sold; negative for a loss."""
    stopped: bool
    """True when a protective stop sold."""
    at: AwareDatetime


class Conduct(Frozen):
    """The recent past of an account. Everything is measured in the market's time."""

    sent: tuple[Sent, ...] = ()
    """Orders of the session and of the day before it, oldest first."""
    closings: tuple[Closing, ...] = ()
    """Sales of the last 31 days, oldest first."""
    adds: dict[Symbol, int] = Field(default_factory=dict)
    """Entries that enlarged a position after it was opened, for each position that is open."""
    day_start: Amount | None = None
    """Equity before this session, with what was paid in or out since; None before the first session's end."""
    week_start: Amount | None = None
    """The same, five sessions ago."""
    high_water: Amount | None = None
    """The highest equity ever confirmed, moved by what was paid in or out since."""
    unexplained: tuple[str, ...] = ()
    """Symbols (an empty text for cash) of differences with the broker that no person has acknowledged."""
