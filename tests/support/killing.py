"""Desk processes that SIGKILL themselves at a named point, one after another on the same desk.

Example:
        with DeskProcesses(tmp_path / "errors.txt") as processes:
            desk = MortalDesk(tmp_path / "data", {}, books, processes)
            assert desk.run("monday", {"AAPL": Wish("BUY")}, Cut("after the intent")) == KILLED
            assert desk.run("monday", {"AAPL": Wish("BUY")}) == 0
            assert desk.faults() == []
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from perun.graph.reconciling import PATIENCE
from support.two_books import TwoBooks

KILLED: Final = -signal.SIGKILL
"""How a process ends that was killed."""
ENDS: Final = frozenset({0, 3, 5, KILLED})
"""How a process may end here; any other exit code is a fault of the desk or of the test."""

EXIT_POINTS: Final = ("before the stop is cancelled", "after the stop is cancelled")
"""Where only a process dies that sells what a stop guards."""
RESTORING_POINTS: Final = ("before a stop is put back", "after a stop is put back")
"""Where only a process dies that finds shares without a stop."""
POINTS: Final = (
    "before an answer is recorded",
    "after an answer is recorded",
    "before the reconciliation",
    "after the opening balance",
    *RESTORING_POINTS,
    "after the reconciliation",
    "before the intent",
    "after the intent",
    *EXIT_POINTS,
    "before the request",
    "on the wire",
    "accepted, not answered",
    "after the answer",
    "after the answer is noted",
    "before the market moves",
    "after the market moved",
    "before an order is booked",
    "before a fill is booked",
    "after a fill is booked",
    "before the writes of execute",
    "after the writes of execute",
    "before the checkpoint of execute",
    "after the checkpoint of execute",
    "before the cycle is closed",
)
"""Where a process may die, about in the order in which it comes there."""
CLOCK: Final = "on the clock"
"""Dying after so many milliseconds, wherever the process stands then."""

_TESTS: Final = Path(__file__).parents[1]
_SCRIPT: Final = _TESTS / "graph" / "crash" / "desk_process.py"


@dataclass(frozen=True)
class Cut:
    """Where a process dies: at the n-th time that it comes to the point; a clock counts its milliseconds."""

    point: str
    time: int = 1

    def __str__(self) -> str:
        return f"{self.point} ({self.time})"


@dataclass(frozen=True)
class Wish:
    """What the mind wants with one symbol."""

    action: str = "HOLD"
    confidence: int = 80
    keep_percent: int = 40
    """How much of the size its risk manager leaves: another number is another quantity."""


@dataclass(frozen=True)
class Run:
    """One process: which desk, what it is to do, and where it dies."""

    folder: Path
    settings: Mapping[str, str]
    calls: Path
    """Where its mind notes every question before it answers."""
    slot: str = ""
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """Arguments of the command `perun`, instead of a slot with wishes."""
    cut: Cut | None = None
    ahead_seconds: float = 0
    """How far its clock is ahead of the computer's."""
    partial_fill_percent: int = 0
    """Of orders at the exchange in its process."""

    def line(self) -> str:
        """The run as one line of JSON."""
        return json.dumps(asdict(self), default=str)


class DeskProcesses:
    """Starts desk processes, one after another. Each is forked from a process that has only imported the code."""

    def __init__(self, errors: Path) -> None:
        self._errors = errors

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        paths = [str(_TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with self._errors.open("w") as errors:
            command = [sys.executable, "-u", str(_SCRIPT)]
            self._parent = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=errors, env=surroundings, text=True
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parent.communicate()

    def run(self, run: Run) -> int:
        """Live the run to its end: its exit code, or KILLED when it was cut.

        Raises:
            RuntimeError: it ended in a way that nobody expects; what it wrote is in the message.
        """
        assert self._parent.stdin is not None
        said = self._errors.stat().st_size
        self._parent.stdin.write(run.line() + "\n")
        self._parent.stdin.flush()
        ended = int(self._answer())
        if ended not in ENDS:
            raise RuntimeError(f"{run} ended with {ended}: {self._errors.read_text()[said:]}")
        return ended

    def _answer(self) -> str:
        assert self._parent.stdout is not None
        answer = self._parent.stdout.readline()
        if not answer:
            raise RuntimeError(f"the parent of the processes is gone: {self._errors.read_text()}")
        return answer


@dataclass
class MortalDesk:
    """A desk with its own DATA_DIR and exchange, on which one process after another may die."""

    folder: Path
    settings: Mapping[str, str]
    books: TwoBooks
    processes: DeskProcesses
    partial_fill_percent: int = 0
    ahead_seconds: float = 0
    market_plays: Callable[[], None] = lambda: None
    """Returns when no market order waits any more for a session that comes by itself."""
    story: list[str] = field(default_factory=list)
    """Every process and how it ended: what a failed check shows."""
    repeated: list[str] = field(default_factory=list)
    """Questions that were asked although their answers stood in the record."""
    tally: Counter[str] = field(default_factory=Counter)
    """What was done and what was checked, counted."""
    _seen: tuple[str, float] = ("", 0)
    """The market's day and the desk's clock before the last reconciliation."""

    @property
    def is_served(self) -> bool:
        """True when the exchange is on the other side of a wire."""
        return self.settings.get("broker") == "alpaca"

    def run(self, slot: str, wishes: Mapping[str, Wish], cut: Cut | None = None) -> int:
        """One cycle on the real floor with a mind that has these wishes; see `DeskProcesses.run`."""
        said = ", ".join(f"{wish.action} {symbol}" for symbol, wish in wishes.items())
        return self._live(f"{slot}: {said}", self._plan(slot=slot, wishes=wishes, cut=cut))

    def perun(self, *command: str, slot: str = "", cut: Cut | None = None) -> int:
        """The command line's own entry with these arguments; `slot` is the one that they name."""
        return self._live(f"perun {' '.join(command)}", self._plan(slot=slot, command=command, cut=cut))

    def forget_checkpoints(self) -> None:
        """Lose where an interrupted cycle waited: it starts over, with a new snapshot and the answers on record."""
        for file in (self.folder / "var").glob("checkpoints.db*"):
            file.unlink()
        self.story.append("the checkpoints are lost")

    def settle(self) -> list[str]:
        """Every fault that one more reconciliation leaves, once the market has played and doubts have had their time.

        In process there is nothing to wait for: only a stop may be left to that reconciliation.
        """
        if not self.is_served and (faults := self.faults(stops=False)):
            return faults
        doubts = len(self.books.doubts())
        self.tally["doubts left to time"] += doubts
        self.ahead_seconds += PATIENCE.total_seconds() + 1 if doubts else 0
        while self._is_news_in_the_market():
            self.perun("reconcile")
        return self.faults()

    def _is_news_in_the_market(self) -> bool:
        """True when a session was played that no reconciliation has seen."""
        self.market_plays()
        seen, self._seen = self._seen, (self.books.day(), self.ahead_seconds)
        return seen != self._seen

    def faults(self, *, stops: bool = True) -> list[str]:
        """All that both books and the mind's own notes say is wrong, with the story when there is anything."""
        self.tally["comparisons of both books"] += 1
        asked, doubts = self.repeated, self.books.doubts()
        faults = [*(f"asked again: {each}" for each in asked), *(f"in doubt: {each}" for each in doubts)]
        faults += self.books.faults(stops=stops)
        return [*faults, *self.story] if faults else []

    def _plan(self, slot: str, cut: Cut | None, wishes: Mapping[str, Wish] = {}, command: tuple[str, ...] = ()) -> Run:
        calls = self.folder.with_name("calls.txt")
        clock, parts = self.ahead_seconds, self.partial_fill_percent
        return Run(self.folder, self.settings, calls, slot, wishes, command, cut, clock, parts)

    def _live(self, what: str, run: Run) -> int:
        known, heard = self.books.answered(run.slot), len(_lines(run.calls))
        ended = self.processes.run(run)
        asked = _lines(run.calls)[heard:]
        self.repeated += [f"{what}: {question}" for question in _twice(asked, known)]
        self.tally.update({"processes": 1, "questions to a mind": len(asked), "answers found on record": len(known)})
        if ended == KILLED:
            self.tally.update({"kills": 1, f"killed {run.cut.point if run.cut else ''}": 1})
        self.story.append(f"{what}: {f'killed {run.cut}' if ended == KILLED else ended}")
        return ended


def _twice(asked: list[str], known: set[str]) -> Iterator[str]:
    """Questions whose answers were known, or that one process asked twice."""
    for question, times in Counter(asked).items():
        if question in known or times > 1:
            yield question


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
