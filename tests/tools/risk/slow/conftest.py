"""How much the large properties try: as the command line says."""

import pytest

from support.effort import Effort


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Effort:
    """What `--examples` and `--salt` say."""
    return Effort(request.config.getoption("--examples"), request.config.getoption("--salt"))
