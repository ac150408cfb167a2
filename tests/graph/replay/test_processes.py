"""A replay in real processes: killed and begun again, or spread over several, it ends with the same bytes."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from perun.graph.app.backtesting import Wish, backtest
from perun.graph.app.players import Players

pytestmark = pytest.mark.slow
DAYS = ("--from", "2009-06-01", "--to", "2009-06-09")
PERUN = (sys.executable, "-c", "from perun.graph.app.cli import main; main()", "backtest")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def whole(out: Path, ends: int, seeds: int = 1, workers: int = 1) -> Path:
    wish = Wish(date(2009, 6, 1), date(2009, 6, ends), ("IBM",), "baseline", seeds, "shuffled", out, control_seed=3)
    backtest(wish, {}, lambda line: None, Players(workers))
    return out


def told(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_when_a_replay_is_killed_then_the_same_command_again_ends_with_the_same_bytes(tmp_path: Path) -> None:
    controls = ("--symbols", "IBM", "--provider", "baseline", "--shuffled", "--control-seed", "3")
    command = [*PERUN, *DAYS, *controls, "--out", str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert next(line for line in process.stderr if "(3 of 6)" in line)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not list((tmp_path / "killed").glob("*.csv"))
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "2009-06-01" not in again.stderr, "what was decided is not decided again"
    assert told(tmp_path / "killed") == told(whole(tmp_path / "whole", ends=9))


def test_when_runs_are_spread_over_processes_then_the_artifacts_are_the_same(tmp_path: Path) -> None:
    one, two = whole(tmp_path / "one", 3, seeds=2), whole(tmp_path / "two", 3, seeds=2, workers=2)
    assert told(one) == told(two)
    assert (two / "work" / "policy-1" / "var" / "perun.db").exists()
