"""The case before the gate: what is wished, how many shares, and all that is known about it."""

from dataclasses import dataclass
from decimal import Decimal

from perun.tools.domain.signals import Action, Advice, TradingSignal
from perun.tools.risk.facts import EntryFacts, Situation
from perun.tools.risk.limits import Limits
from perun.tools.risk.sizing import EntryPlan


@dataclass(frozen=True)
class Case:
    """One signal before the gate: what is wished, how many shares, and in which situation."""

    signal: TradingSignal
    symbol: str
    client_order_id: str
    qty: Decimal
    situation: Situation
    limits: Limits

    @property
    def is_entry(self) -> bool:
        """True for an order that opens or enlarges a position."""
        return self.signal.action is Action.BUY


@dataclass(frozen=True)
class EntryCase(Case):
    """A case that would open or enlarge a position. When no share is left, one shows which limit binds."""

    facts: EntryFacts
    plan: EntryPlan
    notional: Decimal
    """Dollars of the order at its worst price."""
    advice: Advice | None
