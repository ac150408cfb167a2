"""Old months in one file for each kind, instead of a file for each entry: no entry is lost, and none out of reach.

At every instant each entry stands somewhere whole: the month's file is on the disk, and was read back as it should be,
before the files that went into it are deleted.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.folders import Folders
from perun.memory.memdir import Memdir, Report, unreported
from perun.memory.months import as_line, without
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.whole_file import write_whole

GATHERED: Final = tuple(kind for kind in Kind if kind not in {Kind.TRADE, Kind.LESSON})
"""Kinds whose old months are brought together. Trades and lessons keep a file each, which people look at."""


def compact(memdir: Memdir, after_days: int, report: Report = unreported, seconds: float | None = None) -> int:
    """Bring together every month that ended more than `after_days` before the latest entry; 0 leaves all as it is.

    What is written anew of such a month, because its outcome became known or a person set it right, has a file of its
    own until the next time.

    Args:
        memdir: The files.
        after_days: How old a month must be.
        report: Told of every damaged file; it stays where it is.
        seconds: After which no further month is begun; None for to the end.

    Returns:
        How many files went into their month's.

    Raises:
        MemoryUnavailable: the files cannot be read or written; nothing is lost.
    """
    started, today, gone = stopwatch(), memdir.latest_day(), 0
    if not after_days or today is None:
        return 0
    for kind, month in _loose(memdir.folders, today - timedelta(days=after_days)):
        if seconds is not None and stopwatch() - started > seconds:
            break
        gone += _bring_together(memdir, kind, month, report)
    return gone


def _loose(folders: Folders, before: date) -> list[tuple[Kind, date]]:
    """Kinds and months, by their first day, that ended before and of which entries have files of their own."""
    months = {(kind, day.replace(day=1)) for kind in GATHERED for day in folders.own_days(kind)}
    ended = ((kind, first) for kind, first in months if (first + timedelta(days=31)).replace(day=1) <= before)
    return sorted(ended, key=lambda found: (found[1], found[0].rank))


def _bring_together(memdir: Memdir, kind: Kind, month: date, report: Report) -> int:
    """How many files went into the month's."""
    folders = memdir.folders
    with folders.alone():
        days = [day for day in folders.own_days(kind) if day.replace(day=1) == month]
        loose = [path for day in days for path in folders.own(kind, day)]
        lines = {path: line for path in loose for line in _lines(memdir, path, report)}
        if lines:
            _add(folders.month_file(kind, month), {path.stem: line for path, line in lines.items()})
            for path in lines:
                path.unlink()
        home = folders.root / kind
        _clear(home, (home / day.isoformat() for day in days))
    return len(lines)


def _lines(memdir: Memdir, path: Path, report: Report) -> Iterator[bytes]:
    """The entry as a line, when it can be read, and its line reads the same."""
    for entry in memdir.load([path], report):
        line = as_line(entry)
        if MemoryEntry.model_validate_json(line) == entry:
            yield line


def _add(file: Path, lines: dict[str, bytes]) -> None:
    """Put the lines into the month's file, in the place of older ones of the same entries.

    Raises:
        OSError: it cannot be written, and stands as it was.
        MemoryUnavailable: the disk gave back something else than was written.
    """
    there = file.read_bytes() if file.exists() else b""
    content = without(there, lines) + b"".join(lines.values())
    write_whole(file, content)
    with file.open("rb") as written:
        if hashlib.file_digest(written, "sha256").digest() != hashlib.sha256(content).digest():
            raise MemoryUnavailable(f"{file} does not read back as it was written: check the disk")


def _clear(home: Path, emptied: Iterable[Path]) -> None:
    """Remove the folders, and what a writer that was killed left in them and above: nobody writes now."""
    folders = list(emptied)
    for left in (path for folder in (home, *folders) for path in folder.glob(".*.tmp")):
        left.unlink()
    for folder in folders:
        with suppress(OSError):  # a folder in which something else lies stays
            folder.rmdir()
