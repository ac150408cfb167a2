"""Bringing an index in line with the memory files: a little at each start, or all of it in a new one beside the old."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.index import Index
from perun.memory.memdir import Memdir, Report
from perun.memory.opening import IndexBusy, Place
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import MemoryUnavailable

_BATCH: Final = 64
"""Entries between two looks at the time: about a second."""

Progress = Callable[[int, int], None]
"""Told how many entries are in, of how many."""


def unseen(done: int, total: int) -> None:
    """Shows nobody how far it is."""


def bring_in_line(
    memdir: Memdir, index: Index, report: Report, seconds: float | None = None, progress: Progress = unseen
) -> tuple[int, int]:
    """Drop from the index what has no file, add what it lacks, latest days first; ids are compared, no file is read.

    Args:
        memdir: The files, which are right.
        index: What is brought in line.
        report: Told of every damaged file.
        seconds: After which it ends, done or not; None to the end.
        progress: Told after each batch.

    Returns:
        How many were added, and how many are lacking still because the time was over.
    """
    started, files, known = stopwatch(), memdir.files(), index.ids()
    index.forget(known - files.keys())
    missing = sorted((path for id_, path in files.items() if id_ not in known), key=_day, reverse=True)
    added = 0
    for start in range(0, len(missing), _BATCH):
        if seconds is not None and stopwatch() - started > seconds:
            return added, len(missing) - start
        added += index.add(memdir.load(missing[start : start + _BATCH], report))
        progress(len(files) - len(missing) + min(start + _BATCH, len(missing)), len(files))
    return added, 0


def rebuild(memdir: Memdir, place: Place, embedder: Embedder, report: Report, progress: Progress = unseen) -> int:
    """A whole new index beside the one in use, put in its place at the end; returns how many entries it holds.

    Interrupted, it goes on with what is there the next time, unless that was made with another model or is damaged.

    Raises:
        MemoryUnavailable: the files cannot be read, or another process holds either index.
    """
    beside = place.beside()
    index = ChromaIndex(beside, embedder)
    try:
        fill = partial(bring_in_line, memdir, index, report, progress=progress)
        try:
            index.ids()
        except IndexBusy:
            raise
        except MemoryUnavailable:
            beside.discard()
        fill()
        held = index.count()
    finally:
        index.close()
    place.replace_by_beside()
    return held


def _day(path: Path) -> str:
    return path.parent.name
