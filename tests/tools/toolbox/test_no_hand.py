"""No tool can trade: not by import, not by name, not by type, and not by what it answers."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from architecture.one_door import WRITERS
from architecture.source import ROOT, Source

from perun.tools.toolbox.tool import Kind, ProposeTool, ReadTool, Told
from support.shelf import trader_tools

FILES = sorted((ROOT / "tools/toolbox").glob("*.py"))
FORBIDDEN = ("perun.tools.brokerage", "perun.graph", "alpaca")
HANDS = {
    *WRITERS,
    "GatedBroker",
    "Hand",
    "Exchange",
    "ClearedOrder",
    "_SEAL",
    "BookReader",
    "submit",
    "place",
    "cancel",
}


@pytest.mark.parametrize("package", ["tools.toolbox", "agents"])
def test_when_every_file_of_the_minds_and_their_tools_is_imported_then_no_brokerage_is_in_the_process(
    package: str,
) -> None:
    files = sorted((ROOT / package.replace(".", "/")).glob("*.py"))
    names = [f"perun.{package}.{file.stem}" for file in files if file.stem not in {"__init__", "local_model"}]
    code = (
        f"import sys, json\nfor name in {names!r}: __import__(name)\n"
        f"print(json.dumps([name for name in sys.modules if name.startswith({FORBIDDEN!r})]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_when_a_tool_s_file_is_read_then_it_names_no_hand_that_trades(file) -> None:
    source = Source(f"tools/toolbox/{file.name}", file.read_text(encoding="utf-8"))
    assert list(source.says(HANDS)) == []


def test_when_a_tool_may_be_called_then_it_reads_and_tells_or_is_a_form_with_nothing_behind_it() -> None:
    for tool in trader_tools():
        if isinstance(tool, ReadTool):
            assert tool.kind is Kind.READ
            assert isinstance(tool.call("{}"), Told)
        else:
            assert isinstance(tool, ProposeTool)
            assert tool.kind is Kind.PROPOSE
            assert {field.name for field in fields(tool)} == {"name", "description", "arguments", "kind"}
            assert not [name for name in vars(type(tool)) if callable(getattr(type(tool), name)) and name[0] != "_"]
