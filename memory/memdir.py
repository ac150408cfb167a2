"""One JSON file per entry, written atomically: the source of truth of the memory."""

import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope, folder_day
from perun.tools.domain.errors import MemoryUnavailable

LOOK_BACK: Final = 1000
"""Files that a walk back in time reads before it gives up: about 0.1 s."""


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
    """The entries under one folder, as `<kind>/<as_of's date in UTC>/<id>.json`.

    A damaged file is reported and passed over. Every method raises MemoryUnavailable when the folder itself fails.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, entry: MemoryEntry) -> Path:
        """Put the entry on disk; durable, and whole or absent, whatever happens. Writing it again changes nothing."""
        path = self._path(entry.kind, folder_day(entry.as_of), entry.id)
        written = self._load(path, unreported)
        if written is not None and written.model_copy(update={"written_at": entry.written_at}) == entry:
            return path
        with _disk(self._root):
            _make_folder(path.parent)
            _replace(path, entry.model_dump_json(indent=2) + "\n")
        return path

    def read(self, entry_id: str, day: date | None = None, report: Report = unreported) -> MemoryEntry | None:
        """The entry with that id, or None when there is none. `day`, its `folder_day`, spares a search."""
        try:
            kind = Kind(entry_id.partition("-")[0])
        except ValueError:
            return None
        days = self._days({kind}) if day is None else [day]
        found = (self._load(self._path(kind, each, entry_id), report) for each in days)
        return next((entry for entry in found if entry is not None), None)

    def entries(self, report: Report) -> Iterator[MemoryEntry]:
        """Every entry that can be read, by kind, day and id."""
        return self.load(self.files().values(), report)

    def load(self, paths: Iterable[Path], report: Report) -> Iterator[MemoryEntry]:
        """The entries in these files."""
        return (entry for path in paths if (entry := self._load(path, report)) is not None)

    def files(self) -> dict[str, Path]:
        """Where each id lies, by kind, day and id; nothing is read."""
        paths = (path for kind in Kind for day in reversed(self._days({kind})) for path in self._folder(kind, day))
        return {path.stem: path for path in paths}

    def latest_day(self) -> date | None:
        """The latest day that has a folder; None when there is none."""
        return next(iter(self._days(tuple(Kind))), None)

    def drop(self, kinds: Collection[Kind], before: date) -> int:
        """Delete the entries of these kinds from days before that one; returns how many there were."""
        doomed = [(kind, day) for kind in kinds for day in self._days({kind}) if day < before]
        files = [path for kind, day in doomed for path in self._folder(kind, day)]
        with _disk(self._root):
            for path in files:
                path.unlink(missing_ok=True)
            for kind, day in doomed:
                with suppress(OSError):  # a folder in which something else lies stays
                    (self._root / kind / day.isoformat()).rmdir()
        return len(files)

    def newest(self, scope: Scope, report: Report) -> Iterator[MemoryEntry]:
        """The entries in scope, latest first; equal times by the kinds' rank, then by id.

        Reads one day at a time, backwards, and only as many as are asked for; gives up after LOOK_BACK files.
        """
        seen = 0
        for day in self._days(scope.kinds):
            if day > folder_day(scope.until) or seen >= LOOK_BACK:
                continue
            paths = [path for kind in scope.kinds for path in self._folder(kind, day)]
            seen += len(paths)
            found = [entry for entry in self.load(paths, report) if scope.holds(entry)]
            yield from sorted(found, key=lambda entry: (-entry.as_of.timestamp(), entry.kind.rank, entry.id))

    def _path(self, kind: Kind, day: date, entry_id: str) -> Path:
        return self._root / kind / day.isoformat() / f"{entry_id}.json"

    def _days(self, kinds: Collection[Kind]) -> list[date]:
        """The days that have a folder in any of these kinds, latest first."""
        names = {name for kind in kinds for name in self._names(self._root / kind)}
        return sorted((day for name in names if (day := _day(name))), reverse=True)

    def _folder(self, kind: Kind, day: date) -> list[Path]:
        folder = self._root / kind / day.isoformat()
        names = (name for name in self._names(folder) if name.endswith(".json") and not name.startswith("."))
        return [folder / name for name in sorted(names)]

    def _names(self, folder: Path) -> list[str]:
        with _disk(self._root):
            try:
                return os.listdir(folder)
            except (FileNotFoundError, NotADirectoryError):
                return []

    def _load(self, path: Path, report: Report) -> MemoryEntry | None:
        try:
            entry = MemoryEntry.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            report(Damage(path, error.errors()[0]["msg"]))
            return None
        except OSError as error:
            report(Damage(path, error.strerror or str(error)))
            return None
        if path != self._path(entry.kind, folder_day(entry.as_of), entry.id):
            report(Damage(path, f"holds the entry '{entry.id}' of {folder_day(entry.as_of)}, which belongs elsewhere"))
            return None
        return entry


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise MemoryUnavailable(f"the memory files in {root} cannot be used ({reason}): check the disk") from error


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _make_folder(folder: Path) -> None:
    """Make the folder and what is missing above it, each name durable in the folder that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _replace(path: Path, text: str) -> None:
    """Write beside, sync, rename, sync the folder: a reader sees the old file or the whole new one."""
    beside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
