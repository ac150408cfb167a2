"""A person's own sectors, in DATA_DIR/sectors.csv: gate, wire and tools count by them alike."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import Runtime

from perun.graph import builder
from perun.graph.desk import Desk
from perun.graph.shelves import seen_then
from perun.graph.state import CycleState
from perun.tools.domain.errors import ConfigurationError
from support.floor import cycle

SYMBOLS = ("AAPL", "GOOG", "IBM")
"""Two of information technology with one of communication services between them; the trend of each is up."""
LEAST = {"max_sector_percent": "20"}


def bought(folder: Path, own: str = "", **lines: Any) -> dict[str, Decimal]:
    """Shares of each symbol that stood at the exchange after a cycle with a person's own list."""
    folder.mkdir(exist_ok=True)
    (folder / "sectors.csv").write_text(own)
    document = cycle(folder, symbols=SYMBOLS, **lines)
    return {order["symbol"]: Decimal(order["qty"]) for order in document["orders"]}


def test_when_a_person_lists_a_symbol_elsewhere_then_neither_gate_nor_wire_counts_it_in_its_old_sector(
    tmp_path: Path,
) -> None:
    free = bought(tmp_path / "free")
    listed = bought(tmp_path / "listed", **LEAST)
    apart = bought(tmp_path / "apart", "IBM,Computers\n", **LEAST)
    assert listed["IBM"] < free["IBM"], "what AAPL fills of the sector, IBM may not"
    assert apart == free


def test_when_a_person_lists_a_symbol_in_a_fuller_sector_then_less_of_it_is_bought(tmp_path: Path) -> None:
    alone = bought(tmp_path / "alone", **LEAST)
    together = bought(tmp_path / "together", "GOOG,Information Technology\nIBM,Computers\n", **LEAST)
    assert together.get("GOOG", Decimal(0)) < alone["GOOG"]
    assert together["AAPL"] == alone["AAPL"]


def test_when_a_person_lists_a_symbol_then_the_limits_on_record_are_others(tmp_path: Path) -> None:
    def hash_of(folder: Path, own: str) -> str:
        seen: list[str] = []
        with pytest.MonkeyPatch.context() as patch:

            def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
                seen.append(runtime.context.limits.fingerprint)
                return {"signals": ()}

            patch.setattr(builder, "trade", trade)
            bought(folder, own)
        return seen[0]

    assert hash_of(tmp_path / "without", "") == hash_of(tmp_path / "empty", "# nothing\n")
    assert hash_of(tmp_path / "empty", "") != hash_of(tmp_path / "with", "IBM,Computers\n")


def test_when_the_tools_tell_the_headroom_then_they_count_by_the_same_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def trade(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
        seen.update(seen_then(runtime.context, state["snapshot"], SYMBOLS).sectors)
        return {"signals": ()}

    monkeypatch.setattr(builder, "trade", trade)
    bought(tmp_path, "IBM,Computers\n")
    assert (seen["IBM"], seen["AAPL"]) == ("Computers", "Information Technology")


def test_when_the_list_is_bad_then_nothing_is_traded(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 1"):
        bought(tmp_path, "IBM Computers\n")
    assert not (tmp_path / "var" / "exchange.db").exists()


def perun(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    alone = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    line = [str(Path(sys.executable).with_name("perun")), *command]
    return subprocess.run(line, cwd=folder, env=alone, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def with_a_bad_list(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sectors.csv").write_text("SPY,Broad market\nIBM;Computers\n")
    return tmp_path


@pytest.mark.parametrize("command", ["run", "reconcile"])
def test_when_the_list_is_bad_then_the_command_says_so_in_one_line_and_ends_with_2(
    with_a_bad_list: Path, command: str
) -> None:
    done = perun(with_a_bad_list, command)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.strip().splitlines()
    assert "sectors.csv, line 2: write a symbol, a comma and a sector" in line


def test_when_the_list_is_bad_then_a_person_can_still_halt_and_flatten(with_a_bad_list: Path) -> None:
    flattened = perun(with_a_bad_list, "flatten", "--yes", "--json")
    halted = perun(with_a_bad_list, "halt", "--reason", "stop", "--json")
    for done in (flattened, halted):
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["errors"] == []
