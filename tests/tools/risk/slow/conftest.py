"""How many examples the large properties try, in all."""

import pytest


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """What `--examples` says: 100,000 unless told, 1,000,000 for the long run."""
    number: int = request.config.getoption("--examples")
    return number
