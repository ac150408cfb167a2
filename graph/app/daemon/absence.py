"""When nobody does what was begun, for its executor is gone: whoever waits for that slot notices, and takes it over."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from perun.graph.app.daemon.executors import is_alive
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.durable import Durable
from perun.graph.app.settings import Settings
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import LedgerUnavailable

_LOOK_SECONDS: Final = 5.0
_GONE_SECONDS: Final = 30.0
"""So long an executor must be gone: after a restart of the server its name is free for a moment."""


@dataclass
class Absence:
    """Watches over one slot that somebody may have begun."""

    settings: Settings
    durable: Durable
    tell: Tell
    own: str = ""
    """The name of this process's executor."""
    gone_seconds: float = _GONE_SECONDS
    _looked: float = field(default_factory=stopwatch)
    _gone: tuple[str, float] | None = None
    """Who is gone, and since when that is known."""

    def look(self, id: str) -> None:
        """Look now and then who has begun the work; what nobody does any more is taken over."""
        now = stopwatch()
        if now - self._looked < min(_LOOK_SECONDS, self.gone_seconds):
            return
        self._looked = now
        with suppress(LedgerUnavailable):  # nothing is known then; the next look may tell
            name = self._missing(id)
            if name is None or self._gone is None or self._gone[0] != name:
                self._gone = (name, now) if name else None
            if name and self._gone and now - self._gone[1] >= self.gone_seconds:
                self._take_over(id, name)

    def _take_over(self, id: str, name: str) -> None:
        if name == self.own:
            self.durable.begin_anew(id)
            self.tell("resuming", f"what came of {id} could not be written down: going on with it", work=id)
            return
        adopted = self.durable.adopt(name)
        self.tell("adopted", f"{name} is gone: its work is taken over: {', '.join(adopted)}", adopted=adopted)

    def _missing(self, id: str) -> str | None:
        """The name of the executor that began the work and does not do it."""
        name = self.durable.executor_of(id)
        if name and name == self.own:
            return None if self.durable.is_at_work(id) else name
        return name if name and not is_alive(self.settings, name) else None
