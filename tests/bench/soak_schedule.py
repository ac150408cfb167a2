"""The daemon over thousands of recorded days, in one process: memory, open files and bytes on disk for each hundred.

    MALLOC_ARENA_MAX=2 python tests/bench/soak_schedule.py 5000 /tmp/soak

It is what `perun schedule --embedded-speed max` runs, DBOS and jobs included. May be stopped at any moment; the same
command goes on from there, and `soak.txt` in the folder keeps every line. The recording ends after about a thousand
sessions: a daemon for a fresh account then begins in the same process, in a folder of its own.
"""

import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any, Final

from perun.graph.app.scheduling import schedule
from perun.tools.domain.clock import stopwatch

EVERY: Final = 100
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
FINISHED: Final = "SELECT count(*) FROM cycles WHERE state = 'FINISHED'"


def played(folder: Path) -> int:
    """Cycles that came to their end before this process began."""
    done = 0
    for ledger in folder.glob("*/var/perun.db"):
        with closing(sqlite3.connect(ledger)) as connection:
            done += int(connection.execute(FINISHED).fetchone()[0])
    return done


@dataclass
class Measure:
    """Counts the cycles that the daemon tells of, and says every hundred of them where the process stands."""

    folder: Path
    done: int
    account: Path
    counted: int = 0
    began: float = field(default_factory=stopwatch)
    used: float = field(default_factory=process_time)

    def __call__(self, event: str, line: str, **facts: Any) -> None:
        if event != "cycle":
            return
        self.done += 1
        self.counted += 1
        if self.done % EVERY == 0:
            told = self.line()
            print(told, flush=True)
            with (self.folder / "soak.txt").open("a") as kept:
                kept.write(f"{told}\n")
            self.counted, self.began, self.used = 0, stopwatch(), process_time()

    def line(self) -> str:
        """Where the process stands, what a cycle took since the line before, and how large the account is."""
        seconds, processor = (stopwatch() - self.began) / self.counted, (process_time() - self.used) / self.counted
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
        files = len(list(Path("/proc/self/fd").iterdir()))
        threads = len(list(Path("/proc/self/task").iterdir()))
        sizes = {path.name: path.stat().st_size for path in self.account.rglob("*.db")}
        databases = " ".join(f"{name} {size / 1e6:.2f}" for name, size in sorted(sizes.items()))
        entries = sum(1 for _ in (self.account / "memdir").rglob("*.json*"))
        return (
            f"{self.done} cycles, {seconds:.3f} s and {processor:.3f} s CPU each, {resident:.0f} MB resident, "
            f"{files} files, {threads} threads, account {self.account.name}: {entries} memory files, MB: {databases}"
        )


def main(most: int, folder: Path) -> None:
    """Play on until so many cycles are done in all."""
    folder.mkdir(parents=True, exist_ok=True)
    measure = Measure(folder, played(folder), folder)
    for number in count():
        measure.account = folder / str(number)
        if (folder / str(number + 1)).exists():
            continue
        settings = {"DATA_DIR": str(measure.account), "LLM_PROVIDER": "baseline"}
        tally = schedule(settings, 0.0, most - measure.done, None, measure)
        if tally.ended != "recording ended" or measure.done >= most:
            print(f"{measure.done} cycles: {tally.ended or 'as many as asked'}", flush=True)
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
