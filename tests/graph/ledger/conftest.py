"""A fresh ledger in a folder of its own, and a clock that stands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.tools.domain.clock import StoppedClock


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 11, 22, 17, 31, tzinfo=UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path, clock: StoppedClock) -> Iterator[Ledger]:
    with open_ledger(path, clock) as opened:
        yield opened
