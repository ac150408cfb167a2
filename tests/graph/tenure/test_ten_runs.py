import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from support.postgres import TestServer

SCRIPT = Path(__file__).with_name("ten_runs.py")
TESTS = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["file", "server"])
def test_when_ten_runs_of_one_slot_start_together_then_one_decides_and_nine_report_it(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = []
    if kind == "server":
        server: TestServer = request.getfixturevalue("postgres")
        settings = [f"database_url={server.fresh()}"]
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(SCRIPT), str(tmp_path), *settings]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, timeout=250)
    assert done.returncode == 0, done.stderr

    ended = [json.loads(file.read_text()) for file in tmp_path.glob("ended-*.json")]
    assert Counter(each["outcome"] for each in ended) == {"traded": 1, "duplicate": 9}
    assert {each["exit"] for each in ended} == {0}
    assert len({each["cycle"] for each in ended}) == 1
    asked = Counter((tmp_path / "questions.txt").read_text().splitlines())
    assert asked
    assert set(asked.values()) == {1}
