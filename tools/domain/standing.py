"""What the desk knows of itself: whether it may trade, and which of its orders are in doubt."""

from enum import StrEnum

from perun.tools.domain.conduct import Conduct
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount


class TradingState(StrEnum):
    """What may be sent: anything, only what reduces risk, or nothing at all."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"

    @property
    def rank(self) -> int:
        """How strict it is."""
        return list(TradingState).index(self)


class Doubt(Frozen):
    """An order that may or may not stand at the broker: it is counted as if it did, and its symbol is locked."""

    client_order_id: str
    symbol: Symbol
    entering: Amount
    """Shares that it may have added to the position; zero for an order that reduces."""


class Standing(Frozen):
    """Trading state, doubts and the recent past at one moment."""

    state: TradingState
    reason: str = ""
    doubts: tuple[Doubt, ...] = ()
    conduct: Conduct | None = None
    """What the desk did lately; None when it is not known, which denies entries."""

    def doubts_about(self, symbol: str) -> bool:
        """True while an order in that symbol is in doubt."""
        return any(doubt.symbol == symbol for doubt in self.doubts)


ACTIVE = Standing(state=TradingState.ACTIVE, conduct=Conduct())
"""Free to trade, in no doubt, and nothing done so far."""
