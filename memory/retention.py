"""What the memory may let go of: old snapshots and log lines, never what was done, thought or learned."""

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from perun.memory.entries import Kind
from perun.memory.folders import Folders
from perun.memory.memdir import Memdir
from perun.memory.months import without
from perun.tools.domain.whole_file import write_whole

PASSING: Final = frozenset({Kind.MARKET, Kind.PORTFOLIO, Kind.LOG})
"""Kinds of which the record knows as much. Trades, signals, analyses, errors and lessons always stay."""


def let_go(memdir: Memdir, keep_days: int) -> int:
    """Delete passing entries more than `keep_days` older than the latest entry; returns how many. 0 keeps all.

    The latest entry is today: a desk on recorded days lives in another year than this machine. The index follows when
    it is next brought in line with the files.

    Raises:
        MemoryUnavailable: the files cannot be listed or deleted.
    """
    today = memdir.latest_day()
    if not keep_days or today is None:
        return 0
    last = today - timedelta(days=keep_days + 1)
    return sum(_drop(memdir.folders, kind, last) for kind in sorted(PASSING))


def _drop(folders: Folders, kind: Kind, last: date) -> int:
    """Delete the kind's entries up to that day, wherever they lie; returns how many there were."""
    doomed = {day: folders.of_day(kind, day) for day in folders.days({kind}, last)}
    if not doomed:
        return 0
    with folders.alone():
        for file in folders.month_files(kind):
            _cut(file, {path.stem for paths in doomed.values() for path in paths})
        for day, paths in doomed.items():
            for path in paths:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # a folder in which something else lies stays
                (folders.root / kind / day.isoformat()).rmdir()
    return sum(map(len, doomed.values()))


def _cut(file: Path, ids: set[str]) -> None:
    """Take these entries out of a month's file, and delete a file of which nothing is left."""
    there = file.read_bytes()
    left = without(there, ids)
    if not left:
        file.unlink()
    elif left != there:
        write_whole(file, left)
