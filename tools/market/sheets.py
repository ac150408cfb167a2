"""One gzipped CSV file of a recorded market, and the hash that vouches for it."""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import Field

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.frozen import Frozen


class Sheet(Frozen):
    """What one file holds: its first and last day, how many rows, and the SHA-256 of the file as it lies on disk."""

    first: date
    last: date
    rows: int = Field(gt=0)
    sha256: str


def write_sheet(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Sheet:
    """Write rows, the day in their first column, oldest first; the same rows always give the same bytes."""
    packed = _pack([columns, *rows])
    (folder / _file(name)).write_bytes(packed)
    first, last = date.fromisoformat(rows[0][0]), date.fromisoformat(rows[-1][0])
    return Sheet(first=first, last=last, rows=len(rows), sha256=hashlib.sha256(packed).hexdigest())


def read_sheet(folder: Traversable, name: str, columns: Sequence[str], sheet: Sheet) -> Sequence[Sequence[str]]:
    """The rows without their header.

    Raises:
        ConfigurationError: the file is missing, damaged, or not what the sheet vouches for.
    """
    try:
        packed = (folder / _file(name)).read_bytes()
    except OSError as error:
        raise damaged(folder, name, error.strerror or "it cannot be read") from error
    if hashlib.sha256(packed).hexdigest() != sheet.sha256:
        raise damaged(folder, name, "its hash is not the manifest's")
    try:
        header, *rows = csv.reader(gzip.decompress(packed).decode().splitlines())
    except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:
        raise damaged(folder, name, "it does not unpack to CSV") from error
    if tuple(header) != tuple(columns):
        raise damaged(folder, name, f"its columns are not {','.join(columns)}")
    return rows


def damaged(folder: Traversable, name: str, reason: str) -> ConfigurationError:
    """The error that says which file cannot be used, why, and what to do."""
    return ConfigurationError(f"{folder / _file(name)} cannot be used: {reason}; restore it or import it again")


def _pack(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    packed = io.BytesIO()
    # No file name and no time in the header: otherwise the bytes would differ from one writing to the next.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(text.getvalue().encode())
    return packed.getvalue()


def _file(name: str) -> str:
    return f"{name}.csv.gz"
