"""Work of a dead executor: found by doctor, taken over by a worker of another name."""

import json
import signal
from pathlib import Path

import pytest

from support.daemons import DaemonDesk, ended, killed, line_with
from support.model_server import Holds, ModelServer

SLOT = "2009-06-01-close-15m"


@pytest.mark.slow
def test_when_an_executor_dies_then_doctor_names_it_and_another_adopts_its_work(tmp_path: Path) -> None:
    with ModelServer(lambda _: Holds()) as silent:
        models = {"LLM_PROVIDER": "openai", "OPENAI_API_KEY": "sk-nobody", "OPENAI_BASE_URL": silent.base_url}
        dying = DaemonDesk(tmp_path, {"DEFAULT_SYMBOLS": "AAPL", "EXECUTOR_ID": "first", **models})
        daemon = dying.start("schedule", "--embedded-speed", "max", "--json-logs")
        line_with(daemon, '"started"')
        while not silent.calls and daemon.poll() is None:
            silent.pause(0.05)
        killed(daemon)
    desk = DaemonDesk(tmp_path, {"DEFAULT_SYMBOLS": "AAPL", "EXECUTOR_ID": "second"})
    checks = {row["check"]: row for row in desk.perun("doctor", "--json").document["checks"]}
    assert not checks["executors"]["ok"]
    assert "perun worker --adopt first takes it over" in checks["executors"]["detail"]
    worker = desk.start("worker", "--adopt", "first", "--json")
    assert "is done" in line_with(worker, "is done")
    worker.send_signal(signal.SIGTERM)
    said = ended(worker)
    assert said.code == 0, said.err
    assert (said.code, said.document["executor"], len(said.document["adopted"])) == (0, "second", 1)
    assert [(slot, state) for slot, state, _ in desk.cycles()] == [(SLOT, "FINISHED")]
    after = json.loads(desk.perun("doctor", "--json").out)
    assert next(row for row in after["checks"] if row["check"] == "executors")["ok"]
