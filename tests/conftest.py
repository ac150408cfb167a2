"""What every test may ask for: golden files, and the flag that rewrites them."""

from pathlib import Path

import pytest

from support.golden import Golden

GOLDEN_FILES = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the diff afterwards")
    parser.addoption("--examples", type=int, default=100_000, help="random desks that the slow gate tests try in all")
    parser.addoption("--daemon-seeds", type=int, default=5, help="daemons that the slow kill matrix brings down")
    parser.addoption("--shared-slots", type=int, default=9, help="slots that workers at one database share")
    parser.addoption("--salt", default="", help="makes the slow gate tests try the same desks again, by this name")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, text)` compares the text with `tests/golden/<name>`."""
    return Golden(GOLDEN_FILES, update=request.config.getoption("--update-golden"))
