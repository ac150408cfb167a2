"""`perun run` when the disk is full, may not be written, or is held by another program: one line, and nothing lost."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("small_perun.py")
TESTS = Path(__file__).parents[2]
NO_MOUNT = "a small disk needs root and mount(8)"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(NO_MOUNT)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def perun(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    chosen = {"PYTHONPATH": paths, "DATA_DIR": str(folder), "LLM_PROVIDER": "baseline", **settings}
    command = [sys.executable, "-W", "ignore", str(SCRIPT), *words]
    return subprocess.run(
        command, env=clean | chosen, cwd=folder.parent, capture_output=True, text=True, timeout=120, check=False
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong; before it a run says only who it asks."""
    lines = [line for line in done.stderr.splitlines() if ", asking baseline" not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("perun: ")
    return lines[0]


def goes_on(folder: Path, **settings: str) -> None:
    """The desk works again, and everything that was recorded is whole."""
    done = perun(folder, "run", "--json", **settings)
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "traded"), done.stderr
    checks = {row["check"]: row for row in json.loads(perun(folder, "doctor", "--json", **settings).stdout)["checks"]}
    assert checks["ledger"]["ok"], checks["ledger"]


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many bytes free."""
    stat = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, stat.f_bavail * stat.f_frsize - leave)))
    return ballast


@pytest.mark.slow
@pytest.mark.parametrize("leave", [0, 400_000])
def test_when_the_disk_is_full_then_a_run_says_so_and_goes_on_when_there_is_room(disk: Path, leave: int) -> None:
    folder = disk / "data"
    first = perun(folder, "run", "--json")
    assert first.returncode == 0, first.stderr
    ballast = fill(disk, leave)
    done = perun(folder, "run", "--json")
    assert done.returncode in {2, 4, 5}, done.stderr
    if done.returncode != 5:
        assert "full" in complaint(done) or "No space left" in complaint(done)
    ballast.unlink()
    slot = [] if done.returncode == 5 else json.loads(perun(folder, "status", "--json").stdout)["interrupted_cycles"]
    for each in slot:  # done in part when the memory was out of reach before the ledger was
        assert perun(folder, "run", "--slot", each["slot"]).returncode in {0, 5}
    done = perun(folder, "run", "--json")
    assert done.returncode == 0, done.stderr
    checks = json.loads(perun(folder, "doctor", "--json").stdout)["checks"]
    assert {row["check"] for row in checks if not row["ok"]} == {"disk"}  # so small a disk is never roomy


def test_when_the_folder_may_not_be_written_then_a_run_says_so_and_goes_on_when_it_may(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = perun(disk / "data", "run", "--json")
    assert done.returncode == 2
    assert "DATA_DIR" in complaint(done)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    goes_on(disk / "data")


@pytest.mark.slow
def test_when_another_program_keeps_the_ledger_locked_then_a_run_says_so_and_goes_on_when_it_is_free(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    assert perun(folder, "halt", "--reason", "make a ledger").returncode == 0
    assert perun(folder, "resume", "--reason", "go").returncode == 0
    with closing(sqlite3.connect(folder / "var" / "perun.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = perun(folder, "run", "--json")
        assert done.returncode == 4
        assert "locked" in complaint(done)
    goes_on(folder)


def test_when_no_server_answers_then_a_run_says_so_without_the_password(tmp_path: Path) -> None:
    address = "postgresql://me:moth-lamp-41@127.0.0.1:9/desk"
    done = perun(tmp_path / "data", "run", "--json", DATABASE_URL=address)
    assert done.returncode == 4
    assert "cannot be used" in complaint(done)
    assert "moth-lamp-41" not in done.stderr + done.stdout
    wrong = perun(tmp_path / "data", "run", "--json", DATABASE_URL="mysql://me:moth-lamp-41@host/desk")
    assert wrong.returncode == 2
    assert "DATABASE_URL should be" in complaint(wrong)
    assert "moth-lamp-41" not in wrong.stderr + wrong.stdout
