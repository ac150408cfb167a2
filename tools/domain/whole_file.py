"""A file that is whole or not there, whatever happens: written beside, and put in its place by one rename."""

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Put the content under that name: a reader sees what was there before, or all of the new.

    Args:
        path: Where; its folder is there.
        content: Text is written as UTF-8, its line ends as they are.
        durable: It is on the disk when this returns. Without it a loss of power may take the new content.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    beside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    if durable:
        _sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make the folder and what is missing above it, each name durable in the folder that holds it.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
