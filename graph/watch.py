"""What the desk knows of itself: what holds it back, which of its orders are in doubt, and what it did lately."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from perun.graph.conduct import conduct_of
from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.ledger.latches import Kind, Latch, strictest_first
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
    """Asked before every order. Everybody may tighten; a latch ends as its kind says, or when a person resumes."""

    def __init__(self, ledger: Ledger, account: str, halt_file: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._account = account
        self._halt_file = halt_file
        self._clock = clock
        self._eased: tuple[Latch, ...] = ()

    def standing(self) -> Standing:
        """The state now, every order in doubt, and the recent past.

        What is being sent at this moment is not in doubt yet.
        """
        intents = self._ledger.intents.open_intents(self._account)
        latches = self._latches(intents)
        return Standing(
            state=_strictest(latches),
            reason="; ".join(latch.reason for latch in latches),
            doubts=tuple(_doubt(each) for each in _doubted(intents)),
            conduct=conduct_of(self._ledger, self._account, intents),
        )

    def state(self) -> TradingState:
        """What the desk may do now: as much as the strictest latch allows."""
        return _strictest(self.latches())

    def latches(self) -> list[Latch]:
        """All that holds the desk back now, the strictest first: rows of the ledger, the HALT file, old doubts."""
        return self._latches(self._ledger.intents.open_intents(self._account))

    def doubts(self) -> list[Intent]:
        """Intents of which nobody knows whether they reached the broker."""
        return _doubted(self._ledger.intents.open_intents(self._account))

    def tighten(
        self,
        state: TradingState,
        reason: str,
        who: str,
        recorder: Recorder,
        kind: Kind = Kind.ALARM,
        day: date | None = None,
    ) -> None:
        """Set a latch, with an event; one of its kind that is as strict already stays with its first reason."""
        if self._ledger.latches.tighten(self._account, state, reason, who, self._clock.now(), kind, day):
            recorder.record(StateChanged(state=self.state(), reason=reason, who=who, latch=kind.value))

    def lift(self, kinds: Sequence[Kind], reason: str, who: str, recorder: Recorder) -> list[Latch]:
        """Let latches of these kinds go, with an event for each; those that stood are returned."""
        lifted = self._ledger.latches.lift(self._account, kinds, reason, who, self._clock.now())
        for latch in lifted:
            recorder.record(StateChanged(state=self.state(), reason=reason, who=who, latch=latch.kind.value))
        return lifted

    def notice_halt_file(self, recorder: Recorder) -> None:
        """Put on the record that the HALT file has come, or that it is gone; the file itself is what halts."""
        if self._halt_file.exists():
            self.tighten(TradingState.HALTED, self._file_said(), "HALT file", recorder, Kind.HALT_FILE)
        else:
            self.lift([Kind.HALT_FILE], f"the file {self._halt_file} is gone", "HALT file", recorder)

    @contextmanager
    def eased(self, reason: str, who: str, recorder: Recorder) -> Iterator[None]:
        """Let a halted desk reduce in this block, because a person asks for it; what latches meanwhile counts.

        The latches stay in the ledger: a process that dies here leaves the desk halted.
        """
        self._eased = tuple(self._ledger.latches.standing(self._account))
        was_halted = TradingState.HALTED in {latch.state for latch in self._eased}
        if was_halted:
            recorder.record(StateChanged(state=self.state(), reason=reason, who=who))
        try:
            yield
        finally:
            self._eased = ()
            if was_halted:
                recorder.record(StateChanged(state=self.state(), reason=f"{reason} is over", who=who))

    def _latches(self, intents: list[Intent]) -> list[Latch]:
        rows = self._ledger.latches.standing(self._account)
        latches = [self._as_eased(latch) for latch in rows if latch.kind is not Kind.HALT_FILE]
        if self._halt_file.exists():
            latches.append(Latch(Kind.HALT_FILE, TradingState.HALTED, self._file_said(), "", None))
        if any(self._clock.now() - intent.updated_at > OLD for intent in _doubted(intents)):
            said = "an order has been in doubt for more than five minutes"
            latches.append(Latch(Kind.DOUBT, TradingState.REDUCING, said, "", None))
        return sorted(latches, key=strictest_first)

    def _as_eased(self, latch: Latch) -> Latch:
        if latch in self._eased and latch.state is TradingState.HALTED:
            return Latch(latch.kind, TradingState.REDUCING, latch.reason, latch.who, latch.since, latch.day)
        return latch

    def _file_said(self) -> str:
        return f"the file {self._halt_file} exists"


def _strictest(latches: Sequence[Latch]) -> TradingState:
    return max((latch.state for latch in latches), key=lambda state: state.rank, default=TradingState.ACTIVE)


def _doubted(intents: Sequence[Intent]) -> list[Intent]:
    return [intent for intent in intents if intent.state is IntentState.UNKNOWN]


def _doubt(intent: Intent) -> Doubt:
    entering = intent.terms.qty if intent.terms.side is Side.BUY else ZERO
    return Doubt(client_order_id=intent.client_order_id, symbol=intent.symbol, entering=entering)


Wait = Callable[[float], None]
"""Let so many seconds pass. Given by the process edge, the only place that sleeps."""
