"""Blank paper behind the last entry: Chroma writes memory of this process into its files that nobody ever filled.

A new index is written with room for a hundred vectors before the first is in it. That room is not cleared: what some
other part of the process had freed a moment ago, a request with its key among it, would stand in `length.bin` and
`data_level0.bin`.
"""

import struct
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<i4Q")
"""Version, offset, room, entries, and bytes of an entry in `data_level0.bin`."""
_VERSION: Final = 1
_BYTES_OF_A_LENGTH: Final = 4


def blank_unused(path: Path) -> None:
    """Clear what stands behind the last entry in the files of every index in the directory.

    Raises:
        OSError: a file cannot be read or written.
    """
    for header in path.glob("*/header.bin"):
        told = header.read_bytes()[: _HEADER.size]
        if len(told) < _HEADER.size:
            continue  # Chroma itself will refuse it
        version, _, _, held, size = _HEADER.unpack(told)
        if version == _VERSION:
            _blank(header.with_name("data_level0.bin"), held * size)
            _blank(header.with_name("length.bin"), held * _BYTES_OF_A_LENGTH)


def _blank(path: Path, start: int) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.seek(start)
        if any(rest := file.read()):
            file.seek(start)
            file.write(bytes(len(rest)))
