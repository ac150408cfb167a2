"""Replays on a Dask cluster: the same bytes as here, and one clear line when the cluster cannot play them."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from perun.graph.app import cluster
from perun.graph.app.players import Players
from perun.graph.app.runs import play_all, runs
from perun.graph.app.stage import Wish, set_up
from perun.graph.replay.artifacts import RunTold
from perun.tools.domain.errors import ConfigurationError, Unavailable

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@contextmanager
def process(role: str, ready: str, folder: Path, *options: str) -> Iterator[None]:
    """A scheduler or a worker that works from that folder, from the line by which it says that it is ready."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--host", "127.0.0.1", "--no-dashboard", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder) as running:
        assert running.stderr is not None
        try:
            assert next(line for line in running.stderr if ready in line)
            yield
        finally:
            running.kill()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with process("scheduler", "Scheduler at", tmp_path_factory.mktemp("scheduler"), "--port", port, "--no-show"):
        yield f"tcp://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def address(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with a worker."""
    alone = ("--nthreads", "1", "--no-nanny")
    with process("worker", "Registered to", tmp_path_factory.mktemp("worker"), scheduler, *alone):
        yield scheduler


def told(out: Path, players: Players) -> list[RunTold]:
    """What came of two seeds; all that a replay writes follows from it."""
    stage, texts = set_up(Wish(date(2009, 6, 1), date(2009, 6, 3), ("IBM",), "baseline", 2, out=out), {})
    return play_all(list(runs(stage, texts)), stage.folder, lambda line: None, players)


def test_when_nobody_works_for_the_scheduler_then_it_is_told_how_to_begin_a_worker(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_SECONDS", 1)
    with pytest.raises(Unavailable, match=r"at tcp://127.* has no worker: dask worker tcp://127.* --nthreads 1"):
        told(tmp_path / "out", Players(dask=scheduler))


def test_when_a_cluster_plays_then_the_tables_are_those_of_one_process(tmp_path: Path, address: str) -> None:
    there = told(tmp_path / "there", Players(dask=address))
    assert [len(each.decisions) for each in there] == [2, 2]
    assert there == told(tmp_path / "here", Players(1))
    assert {each.name for each in (tmp_path / "there").iterdir()} == {"policy-0", "policy-1"}, "we see the books too"


def test_when_a_worker_does_not_see_our_folder_then_nothing_is_played(address: str) -> None:
    elsewhere = Path("/proc/self/cwd/out")  # for each process a folder of its own
    with pytest.raises(ConfigurationError, match=r"worker tcp://.* does not see /proc/self/cwd/out: name an --out"):
        told(elsewhere, Players(dask=address))
    assert not list(elsewhere.glob("*-*"))


def test_when_a_worker_has_several_threads_then_it_is_refused(tmp_path: Path, address: str) -> None:
    with (
        process("worker", "Registered to", tmp_path, address, "--nthreads", "2", "--no-nanny"),
        pytest.raises(ConfigurationError, match="has 2 threads: begin it with --nthreads 1"),
    ):
        told(tmp_path / "out", Players(dask=address))


def test_when_nobody_listens_or_the_address_is_none_then_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_SECONDS", 1)
    with pytest.raises(Unavailable, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 within 1 seconds"):
        told(tmp_path / "out", Players(dask="tcp://127.0.0.1:9"))
    with pytest.raises(ConfigurationError, match="name a scheduler such as"):
        told(tmp_path / "out", Players(dask="somewhere://else"))


def test_when_dask_is_not_installed_then_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'perun-trading\[dask\]'"):
        told(tmp_path / "out", Players(dask="tcp://127.0.0.1:8786"))
