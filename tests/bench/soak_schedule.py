"""Thousands of embedded cycles in one process: memory, open files and bytes on disk for each hundred of them.

    python tests/bench/soak_schedule.py 5000 /tmp/soak

The recording ends after a few thousand sessions: a fresh account then begins, in a folder of its own.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from perun.graph.app.daemon.shift import Shift
from perun.graph.app.settings import Settings
from perun.tools.domain.clock import stopwatch

EVERY: Final = 100
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def cycles(folder: Path) -> Iterator[str]:
    """One cycle for each item, on one account after another."""
    number = 0
    while True:
        shift = Shift(Settings(data_dir=folder / str(number), llm_provider="baseline"))
        while (clock := shift.read().clock).is_open:
            slot = shift.recorded_slot(clock.now)
            assert slot is not None
            yield str(shift.carry(slot, "")["outcome"])
        number += 1


def line(done: int, seconds: float, folder: Path) -> str:
    """Where the process stands."""
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
    files = len(list(Path("/proc/self/fd").iterdir()))
    sizes = {path.name: path.stat().st_size for path in folder.rglob("*.db")}
    databases = " ".join(f"{name} {size / 1e6:.2f}" for name, size in sorted(sizes.items()))
    return f"{done} cycles, {seconds / EVERY:.3f} s each, {resident:.0f} MB resident, {files} files, MB: {databases}"


def main(most: int, folder: Path) -> None:
    """Play that many cycles."""
    began = stopwatch()
    for done, _ in enumerate(cycles(folder), start=1):
        if done % EVERY == 0:
            print(line(done, stopwatch() - began, folder), flush=True)
            began = stopwatch()
        if done >= most:
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
