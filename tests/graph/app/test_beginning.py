"""`perun init` begins a `.env` and never touches one that is there."""

import stat
from pathlib import Path

import pytest

from perun.graph.app.beginning import write_env
from perun.graph.app.env_example import render
from perun.tools.domain.errors import ConfigurationError


def test_when_there_is_no_env_then_it_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    document = write_env(tmp_path)
    written = tmp_path / ".env"
    assert document["file"] == str(written)
    assert written.read_text() == render()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_when_there_is_an_env_then_it_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALPACA_API_KEY=mine")
    with pytest.raises(ConfigurationError, match="there already"):
        write_env(tmp_path)
    assert (tmp_path / ".env").read_text() == "ALPACA_API_KEY=mine"


def test_when_the_folder_is_not_there_then_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be written \(No such file or directory\)"):
        write_env(tmp_path / "nowhere")
