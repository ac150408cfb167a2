"""What the agents wish: signals, and the risk manager's advice on them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Percent


class Action(StrEnum):
    """What to do with a symbol."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


class TradingSignal(Frozen):
    """One agent's wish for one symbol. It has no quantity, no price and no order type: those are the gate's."""

    symbol: Symbol
    action: Action
    confidence: Annotated[float, Field(ge=0, le=1)]
    rationale: str
    evidence: tuple[str, ...] = ()
    """Ids in square brackets, such as `[bars:AAPL:2013-02-28]`."""


class Ruling(StrEnum):
    """What the risk manager says of a signal."""

    APPROVE = "approve"
    SHRINK = "shrink"
    VETO = "veto"


class Advice(Frozen):
    """The risk manager's word on one signal: it may veto or shrink, it can never enlarge."""

    symbol: Symbol
    ruling: Ruling
    keep: Annotated[Percent, Field(validate_default=True)]
    """How much of the size may stay: 100% when approved, 0% when vetoed."""
    reason: str
