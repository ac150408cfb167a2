"""A fresh ledger in a folder of its own, or on a server, and a clock that stands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perun.graph.ledger.ledger import Ledger, Place, open_ledger
from perun.tools.domain.clock import StoppedClock
from support.postgres import TestServer, remote


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for a ledger gets one of each kind; whoever also looks into its file gets a file."""
    if "place" in metafunc.fixturenames:
        has_file = "path" in metafunc.function.__annotations__
        metafunc.parametrize("place", ["sqlite"] if has_file else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 11, 22, 17, 31, tzinfo=UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    server: TestServer = request.getfixturevalue("postgres")
    return remote(server.fresh(), tmp_path)


@pytest.fixture
def ledger(place: Place, clock: StoppedClock) -> Iterator[Ledger]:
    with open_ledger(place, clock) as opened:
        yield opened
