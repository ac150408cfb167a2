"""From settings to the memory: where its files and its index are, and how much may come to mind."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.graph.hushed import HushedMemdir
from perun.memory.chroma import ChromaIndex
from perun.memory.compaction import compact
from perun.memory.embedding import Embedder, Recent
from perun.memory.memdir import Memdir, Report, unreported
from perun.memory.opening import Directory, Place
from perun.memory.organizer import Organizer
from perun.memory.ranking import Weights
from perun.memory.recall import Bounds, Memory
from perun.memory.retention import let_go
from perun.memory.server import ChromaServer
from perun.memory.tags import with_own
from perun.tools.domain.errors import MemoryUnavailable


def memory_files(folder: Path) -> Memdir:
    """The entries' files in DATA_DIR."""
    return Memdir(folder / "memdir")


def index_place(settings: Settings, folder: Path) -> Place:
    """A directory in DATA_DIR, or the collection that CHROMA_URL names."""
    return ChromaServer.at(settings.chroma_url) if settings.chroma_url else Directory(folder / "chroma")


def memory_bounds(settings: Settings) -> Bounds:
    """How much comes to mind, and how long that may take."""
    return Bounds(
        hits=settings.memory_hits,
        recent=settings.memory_recent,
        characters=settings.memory_characters,
        seconds=settings.memory_timeout_seconds,
        weights=Weights(half_life_days=settings.memory_half_life_days),
    )


def the_memory(settings: Settings, folder: Path, embedder: Embedder, *, durable: bool = True) -> Memory:
    """Files, index and organizer, put together; nothing is opened yet. `durable` as for `Memdir`.

    Raises:
        ConfigurationError: DATA_DIR/tags.toml is not as it should be.
    """
    known = embedder if isinstance(embedder, Recent) else Recent(embedder)
    organizer = Organizer(known, with_own(folder / "tags.toml"))
    index = ChromaIndex(index_place(settings, folder), known)
    files = HushedMemdir(folder / "memdir", redaction(settings), durable=durable)
    return Memory(files, index, organizer, memory_bounds(settings))


def tidy(
    settings: Settings, folder: Path, report: Report = unreported, seconds: float | None = None
) -> tuple[int, int]:
    """Delete what is too old and bring old months together, as settings have it; how many entries either befell.

    Raises:
        MemoryUnavailable: the files cannot be read or written.
    """
    files = memory_files(folder)
    gone = let_go(files, settings.memory_keep_days)
    return gone, compact(files, settings.memory_compact_after_days, report, seconds)


@contextmanager
def open_memory(settings: Settings, folder: Path, embedder: Embedder, *, durable: bool = True) -> Iterator[Memory]:
    """The memory for a run: what is too old let go, its index brought in line with its files where that can be done."""
    memory = the_memory(settings, folder, embedder, durable=durable)
    try:
        with suppress(MemoryUnavailable):  # recall says so in the cycle's record
            tidy(settings, folder, seconds=settings.memory_timeout_seconds / 2)
            memory.catch_up()
        yield memory
    finally:
        with suppress(MemoryUnavailable):  # what could not be written is made again from the files
            memory.close()
