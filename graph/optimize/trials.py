"""The ledger of trials: what was held against what, over which days, and how often the sealed days were opened."""

from datetime import date
from decimal import Decimal
from typing import Final

from perun.graph.ledger.events import Events, StoredEvent
from perun.graph.optimize.evidence import Evidence
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import Event
from perun.tools.domain.prompt_events import CandidateJudged, CandidatesSought, ShadowPlayed, WindowWeighed

STREAM: Final = "optimize"
"""The ledger's stream of trials."""
_DIGITS: Final = Decimal("0.000001")


class Trials:
    """Written once, counted for ever."""

    def __init__(self, events: Events, clock: Clock) -> None:
        self._events, self._clock = events, clock

    def note(self, event: WindowWeighed | CandidateJudged | CandidatesSought | ShadowPlayed) -> StoredEvent:
        """Write it at the end of the chain."""
        return self._events.append(STREAM, event, self._clock.now())

    def all(self) -> list[Event]:
        """Everything that was tried, oldest first."""
        return [stored.event for stored in self._events.read(STREAM)]

    def counted(self, agent: str, incumbent: str, days: str) -> set[str]:
        """Hash of every candidate that was ever held against that prompt over those days."""
        return {
            hash_
            for event in self.all()
            if isinstance(event, WindowWeighed)
            and (event.agent, event.incumbent, event.days) == (agent, incumbent, days)
            for hash_ in event.candidates
        }

    def openings(self, days: str) -> int:
        """How often those sealed days were opened."""
        opened = (event for event in self.all() if isinstance(event, WindowWeighed) and event.window == "sealed")
        return sum(event.days == days for event in opened)

    def learned_until(self, hash_: str) -> date | None:
        """The last of the days that the candidate was found on; None when a person wrote it."""
        found = [event for event in self.all() if isinstance(event, CandidatesSought) and event.landed == hash_]
        return max((event.last_day for event in found), default=None)

    def shadowed(self, hash_: str) -> list[ShadowPlayed]:
        """The cycles that the prompt decided in the shadow, oldest first."""
        return [event for event in self.all() if isinstance(event, ShadowPlayed) and event.hash == hash_]

    def judgement(self, hash_: str) -> CandidateJudged | None:
        """The last word on a candidate; None when it was never judged."""
        judged = [event for event in self.all() if isinstance(event, CandidateJudged) and event.hash == hash_]
        return judged[-1] if judged else None


def exact(number: float) -> Decimal:
    """A figure as it stands on the record: six decimals."""
    return Decimal(str(number)).quantize(_DIGITS)


def weighed(found: Evidence) -> dict[str, Decimal | int]:
    """What the record keeps of evidence."""
    return {
        "cycles": found.cycles,
        "effect": exact(found.effect),
        "low": exact(found.low),
        "high": exact(found.high),
        "p_value": exact(found.p_value),
        "needed": found.needed,
    }
