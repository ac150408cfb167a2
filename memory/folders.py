"""Which entries lie where: the folders of days, the files of old months, and the lock of whoever writes there."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from perun.memory.entries import Kind
from perun.memory.months import ENDING, Months
from perun.tools.domain.errors import MemoryUnavailable

_PATIENCE: Final = 10.0
"""Seconds in which another process has written its entry, or brought a month together."""
_PAUSE: Final = 0.01


class Folders:
    """`<kind>/<day>/<id>.json` for each entry, or a line of `<kind>/<month>.jsonl`; the first path names it either way.

    Of an entry that lies in both, the file of its own counts: it is the newer. Every method raises MemoryUnavailable
    when the disk fails.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._months = Months()

    def path(self, kind: Kind, day: date, entry_id: str) -> Path:
        """What names the entry."""
        return _named(self.root, kind, day.isoformat(), f"{entry_id}.json")

    def month_file(self, kind: Kind, month: date) -> Path:
        """Where the entries of the month, told by any of its days, lie together."""
        return self.root / kind / f"{month:%Y-%m}{ENDING}"

    def month_files(self, kind: Kind) -> list[Path]:
        """Every such file, the oldest first."""
        names = sorted(name for name in self._names(self.root / kind) if _month(name))
        return [self.root / kind / name for name in names]

    def own_days(self, kind: Kind) -> list[date]:
        """Days with a folder for files of entries' own, in no order."""
        return [day for name in self._names(self.root / kind) if (day := _day(name))]

    def days(self, kinds: Collection[Kind], until: date = date.max) -> Iterator[date]:
        """The days up to that one that have entries of any of these kinds, latest first; a month at a time is read."""
        names = {name for kind in kinds for name in self._names(self.root / kind)}
        own = {day for name in names if (day := _day(name))}
        months = {month for name in names if (month := _month(name))}
        if not months:
            yield from sorted((day for day in own if day <= until), reverse=True)
            return
        found: dict[date, set[date]] = {month: set() for month in months}
        for day in own:
            found.setdefault(day.replace(day=1), set()).add(day)
        for month in sorted((month for month in found if month <= until), reverse=True):
            together = {day for kind in kinds for day in self._gathered(self.month_file(kind, month))}
            yield from sorted((day for day in found[month] | together if day <= until), reverse=True)

    def own(self, kind: Kind, day: date) -> list[Path]:
        """The files of the day's entries that have one of their own."""
        folder = day.isoformat()
        return [_named(self.root, kind, folder, name) for name in sorted(self._own_names(kind, folder))]

    def of_day(self, kind: Kind, day: date) -> list[Path]:
        """What names the day's entries, by id."""
        folder, together = day.isoformat(), self._gathered(self.month_file(kind, day)).get(day, ())
        # Names are sorted, not paths: those take ten times as long, and a cycle looks at many days.
        names = sorted({*self._own_names(kind, folder), *(f"{id_}.json" for id_ in together)})
        return [_named(self.root, kind, folder, name) for name in names]

    def search(self, kind: Kind, entry_id: str) -> Iterator[Path]:
        """What may name the entry, the latest first; those with a file of their own before the others."""
        for day in sorted(self.own_days(kind), reverse=True):
            path = self.path(kind, day, entry_id)
            if path.exists():  # nearly all have no such file, and to try to read it costs ten times as much
                yield path
        for file in reversed(self.month_files(kind)):
            with self.disk():
                line = self._months.contents(file).lines.get(entry_id)
            if line:
                yield self.path(kind, line.day, entry_id)

    def text(self, path: Path) -> bytes | None:
        """The entry that the path names, as JSON; None when there is none.

        Raises:
            OSError: the file that holds it cannot be read.
        """
        try:
            return path.read_bytes()
        except FileNotFoundError:  # in this order: whoever brings a month together deletes last
            return self._months.text(path.parents[1] / f"{path.parent.name[:7]}{ENDING}", path.stem)

    def torn(self, file: Path) -> tuple[int, ...]:
        """Numbers of the lines in a month's file that are no entry's."""
        with self.disk():
            return self._months.contents(file).torn

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes here in this block; a lock that the system takes from a dead process."""
        from filelock import FileLock, Timeout

        with self.disk():
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / ".lock")
            try:
                lock.acquire(timeout=_PATIENCE, poll_interval=_PAUSE)
            except Timeout as error:
                raise MemoryUnavailable(f"another process writes in {self.root}: wait until it ends") from error
            try:
                yield
            finally:
                lock.release()

    @contextmanager
    def disk(self) -> Iterator[None]:
        """What the disk refuses in this block leaves as MemoryUnavailable."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise MemoryUnavailable(
                f"the memory files in {self.root} cannot be used ({reason}): check the disk"
            ) from error

    def _gathered(self, file: Path) -> dict[date, tuple[str, ...]]:
        with self.disk():
            return dict(self._months.contents(file).by_day)

    def _own_names(self, kind: Kind, folder: str) -> Iterator[str]:
        names = self._names(self.root / kind / folder)
        return (name for name in names if name.endswith(".json") and not name.startswith("."))

    def _names(self, folder: Path) -> list[str]:
        with self.disk():
            try:
                return os.listdir(folder)
            except (FileNotFoundError, NotADirectoryError):
                return []


@lru_cache(maxsize=32768)  # to put a path together takes longer than to ask whether its file is still the same
def _named(root: Path, kind: Kind, folder: str, name: str) -> Path:
    return root / kind / folder / name


@lru_cache(maxsize=16384)  # a name is the same day for ever, and each recall asks for all of them
def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def _month(name: str) -> date | None:
    return _day(f"{name.removesuffix(ENDING)}-01") if name.endswith(ENDING) else None
