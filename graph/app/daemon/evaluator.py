"""Evaluations that a worker plays beside its slots: in a process of their own, at a lower priority, one at a time.

The process ends with the worker, wherever the replay stands: it is begun again elsewhere, to the same bytes.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

from perun.graph.app.daemon.executors import durable_url
from perun.graph.app.daemon.seats import seat
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.durable import open_player
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.graph.ledger.postgres import Server
from perun.tools.domain.errors import PerunError

_LOWER: Final = 10
"""By how much its priority lies below the worker's."""
_LOOK_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 30.0
"""Before a process that ended is begun again."""


@contextmanager
def evaluations(tell: Tell) -> Iterator[None]:
    """Play evaluations for as long as the block lasts."""
    ended = Event()
    keeper = Thread(target=_keep, args=(ended, tell), name="evaluations", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(ended: Event, tell: Tell) -> None:
    """Have the process run; one that ends by itself, as when the database went away, is begun again."""
    command = [sys.executable, "-m", __name__]
    while not ended.is_set():
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and not ended.wait(_LOOK_SECONDS):
                pass
            process.kill()
        if not ended.is_set():
            tell("evaluations", f"no evaluations are played for {_PAUSE_SECONDS:g} seconds (code {process.returncode})")
            ended.wait(_PAUSE_SECONDS)


@dataclass(frozen=True)
class SeatedPlayer:
    """Plays what comes to one seat."""

    settings: Settings
    seat: str

    def __call__(self, work: bytes) -> bytes:
        """What came of it; or the fault for which it cannot be played here, as text."""
        from perun.graph.app.evaluating import Evaluation, packed, unpacked

        evaluation: Evaluation = unpacked(work)
        home = self._home(evaluation.id.partition(":")[2])
        try:
            return packed(evaluation.staged(self.settings, home).play(lambda line: None))
        except PerunError as error:
            return packed(f"a perun worker cannot play it: {error}")

    def _home(self, name: str) -> Path:
        """Where it keeps its books; what was left of others is no longer needed."""
        home = data_folder(self.settings) / "var" / "evaluations" / self.seat / name
        for other in home.parent.glob("*"):
            if other != home:
                shutil.rmtree(other, ignore_errors=True)
        return home


def _serve() -> None:
    os.nice(_LOWER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at a terminal it is meant for the worker, who ends this
    Thread(target=_end_with_the_worker, name="the worker", daemon=True).start()
    settings = read_settings({}).settings
    url = durable_url(settings)
    with seat(Server.at(url)) as name, open_player(url, name, SeatedPlayer(settings, name)):
        Event().wait()


def _end_with_the_worker() -> None:
    os.read(sys.stdin.fileno(), 1)  # it says nothing; its end is the end of the worker, however that ended
    os._exit(0)


if __name__ == "__main__":
    try:
        _serve()
    except PerunError as error:
        sys.exit(error.exit_code)
