"""Keys stay in the process: not in the record, the log, a traceback, a message, or any file."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import hushing
from perun.graph.app.wiring import minds, open_floor
from perun.graph.cycle import run_cycle
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.redaction import Redaction
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.events import ErrorNoted
from support.floor import parts, settings
from support.model_server import Answer, Fails, Garbles, ModelServer, Says

SECRET = "canary-value-0123456789"
CANARIES = {
    name: f"canary-{name.replace('_', '-')}-5f2c9e71"
    for name in (
        "openai_api_key",
        "google_api_key",
        "perplexity_api_key",
        "alpaca_api_key",
        "alpaca_secret_key",
        "web_token",
    )
}


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (f"key {SECRET}!", "key [key]!"),
        ("Bearer sk-proj-abcdefghijklmnop0123", "Bearer [key]"),
        ("pplx-abcdefghijklmnopqrstuvwxyz", "[key]"),
        ("AIzaSyA0123456789_abcdefghijklmnopqrs", "[key]"),
        ("id PKABCDEFGHIJ01234567 is unknown", "id [key] is unknown"),
        ("postgresql://desk:secret@db.example/perun", "postgresql://[key]@db.example/perun"),
        ("perun:embedded-2009-06-01-AAPL-entry-1", "perun:embedded-2009-06-01-AAPL-entry-1"),
        ("PKG prices and the task-force met at 15:30", "PKG prices and the task-force met at 15:30"),
    ],
)
def test_when_text_holds_a_secret_or_what_looks_like_one_then_it_is_blotted_out(told: str, left: str) -> None:
    assert Redaction([SECRET]).text(told) == left


def test_when_a_secret_is_a_word_then_honest_text_keeps_it() -> None:
    assert Redaction(["embedded"]).text("mode embedded") == "mode embedded"


def test_when_an_event_holds_a_secret_then_the_record_and_its_file_do_not(tmp_path: Path) -> None:
    clock = StoppedClock(datetime(2026, 3, 2, tzinfo=UTC))
    with open_ledger(tmp_path / "perun.db", clock, redaction=Redaction([SECRET])) as ledger:
        EventRecorder(ledger, "s", clock).record(ErrorNoted(where="x", code="Y", message=f"401 for {SECRET}"))
        (stored,) = ledger.events.read("s")
        assert stored.event == ErrorNoted(where="x", code="Y", message="401 for [key]")
        assert ledger.events.verify("s") is None
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())


LOUD = f"""
import logging, sys, threading
from perun.graph.app.hushing import hush
hush()
logging.warning("refused %s", {SECRET!r})
try:
    raise ValueError({SECRET!r})
except ValueError:
    logging.exception("it failed")
def fall():
    raise RuntimeError({SECRET!r})
thread = threading.Thread(target=fall)
thread.start()
thread.join()
raise KeyError({SECRET!r})
"""


def test_when_a_logger_a_thread_and_the_process_tell_a_secret_then_stderr_tells_all_but_that(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOUD],
        cwd=tmp_path,
        env={"WEB_TOKEN": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.count("[key]") >= 4
    assert "Traceback" in ran.stderr
    assert SECRET not in ran.stderr + ran.stdout


def echoing(status: int) -> Any:
    """A server that says every key that it was sent."""
    return lambda request: Fails(status, "bad key " + " ".join(CANARIES.values()))


def babbling(request: Any) -> Answer:
    """A model that repeats keys in its words."""
    told = {"summary": " ".join(CANARIES.values()), "evidence": [], "stance": "bullish", "conviction": 70}
    return Says(json.dumps(told)) if "stance" in json.dumps(request) else Says(" ".join(CANARIES.values()))


FAILURES: dict[str, Any] = {
    "a refused key": echoing(401),
    "a bad request": echoing(400),
    "an outage": echoing(500),
    "garbage": lambda request: Garbles("<html>" + " ".join(CANARIES.values())),
    "a model that tells keys": babbling,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_when_a_provider_fails_with_our_keys_in_its_words_then_nothing_that_is_written_or_said_holds_one(
    tmp_path: Path, failure: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with ModelServer(FAILURES[failure]) as server:
        urls = dict.fromkeys(("openai_base_url", "perplexity_base_url"), server.base_url)
        chosen = settings(tmp_path, llm_provider="openai", **urls, **CANARIES)
        with open_floor(chosen, parts(minds=minds(chosen) | hushing_web(chosen))) as floor:
            document = run_cycle(stopped(floor), ("AAPL",))
    said = json.dumps(document) + "".join(capfd.readouterr()) + caplog.text
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [name for name, canary in CANARIES.items() if canary in said]
    found = [(path, name) for path, text in written.items() for name, key in CANARIES.items() if key.encode() in text]
    assert not found


def hushing_web(chosen: Any) -> dict[str, Any]:
    from perun.graph.app.sources import web

    return web(chosen)


def stopped(floor: Any) -> Any:
    from dataclasses import replace

    return replace(floor, clock=StoppedClock(floor.book.clock().now))


def test_when_a_handler_formats_a_record_then_it_formats_the_hushed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hushing, "of_this_process", lambda: Redaction([SECRET]))
    record = hushing._record("x", logging.ERROR, "f.py", 1, "told %s", (SECRET,), None)
    assert logging.Formatter().format(record) == "told [key]"
