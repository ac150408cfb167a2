"""A few recorded cycles, run once for all who only read them."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.looking import open_archive
from support.floor import cycle

SLOTS = ("first", "second", "third")


@pytest.fixture(scope="package")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with three cycles: the first watches AAPL and IBM and buys both, the others watch AAPL alone."""
    folder = tmp_path_factory.mktemp("recorded")
    for slot in SLOTS:
        cycle(folder, slot=slot, symbols=("AAPL", "IBM") if slot == "first" else ("AAPL",))
    return folder


@pytest.fixture
def archive(recorded: Path) -> Iterator[Archive]:
    """The record of those cycles, opened for looking only."""
    with open_archive(ledger_path(recorded)) as opened:
        yield opened


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    """The recorded cycles, for those who fork them."""
    copytree(recorded, tmp_path / "data")
    return tmp_path / "data"
