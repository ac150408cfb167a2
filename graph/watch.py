"""What the desk knows of itself: the latched state, the HALT file, and orders in doubt."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import StateChanged
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Side
from perun.tools.domain.ports import Recorder
from perun.tools.domain.standing import Doubt, Standing, TradingState

IN_DOUBT: Final = frozenset({IntentState.SUBMITTING, IntentState.UNKNOWN})
OLD: Final = timedelta(minutes=5)
"""An order in doubt for longer than this lets the desk only reduce."""


class Watch:
    """Asked before every order. Everybody may tighten; only a person resumes."""

    def __init__(self, ledger: Ledger, account: str, halt_file: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._account = account
        self._halt_file = halt_file
        self._clock = clock

    def standing(self) -> Standing:
        """The state now, and every order in doubt. What is being sent at this moment is not in doubt yet."""
        state, reason = self._state()
        return Standing(state=state, reason=reason, doubts=tuple(_doubt(each) for each in self.doubts()))

    def doubts(self) -> list[Intent]:
        """Intents of which nobody knows whether they reached the broker."""
        return [each for each in self._ledger.intents.open_intents(self._account) if each.state is IntentState.UNKNOWN]

    def tighten(self, state: TradingState, reason: str, who: str, recorder: Recorder) -> None:
        """Set a stricter state, with an event; a state as strict already stays with its first reason."""
        if self._ledger.latches.tighten(self._account, state, reason, who, self._clock.now()):
            recorder.record(StateChanged(state=state, reason=reason, who=who))

    def _state(self) -> tuple[TradingState, str]:
        if self._halt_file.exists():
            return TradingState.HALTED, f"the file {self._halt_file} exists"
        latch = self._ledger.latches.of(self._account)
        if latch.state is TradingState.ACTIVE and any(self._is_old(each) for each in self.doubts()):
            return TradingState.REDUCING, "an order has been in doubt for more than five minutes"
        return latch.state, latch.reason

    def _is_old(self, intent: Intent) -> bool:
        return self._clock.now() - intent.updated_at > OLD


def _doubt(intent: Intent) -> Doubt:
    entering = intent.terms.qty if intent.terms.side is Side.BUY else ZERO
    return Doubt(client_order_id=intent.client_order_id, symbol=intent.symbol, entering=entering)


Wait = Callable[[float], None]
"""Let so many seconds pass. Given by the process edge, the only place that sleeps."""
