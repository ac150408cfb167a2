"""Who plays replays: this process, processes of this machine, `perun worker` processes, or a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from perun.graph.app.settings import Settings
from perun.graph.app.stage import Tell


@dataclass(frozen=True)
class Players:
    """Who a person wants to play."""

    workers: int | None = None
    """How many processes of this machine; unsaid, the `perun worker` processes at a shared database, or this one."""
    dask: str | None = None
    """The address of a Dask scheduler whose workers play instead."""


WHOEVER: Final = Players()
"""Nobody said who."""


@contextmanager
def playing(players: Players, settings: Settings, home: Path, tell: Tell) -> Iterator[Executor | None]:
    """The executor on which replays with their books below `home` are played; None when this process plays.

    Raises:
        ConfigurationError: what is needed for it is not installed, or the workers do not see that folder.
        Unavailable: nobody works there, or the shared database does not answer.
    """
    with ExitStack() as stack:
        if players.dask is not None:
            from perun.graph.app.cluster import cluster

            yield stack.enter_context(cluster(players.dask, home))
        elif players.workers is None and settings.database_url is not None:
            from perun.graph.app.evaluating import at_work

            yield stack.enter_context(at_work(settings, tell))
        elif players.workers in (None, 1):
            yield None
        else:
            # A process begun anew shares no lock and no connection with this one.
            yield stack.enter_context(ProcessPoolExecutor(players.workers, get_context("spawn")))
