"""Thousands of embedded cycles in one process: memory, open files and bytes on disk for each hundred of them.

    python tests/bench/soak_schedule.py 5000 /tmp/soak

May be stopped at any moment; the same command goes on from there, and `soak.txt` in the folder keeps every line. The
recording ends after about a thousand sessions: a fresh account then begins, in a folder of its own.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from time import process_time
from typing import Final

from perun.graph.app.daemon.shift import Shift
from perun.graph.app.settings import Settings
from perun.tools.domain.clock import stopwatch

EVERY: Final = 100
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
FINISHED: Final = "SELECT count(*) FROM cycles WHERE state = 'FINISHED'"


def cycles(folder: Path) -> Iterator[Path]:
    """One cycle for each item, on one account after another; accounts that came to their end are passed over."""
    for number in count():
        account = folder / str(number)
        if (folder / str(number + 1)).exists():
            continue
        shift = Shift(Settings(data_dir=account, llm_provider="baseline"))
        while (clock := shift.read().clock).is_open:
            slot = shift.recorded_slot(clock.now)
            assert slot is not None
            shift.carry(slot, "")
            yield account


def played(folder: Path) -> int:
    """Cycles that came to their end before this process began."""
    done = 0
    for ledger in folder.glob("*/var/perun.db"):
        with closing(sqlite3.connect(ledger)) as connection:
            done += int(connection.execute(FINISHED).fetchone()[0])
    return done


def line(done: int, seconds: float, processor: float, account: Path) -> str:
    """Where the process stands, what a cycle took since the line before, and how large the present account is."""
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
    files = len(list(Path("/proc/self/fd").iterdir()))
    threads = len(list(Path("/proc/self/task").iterdir()))
    sizes = {path.name: path.stat().st_size for path in account.rglob("*.db")}
    databases = " ".join(f"{name} {size / 1e6:.2f}" for name, size in sorted(sizes.items()))
    entries = sum(1 for _ in (account / "memdir").rglob("*.json*"))
    return (
        f"{done} cycles, {seconds:.3f} s and {processor:.3f} s CPU each, {resident:.0f} MB resident, "
        f"{files} files, {threads} threads, account {account.name}: {entries} memory files, MB: {databases}"
    )


def main(most: int, folder: Path) -> None:
    """Play on until so many cycles are done in all."""
    folder.mkdir(parents=True, exist_ok=True)
    before, began, used = played(folder), stopwatch(), process_time()
    for done, account in enumerate(cycles(folder), start=before + 1):
        if done % EVERY == 0:
            new = done - before
            told = line(done, (stopwatch() - began) / new, (process_time() - used) / new, account)
            print(told, flush=True)
            with (folder / "soak.txt").open("a") as kept:
                kept.write(f"{told}\n")
            before, began, used = done, stopwatch(), process_time()
        if done >= most:
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
