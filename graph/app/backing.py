"""`perun backup`: one archive of everything in DATA_DIR that cannot be made again, taken while the desk works.

To restore it, unpack it into an empty DATA_DIR (`tar -xzf FILE -C DATA_DIR`); `perun doctor` and `perun trace verify`
then say whether all is well. The index of the memory is not in it: it is made anew from the memory's files.
"""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from perun.graph.app.reading import read_settings
from perun.graph.app.wiring import data_folder, ledger_path
from perun.graph.desk import stamp
from perun.graph.ledger.looking import open_archive
from perun.memory.months import ENDING
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, PerunError

MANIFEST: Final = "backup.json"
_DATABASES: Final = ("var/exchange.db", "var/checkpoints.db", "var/perun.db")
"""In this order: an order is in the ledger before it is at the exchange, so the ledger knows of every order there."""
_FOLDERS: Final = ("memdir", "prompts", "var/research")
_FILES: Final = ("HALT", "*.toml")


def backup(file: Path, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Write the archive, and look its ledger through; a daemon may go on working.

    Returns:
        The document `perun.backup/1`.

    Raises:
        ConfigurationError: the file is there already or cannot be written, there is nothing to keep yet, or the ledger
            is on a server.
        PerunError: the copy of the ledger is not whole.
    """
    settings = read_settings(overrides).settings
    if settings.database_url is not None:
        raise ConfigurationError("the ledger is on the server of DATABASE_URL: back it up with pg_dump")
    folder = data_folder(settings)
    if not ledger_path(folder).exists():
        raise ConfigurationError(f"there is no ledger in {folder} yet: perun run makes one")
    if file.exists():
        raise ConfigurationError(f"{file} is there already and was left as it is: name another file")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".perun-backup-") as beside:
            return _archived(folder, file, Path(beside))
    except (OSError, tarfile.TarError) as error:
        raise ConfigurationError(f"{file} cannot be written ({error}): name another file, or make room") from error
    except sqlite3.Error as error:
        raise ConfigurationError(f"a database in {folder} cannot be copied ({error}): try again") from error


def _archived(folder: Path, file: Path, beside: Path) -> dict[str, Any]:
    copies = {name: _copy(folder / name, beside / name) for name in _DATABASES if (folder / name).exists()}
    events = _looked_through(copies["var/perun.db"])
    parts, unborn = [], beside / "archive.tar.gz"
    with tarfile.open(unborn, "w:gz") as archive:
        for name, path in [*copies.items(), *_loose(folder)]:
            content = path.read_bytes()
            parts.append({"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
            _add(archive, name, content)
        manifest = {"schema": "perun.backup/1", "taken_at": stamp(SystemClock().now()), "events": events}
        _add(archive, MANIFEST, json.dumps({**manifest, "parts": parts}, indent=2).encode())
    _make_durable(unborn)
    unborn.rename(file)
    return {**manifest, "file": str(file), "bytes": file.stat().st_size, "files": len(parts)}


def _copy(path: Path, copy: Path) -> Path:
    """A copy through SQLite's own means: one state of the database, however much is written to it meanwhile."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    reading = f"{path.as_uri()}?mode=ro"
    with closing(sqlite3.connect(reading, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # else what is written last may lie in a file beside it
    return copy


def _looked_through(ledger: Path) -> int:
    """How many events the copied ledger holds."""
    with open_archive(ledger) as archive:
        streams = archive.streams()
        broken = [fault for stream in streams if (fault := archive.events.verify(stream))]
        if broken:
            raise PerunError(f"the ledger is not whole, and no backup was made: {broken[0]}")
        return sum(archive.length(stream) for stream in streams)


def _loose(folder: Path) -> Iterator[tuple[str, Path]]:
    for pattern in _FILES:
        for path in sorted(folder.glob(pattern)):
            yield path.name, path
    for each in _FOLDERS:
        # Months' files last: what is brought together meanwhile is missed with its own name, and found there.
        for found in (lambda path: path.suffix != ENDING, lambda path: path.suffix == ENDING):
            for path in sorted(filter(found, (folder / each).rglob("*"))):
                if path.is_file() and not path.name.startswith("."):
                    yield path.relative_to(folder).as_posix(), path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


def _make_durable(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
