"""One desk for each account: who waits learns who has it, and a dead process has nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perun.graph.ledger.postgres import Server
from perun.graph.tenure import take
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import LedgerUnavailable
from support.postgres import TestServer

CLOCK = StoppedClock(datetime(2026, 11, 22, 17, 31, tzinfo=UTC))
HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from perun.graph.ledger.postgres import Server
from perun.graph.tenure import take
from perun.tools.domain.clock import StoppedClock
place = Server.at(sys.argv[1]) if "://" in sys.argv[1] else Path(sys.argv[1])
with take("acc", place, 1, StoppedClock(datetime(2026, 11, 22, 17, 31, tzinfo=UTC)), "schedule", lambda _: None):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Server:
    if request.param == "file":
        return tmp_path
    server: TestServer = request.getfixturevalue("postgres")
    return Server.at(server.fresh())


@contextmanager
def held(place: Path | Server) -> Iterator[subprocess.Popen[str]]:
    where = place.address if isinstance(place, Server) else str(place)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER, where], **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def desk(place: Path | Server, account: str = "acc", seconds: float = 0.4):
    return take(account, place, seconds, CLOCK, "run", lambda _: None)


def test_when_another_process_has_the_desk_then_the_line_names_it(place: Path | Server) -> None:
    with held(place) as process, pytest.raises(LedgerUnavailable) as refusal, desk(place):
        pass
    assert refusal.value.exit_code == 4
    said = str(refusal.value)
    assert re.search(rf"perun schedule \(pid {process.pid} on \S+, since 2026-11-22T17:31:00Z\)", said), said


def test_when_the_process_that_has_the_desk_is_killed_then_the_next_one_has_it(place: Path | Server) -> None:
    with held(place) as process:
        process.kill()
        process.wait()
        with desk(place, seconds=30) as tenure:
            tenure.confirm()


def test_when_the_desk_was_given_back_then_it_is_free(place: Path | Server) -> None:
    for _ in range(2):
        with desk(place) as tenure:
            assert tenure.account == "acc"


def test_when_the_accounts_differ_then_each_has_its_desk(place: Path | Server) -> None:
    with held(place), desk(place, "other"):
        pass


def test_when_the_server_ends_the_connection_then_the_desk_is_lost_and_says_so(postgres: TestServer) -> None:
    place = Server.at(postgres.fresh())
    with desk(place) as tenure:
        tenure.confirm()
        postgres.do("postgres", "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with pytest.raises(LedgerUnavailable, match="was lost with its connection"):
            tenure.confirm()
