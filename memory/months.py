"""A month's entries of one kind in one file: a JSON line each, found by the id and the time with which it begins."""

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from perun.memory.entries import MemoryEntry
from perun.memory.index import folder_day

ENDING: Final = ".jsonl"
_HEAD: Final = re.compile(rb'\{"id":"([a-z]+-[0-9a-f]{12})","as_of":"([^"]{1,40})",')
_REMEMBERED: Final = 64
"""Files of which it is remembered what stands where: some 20 MB."""

_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """Where an entry's line stands in its file, and the day under which the entry is kept."""

    day: date
    start: int
    length: int


@dataclass(frozen=True)
class Contents:
    """What a month's file holds."""

    lines: Mapping[str, Line]
    """By the entry's id; of two the last counts."""
    torn: tuple[int, ...] = ()
    """Numbers of the lines that begin otherwise than an entry does, from 1."""

    @cached_property
    def by_day(self) -> Mapping[date, tuple[str, ...]]:
        """Ids of each day's entries."""
        found: dict[date, list[str]] = {}
        for entry_id, line in self.lines.items():
            found.setdefault(line.day, []).append(entry_id)
        return {day: tuple(ids) for day, ids in found.items()}


class Months:
    """Reads months' files. Where a line stands is looked up anew when the file was replaced meanwhile.

    Every method raises OSError when a file that is there cannot be read.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_Version, Contents]] = {}

    def contents(self, path: Path) -> Contents:
        """What the file holds; nothing when there is none."""
        try:
            with path.open("rb") as file:
                return self._contents(path, file)
        except FileNotFoundError:
            return Contents({})

    def text(self, path: Path, entry_id: str) -> bytes | None:
        """The entry as JSON; None when the file has none, or there is no file."""
        try:
            with path.open("rb") as file:
                line = self._contents(path, file).lines.get(entry_id)
                if line is None:
                    return None
                file.seek(line.start)
                return file.read(line.length)
        except FileNotFoundError:
            return None

    def _contents(self, path: Path, file: BinaryIO) -> Contents:
        told = os.fstat(file.fileno())
        version = (told.st_ino, told.st_mtime_ns, told.st_size)
        known = self._known.get(path)
        if known is not None and known[0] == version:
            return known[1]
        contents = _contents_of(file)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[path] = version, contents
        return contents


def as_line(entry: MemoryEntry) -> bytes:
    """The entry as one line that begins with its id and its time."""
    told = entry.model_dump(mode="json")
    head = {"id": told["id"], "as_of": told["as_of"]}
    return json.dumps(head | told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def without(content: bytes, ids: Collection[str]) -> bytes:
    """A month's file without the lines of these entries. Torn lines stay as they are: a person may mend them."""
    return b"".join(line for line in _whole_lines(content) if _id(line) not in ids)


def _whole_lines(content: bytes) -> Iterator[bytes]:
    """Each line with its end, the last one too."""
    for line in content.splitlines(keepends=True):
        yield line if line.endswith((b"\n", b"\r")) else line + b"\n"


def _id(line: bytes) -> str | None:
    head = _HEAD.match(line)
    return head[1].decode() if head else None


def _contents_of(file: BinaryIO) -> Contents:
    lines, torn, start = {}, [], 0
    for number, text in enumerate(file, 1):
        head = _HEAD.match(text)
        day = _day(head[2].decode(errors="replace")) if head else None
        if head and day:
            lines[head[1].decode()] = Line(day, start, len(text))
        elif text.strip():
            torn.append(number)
        start += len(text)
    return Contents(lines, tuple(torn))


def _day(as_of: str) -> date | None:
    try:
        instant = datetime.fromisoformat(as_of)
    except ValueError:
        return None
    return folder_day(instant) if instant.tzinfo else None
