"""Whether the index's binary files are still as they were when it was last closed."""

import hashlib
import json
from pathlib import Path
from typing import Final

from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.whole_file import write_whole

_NAME: Final = "seal.json"


def put_seal(directory: Path) -> None:
    """Note the hash of every binary file, whole or not at all. Nobody may write to the directory until `break_seal`."""
    write_whole(directory / _NAME, json.dumps(_hashes(directory), indent=2), durable=False)


def check_seal(directory: Path) -> None:
    """Refuse files that changed since they were sealed; without a seal (the last user was killed) they are trusted.

    Chroma reads its graph of vectors without checking it, and a damaged one ends the whole process with SIGSEGV.

    Raises:
        MemoryUnavailable: a file changed, or is missing.
    """
    seal = directory / _NAME
    if seal.exists() and json.loads(seal.read_text()) != _hashes(directory):
        raise MemoryUnavailable(
            f"the memory index in {directory} was changed from outside: "
            "`perun memory reindex` makes it anew from the memory files"
        )


def is_sealed(directory: Path) -> bool:
    """True when the last user closed it well, or it is in use by nobody yet."""
    return (directory / _NAME).exists()


def break_seal(directory: Path) -> None:
    """Allow the files to change from here on."""
    (directory / _NAME).unlink(missing_ok=True)


def _hashes(directory: Path) -> dict[str, str]:
    hashes = {}
    for path in sorted(directory.glob("*/*.bin")):
        with path.open("rb") as file:
            hashes[path.relative_to(directory).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes
