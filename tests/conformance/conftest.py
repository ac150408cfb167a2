"""Runs each contract test once for every broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.broker import BROKERS, BrokerUnderTest


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerUnderTest]:
    with BROKERS[request.param](tmp_path) as under_test:
        yield under_test
