"""A damaged ledger is moved aside, never emptied; while it lies there, no empty one takes its place."""

from datetime import UTC, datetime
from pathlib import Path

from perun.graph.ledger.sqlite import COMPANIONS
from perun.tools.domain.errors import ConfigurationError


def quarantine(path: Path, why: str, now: datetime) -> ConfigurationError:
    """Rename a database and its `-wal` to `<name>.damaged-<UTC stamp>`; returns the error that tells of it."""
    aside = _free_name(path, f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    for ending in COMPANIONS:
        if (part := _with_ending(path, ending)).exists():
            _set_aside(part, _with_ending(aside, ending))
    return ConfigurationError(f"the ledger {path} is damaged ({why}) and was moved to {aside}: {_way_out(path)}")


def refuse_beside_damaged(path: Path) -> None:
    """Refuse to begin an empty ledger where a damaged one still lies.

    Raises:
        ConfigurationError: a `<name>.damaged-*` file stands beside `path`.
    """
    if damaged := _damaged(path):
        raise ConfigurationError(f"the ledger {path} was damaged and lies at {damaged[0]}: {_way_out(path)}")


def has_lost_its_file(path: Path) -> bool:
    """True when the database's file is gone while writes that belong to it are left in its `-wal`."""
    wal = _with_ending(path, "-wal")
    return not path.exists() and wal.exists() and wal.stat().st_size > 0


def _set_aside(part: Path, aside: Path) -> None:
    if part.name.endswith("-shm") or (part.name.endswith("-wal") and part.stat().st_size == 0):
        part.unlink()  # An index that SQLite makes anew, or no writes at all.
    else:
        part.rename(aside)


def _damaged(path: Path) -> list[Path]:
    return sorted(file for file in path.parent.iterdir() if file.name.startswith(f"{path.name}.damaged-"))


def _free_name(path: Path, name: str) -> Path:
    taken = {file.name.removesuffix("-wal") for file in _damaged(path)}
    candidates = (name, *(f"{name}.{number}" for number in range(2, len(taken) + 2)))
    return path.with_name(next(free for free in candidates if free not in taken))


def _way_out(path: Path) -> str:
    return f"restore a backup to {path.name}, or move the damaged file away to start with an empty ledger"


def _with_ending(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
