"""The AG-UI endpoint with the protocol's official client for JavaScript, where somebody installed it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perun.graph.app.agui import create_app
from perun.graph.app.chatting import open_desk
from perun.graph.app.inspecting import status
from support.agui_client import served

FOLDER = os.environ.get("AGUI_CLIENT_FOLDER", "")
SCRIPT = Path(__file__).parents[2] / "support" / "agui_halt.mjs"


@pytest.mark.skipif(
    not (Path(FOLDER) / "node_modules/@ag-ui/client").is_dir(),
    reason="npm install @ag-ui/client in a folder, and name it as AGUI_CLIENT_FOLDER",
)
def test_when_the_official_client_asks_and_approves_the_halt_then_it_is_answered_and_the_desk_is_halted(
    fresh: dict[str, str],
) -> None:
    script = shutil.copy(SCRIPT, FOLDER)
    with open_desk(fresh) as desk, served(create_app(desk)) as url:
        ran = subprocess.run(["node", script, f"{url}/agui"], capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["asked"].startswith("Halt the desk?")
    assert "The analyst was bullish on AAPL" in told["said"][0]
    assert told["said"][1].startswith("The desk is HALTED.")
    assert status(fresh)["trading_state"] == "HALTED"
