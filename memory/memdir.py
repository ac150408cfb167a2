"""The entries on disk, the source of truth of the memory: a JSON file for each, or a line in the file of its month."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.folders import Folders
from perun.memory.index import Scope, folder_day
from perun.tools.domain.whole_file import make_folder, write_whole

LOOK_BACK: Final = 1000
"""Entries that a walk back in time reads before it gives up: about 0.1 s."""

_REMEMBERED: Final = 4096
"""Entries that are kept parsed: what a desk of twenty symbols looks at in a cycle, some 20 MB."""

_Version = tuple[int, int, int, int]
"""Tells a file from what stood under its name before: every writing makes a new file, with another inode and time."""


@dataclass(frozen=True)
class Damage:
    """A file that should hold an entry and does not."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


Report = Callable[[Damage], None]


def unreported(damage: Damage) -> None:
    """Takes no notice of a damaged file."""


class Memdir:
    """The entries under one folder; where each lies, `Folders` says. A damaged file is reported and passed over.

    Every method raises MemoryUnavailable when the folder itself fails.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.folders = Folders(root)
        self._durable = durable
        """Without it what is written outlives this process, but not a loss of power."""
        self._parsed: dict[str, tuple[_Version, MemoryEntry]] = {}

    def write(self, entry: MemoryEntry) -> Path:
        """Put the entry on disk; durable, and whole or absent, whatever happens. Writing it again changes nothing."""
        [path] = self.write_all([entry])
        return path

    def write_all(self, entries: Iterable[MemoryEntry]) -> list[Path]:
        """Put the entries on disk as `write` does, while nobody else writes; those before a failure are safe."""
        with self.folders.alone():
            return [self._put(entry) for entry in entries]

    def _put(self, entry: MemoryEntry) -> Path:
        path = self._path(entry)
        written = self._load(path, unreported)
        if written is None or written.model_copy(update={"written_at": entry.written_at}) != entry:
            if self._durable:
                make_folder(path.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, entry.model_dump_json(indent=2) + "\n", durable=self._durable)
        return path

    def read(self, entry_id: str, day: date | None = None, report: Report = unreported) -> MemoryEntry | None:
        """The entry with that id, or None when there is none. `day`, its `folder_day`, spares a search."""
        try:
            kind = Kind(entry_id.partition("-")[0])
        except ValueError:
            return None
        found = self.folders.search(kind, entry_id) if day is None else [self.folders.path(kind, day, entry_id)]
        return next(self.load(found, report), None)

    def entries(self, report: Report) -> Iterator[MemoryEntry]:
        """Every entry that can be read, by kind, day and id."""
        for file in (file for kind in Kind for file in self.folders.month_files(kind)):
            for number in self.folders.torn(file):
                report(Damage(file, f"line {number} is no entry"))
        return self.load(self.files().values(), report)

    def load(self, paths: Iterable[Path], report: Report) -> Iterator[MemoryEntry]:
        """The entries that these paths name."""
        return (entry for path in paths if (entry := self._load(path, report)) is not None)

    def files(self) -> dict[str, Path]:
        """What names each id, by kind, day and id; no entry is read."""
        where = self.folders
        paths = (path for kind in Kind for day in sorted(where.days({kind})) for path in where.of_day(kind, day))
        return {path.stem: path for path in paths}

    def latest_day(self) -> date | None:
        """The latest day of which there is anything; None when there is none."""
        return next(self.folders.days(tuple(Kind)), None)

    def newest(self, scope: Scope, report: Report) -> Iterator[MemoryEntry]:
        """The entries in scope, latest first; equal times by the kinds' rank, then by id.

        Reads one day at a time, backwards, and only as many as are asked for; gives up after LOOK_BACK entries.
        """
        seen = 0
        for day in self.folders.days(scope.kinds, folder_day(scope.until)):
            if seen >= LOOK_BACK:
                return
            paths = self._of_day(day, scope)
            seen += len(paths)
            yield from self._in_scope(paths, scope, report)

    def on(self, day: date, scope: Scope, report: Report) -> list[MemoryEntry]:
        """The day's entries in scope, in the order of `newest`; no other day is looked at."""
        return self._in_scope(self._of_day(day, scope), scope, report)

    def _of_day(self, day: date, scope: Scope) -> list[Path]:
        return [path for kind in scope.kinds for path in self.folders.of_day(kind, day)]

    def _in_scope(self, paths: Iterable[Path], scope: Scope, report: Report) -> list[MemoryEntry]:
        found = [entry for entry in self.load(paths, report) if scope.holds(entry)]
        return sorted(found, key=lambda entry: (-entry.as_of.timestamp(), entry.kind.rank, entry.id))

    def _path(self, entry: MemoryEntry) -> Path:
        return self.folders.path(entry.kind, folder_day(entry.as_of), entry.id)

    def _load(self, path: Path, report: Report) -> MemoryEntry | None:
        """The entry that the path names. Parsed once for each version of its file: a cycle looks at many again."""
        version = _version(path)
        known = self._parsed.get(str(path))
        if version and known and known[0] == version:
            return known[1]
        entry = self._read(path, report)
        if version and entry:
            if len(self._parsed) >= _REMEMBERED:
                self._parsed.clear()
            self._parsed[str(path)] = version, entry
        return entry

    def _read(self, path: Path, report: Report) -> MemoryEntry | None:
        try:
            text = self.folders.text(path)
            entry = None if text is None else MemoryEntry.model_validate_json(text)
        except ValidationError as error:
            report(Damage(path, error.errors()[0]["msg"]))
            return None
        except OSError as error:
            report(Damage(path, error.strerror or str(error)))
            return None
        if entry is not None and path != self._path(entry):
            report(Damage(path, f"holds the entry '{entry.id}' of {folder_day(entry.as_of)}, which belongs elsewhere"))
            return None
        return entry


def _version(path: Path) -> _Version | None:
    """None where no file of that name can be seen: then it is looked for in the file of its month."""
    try:
        told = os.stat(path)
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_ctime_ns, told.st_size
