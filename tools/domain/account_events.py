"""What changed about the account, and about what the desk may do with it, as typed events."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Amount
from perun.tools.domain.standing import TradingState


class StateChanged(Frozen):
    """What the desk may do changed, and who said so."""

    kind: Literal["state"] = "state"
    state: TradingState
    """What it may do from then on."""
    reason: str
    who: str
    latch: str = ""
    """Which latch was set or lifted; empty where it was none."""


class AccountMarked(Frozen):
    """What the account was worth at one look, and from where its losses are measured; US dollars."""

    kind: Literal["mark"] = "mark"
    at: AwareDatetime
    """The market's time."""
    session: date
    equity: Amount
    cash: Amount
    flow: Amount
    """Paid in since the mark before; negative when paid out."""
    confirmed: bool
    """True when another reading agreed."""
    high_water: Amount | None
    day_start: Amount | None
    week_start: Amount | None


class DifferencesAcknowledged(Frozen):
    """A person knows of the shares that came or went and that no fill of ours explains."""

    kind: Literal["adjustment.acknowledged"] = "adjustment.acknowledged"
    symbols: tuple[str, ...]
    reason: str
    who: str


class DifferenceBooked(Frozen):
    """The broker had other shares or dollars than our fills explain; the broker is right."""

    kind: Literal["adjustment"] = "adjustment"
    symbol: str
    """Empty for cash."""
    amount: Amount
    reason: str
