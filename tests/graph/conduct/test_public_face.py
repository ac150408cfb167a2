"""What latches a desk, and what does not, as a person sees it: `perun`, killed by SIGKILL and started again.

That one bad print trips nothing is shown in `test_breakers.py`: the recorded market has no moment but the close of a
session, and what is read on the close counts at once.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.wiring import open_floor
from support.floor import cycle, parts, settings

SCRIPT = Path(__file__).with_name("mortal_desks.py")
TESTS = Path(__file__).parents[2]
PERUN = Path(sys.executable).with_name("perun")
HALTED = 3
Killed = Callable[..., None]


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    """`killed(folder, "run", daily_loss_limit_percent="0.01")`: `perun run`, by a process that is killed at its end."""
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    command, pipe = [sys.executable, str(SCRIPT)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=surroundings, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        asked, answered = parent.stdin, parent.stdout

        def run(folder: Path, *command: str, **changes: str) -> None:
            asked.write(json.dumps({"folder": str(folder), "settings": changes, "command": command}) + "\n")
            asked.flush()
            assert int(answered.readline()) == -signal.SIGKILL

        yield run
        asked.close()


def perun(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The installed command, with nothing set but the desk's folder."""
    alone = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DATA_DIR": str(folder), "COLUMNS": "200"}
    line = [str(PERUN), *command]
    return subprocess.run(line, cwd=folder, env=alone, capture_output=True, text=True, timeout=100, check=False)


def told(folder: Path, *command: str) -> dict[str, Any]:
    """What the command says as JSON."""
    document: dict[str, Any] = json.loads(perun(folder, *command, "--json").stdout)
    return document


def test_when_halt_is_killed_as_soon_as_it_latched_then_the_desk_stays_halted_until_resume(
    tmp_path: Path, killed: Killed
) -> None:
    killed(tmp_path, "halt", "--reason", "a bad feeling")
    known = told(tmp_path, "status")
    assert (known["trading_state"], known["reason"]) == ("HALTED", "a bad feeling")
    refused = perun(tmp_path, "run")
    assert (refused.returncode, refused.stdout) == (HALTED, "")
    assert "halted: a bad feeling" in refused.stderr
    assert perun(tmp_path, "resume", "--reason", "I looked into it").returncode == 0
    assert told(tmp_path, "status")["trading_state"] == "ACTIVE"


def test_when_a_drawdown_latched_and_perun_run_was_killed_then_the_desk_stays_halted_until_resume(
    tmp_path: Path, killed: Killed
) -> None:
    killed(tmp_path, "run", max_drawdown_percent="0.001")
    known = told(tmp_path, "status")
    assert (known["trading_state"], [latch["kind"] for latch in known["latches"]]) == ("HALTED", ["drawdown"])
    refused = perun(tmp_path, "run")
    assert refused.returncode == HALTED
    assert "fall from the high-water mark of 100000 US dollars" in refused.stderr
    assert perun(tmp_path, "resume", "--reason", "I looked into it").returncode == 0
    assert told(tmp_path, "status")["latches"] == []


def test_when_the_session_was_lost_and_perun_run_was_killed_then_the_desk_only_reduces(
    tmp_path: Path, killed: Killed
) -> None:
    killed(tmp_path, "run", daily_loss_limit_percent="0.001")
    for _ in range(2):
        known = told(tmp_path, "status")
        assert known["trading_state"] == "REDUCING"
        assert [latch["kind"] for latch in known["latches"]] == ["daily_loss"]


@pytest.mark.parametrize("dollars", [-60_000, 60_000])
def test_when_money_is_paid_in_or_out_between_two_cycles_then_it_is_no_gain_and_no_loss(
    tmp_path: Path, dollars: int
) -> None:
    quiet = {"symbols": ("FB",), "embedded_start": "2012-06-01"}  # too young for a trend: nothing is held
    assert cycle(tmp_path, **quiet)["outcome"] == "held"
    pay(tmp_path, dollars)
    assert cycle(tmp_path, **quiet)["outcome"] == "held"
    known = told(tmp_path, "status")
    assert (known["trading_state"], known["latches"]) == ("ACTIVE", [])
    assert (Decimal(known["equity"]), Decimal(known["high_water"])) == (100_000 + dollars, 100_000 + dollars)
    assert (Decimal(known["drawdown_percent"]), Decimal(known["daily_loss_percent"])) == (0, 0)


def test_when_an_order_is_denied_then_why_shows_each_measure_against_its_limit(tmp_path: Path) -> None:
    document = cycle(tmp_path, slot="s", symbols=("AAPL",), max_open_positions="0", max_order_notional="1")
    (verdict,) = document["verdicts"]
    codes = {breach["code"] for breach in verdict["breaches"]}
    assert codes == {"MAX_OPEN_POSITIONS", "MAX_ORDER_NOTIONAL", "MINIMUM_QUANTITY"}
    short, full = (" ".join(perun(tmp_path, "why", "s/AAPL", *more).stdout.split()) for more in ((), ("--full",)))
    for breach in verdict["breaches"]:
        assert f"{breach['code']} {breach['measured']} against {breach['allowed']}" in short
        assert f"BREACH {breach['measured']}, allowed {breach['allowed']}" in full
    assert "AAPL DENIED" in full
    (shown,) = told(tmp_path, "why", "s/AAPL")["verdicts"]
    assert {check["code"] for check in shown["checks"] if not check["passed"]} == codes


def pay(folder: Path, dollars: int) -> None:
    """Money comes or goes at the broker, and nobody tells the desk."""
    with open_floor(settings(folder), parts()) as floor:
        exchange = floor.book._exchange  # type: ignore[attr-defined] # the embedded one
        books = exchange.books()
        standing = books.standing
        worth = {"cash": standing.cash + dollars, "last_equity": standing.last_equity + dollars}
        with exchange._store.writing():
            exchange._store.save(books, replace(books, standing=standing.model_copy(update=worth)))
