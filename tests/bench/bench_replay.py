"""Decisions a second through the full graph on the baseline policy, in one process and in two at once.

    python tests/bench/bench_replay.py [SESSIONS]
    python tests/bench/bench_replay.py --large FOLDER [SESSIONS]

The large one plays twenty made shares over five years in one process, and goes on in its folder where it was cut short.
Time of the processor is told beside the wall's: on a busy machine only the former means anything.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from made_days import BEGINS as MADE_FROM
from made_days import ENDS as MADE_TO
from made_days import SYMBOLS, make

from perun.graph.app.backtesting import Wish, set_up
from perun.tools.domain.clock import stopwatch

BEGINS: Final = date(2010, 1, 4)
ENDS: Final = date(2012, 12, 31)


def played(folder: str, sessions: int) -> tuple[int, float]:
    """Play so many sessions; how many decisions that were, and seconds of the processor."""
    out = Path(folder)
    stage, texts = set_up(Wish(BEGINS, ENDS, provider="baseline", out=out), {"DATA_DIR": f"{folder}-desk"})
    began = process_time()
    told = replace(stage, days=stage.days[: sessions + 1], folder=out).run(0, texts, lambda _: None)
    return len(told.decisions), process_time() - began


def measured(processes: int, sessions: int) -> float:
    """Decisions a second of so many processes together, printed."""
    with TemporaryDirectory() as folder, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        folders = [f"{folder}/{number}" for number in range(processes)]
        list(pool.map(played, [f"{each}-warm" for each in folders], [1] * processes))  # imports are not what is asked
        began = stopwatch()
        done = list(pool.map(played, folders, [sessions] * processes))
        seconds, decisions = stopwatch() - began, sum(count for count, _ in done)
    processor = sum(used for _, used in done) / decisions
    print(f"{processes} processes: {decisions / seconds:.1f} decisions a second, {processor * 1000:.1f} ms CPU each")
    return decisions / seconds


EVERY: Final = 50
"""Sessions from one line of the large replay to the next: what grows shows."""


@dataclass
class Meter:
    """What the large replay has used, session by session."""

    folder: Path
    began: float = field(default_factory=stopwatch)
    used: float = field(default_factory=process_time)
    played: int = 0
    lately: float = field(default_factory=process_time)

    def session(self, told: str) -> None:
        """One more session; every so many, a line."""
        self.played += 1
        if self.played % EVERY == 0:
            cycle = (process_time() - self.lately) / EVERY
            self.lately = process_time()
            print(f"{told}: {cycle * 1000:.0f} ms CPU a cycle lately; {self}", flush=True)

    def __str__(self) -> str:
        decisions = self.played * len(SYMBOLS)
        seconds, used = stopwatch() - self.began, process_time() - self.used
        held = sum(each.stat().st_size for each in self.folder.rglob("*") if each.is_file())
        return (
            f"{decisions} decisions in {seconds:.0f} s, {decisions / seconds:.1f} a second, "
            f"{used / decisions * 1000:.1f} ms CPU each, {getrusage(RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most, "
            f"{held / 1e6:.0f} MB on disk"
        )


def large(home: Path, sessions: int) -> None:
    """Play the made days up to so many sessions, and tell what it took."""
    made = home / "made"
    if not made.exists():
        make(made)
    wish = Wish(MADE_FROM, MADE_TO, SYMBOLS, provider="baseline", out=home / "run", bars=made)
    stage, texts = set_up(wish, {"DATA_DIR": str(home / "desk")})
    meter = Meter(home / "run")
    replace(stage, days=stage.days[: sessions + 1]).run(0, texts, meter.session)
    print(f"all: {meter}" if meter.played else "nothing was left to play")


def main(sessions: int) -> None:
    """One process, two processes, and what the second one brings."""
    alone = measured(1, sessions)
    print(f"ratio {measured(2, sessions) / alone:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--large"]:
        large(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 10**6)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
