"""A PostgreSQL server that the session shares."""

from collections.abc import Iterator

import pytest

from support.postgres import TestServer, running_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    with running_server() as server:
        yield server
