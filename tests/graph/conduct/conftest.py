"""Desks whose account a test values."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.valued_desk import Opened, ValuedDesk


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """`opened(daily_loss=percent(3))` is a desk that was looked at twice, worth 100,000."""
    with ExitStack() as stack:

        def new(**lines: Any) -> ValuedDesk:
            desk = stack.enter_context(ValuedDesk(tmp_path, **lines))
            desk.look(100_000)
            desk.look(minutes=1)
            return desk

        yield new
