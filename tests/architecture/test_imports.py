"""Imports point down, and the command line starts without the heavy libraries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from architecture.source import ROOT

HEAVY = (
    "alembic",
    "chromadb",
    "google",
    "langchain",
    "langchain_core",
    "langchain_google_genai",
    "langchain_openai",
    "langgraph",
    "numpy",
    "openai",
    "pandas",
    "sentence_transformers",
    "sqlalchemy",
    "torch",
    "transformers",
)
SMALL_HOUSE = (
    "agents",
    "graph",
    "memory",
    "tools",
    *(f"tools/{room}" for room in ("brokerage", "toolbox", "risk", "market", "research", "domain")),
)


def _heavy_after(code: str) -> list[str]:
    """The heavy libraries that a fresh interpreter has loaded after running the code."""
    tail = f"; import sys, json; print(json.dumps(sorted(set(sys.modules) & set({HEAVY}))), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(done.stderr.splitlines()[-1])
    return loaded


def _contracts(root: Path) -> subprocess.CompletedProcess[str]:
    """The import contracts of pyproject.toml, asked of the house that stands first on the path: the one in `root`."""
    first = f"import sys; sys.path.insert(0, {str(root)!r})"
    start = f"{first}; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", start, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def _build_small_house(root: Path) -> None:
    for room in SMALL_HOUSE:
        (root / "perun" / room).mkdir(parents=True)
        (root / "perun" / room / "__init__.py").touch()


@pytest.mark.parametrize(
    "code",
    [
        "import perun.graph.app.cli",
        "from perun.graph.app.cli import app; app(['--help'], standalone_mode=False)",
        "from perun.graph.app.cli import app; app(['config', 'schema'], standalone_mode=False)",
    ],
)
def test_when_the_command_line_starts_then_no_heavy_library_is_loaded(code: str) -> None:
    assert _heavy_after(code) == []


def test_when_a_heavy_library_is_imported_then_the_check_sees_it() -> None:
    assert _heavy_after("import sqlalchemy") == ["sqlalchemy"]


def test_when_the_house_is_read_then_the_import_contracts_hold() -> None:
    done = _contracts(ROOT)
    assert done.returncode == 0, done.stdout
    assert "Contracts: 2 kept" in done.stdout


def test_when_a_small_house_keeps_the_contracts_then_they_hold(tmp_path: Path) -> None:
    _build_small_house(tmp_path)
    (tmp_path / "perun/tools/brokerage/gated.py").write_text("import perun.tools.risk\nimport perun.tools.domain\n")
    (tmp_path / "perun/graph/cycle.py").write_text("import perun.agents\nimport perun.memory\nimport perun.tools\n")
    assert _contracts(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("room", "imported"),
    [
        ("agents", "perun.graph"),
        ("agents", "perun.memory"),
        ("memory", "perun.agents"),
        ("tools", "perun.agents"),
        ("tools/domain", "perun.tools.risk"),
        ("tools/risk", "perun.tools.market"),
        ("tools/market", "perun.tools.brokerage"),
    ],
)
def test_when_an_import_points_up_or_sideways_then_a_contract_breaks(room: str, imported: str, tmp_path: Path) -> None:
    _build_small_house(tmp_path)
    (tmp_path / "perun" / room / "climber.py").write_text(f"import {imported}\n")
    done = _contracts(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "climber -> " + imported in done.stdout
