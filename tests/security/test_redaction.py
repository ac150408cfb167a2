"""Keys stay in the process: not in the record, the log, a traceback, a message, or any file."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph

from perun.graph.app import hushing
from perun.graph.app.reading import read_settings
from perun.graph.app.wiring import minds, open_floor
from perun.graph.checkpoint_store import open_checkpoints
from perun.graph.cycle import run_cycle
from perun.graph.hushed import HushedMemdir
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.redaction import Redaction
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.memdir import Memdir
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import ErrorNoted
from support.floor import parts, settings
from support.model_server import Answer, Fails, Garbles, ModelServer, Says
from support.model_words import form_of

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


def escaped(text: str) -> str:
    """Every character as its number, as JSON lets one write it."""
    return "".join(f"\\u{ord(each):04X}" for each in text)


ODD = 'canary/"value"\\01234'
"""With all that JSON escapes."""


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (f'{{"a": "{SECRET[:6]}\\u002d{SECRET[7:]}"}}', '{"a": "[key]"}'),
        (f'{{"a": "{escaped(SECRET)}"}}', '{"a": "[key]"}'),
        (f'{{"a": "{SECRET[:6]}\\\\u002d{SECRET[7:]}"}}', '{"a": "[key]"}'),
        ('{"a": "sk\\u002dproj-abcdefghijklmnop0123"}', '{"a": "[key]"}'),
        (json.dumps({"a": ODD}), '{"a": "[key]"}'),
        (json.dumps({"a": ODD}).replace("/", "\\/"), '{"a": "[key]"}'),
        (repr([ODD]), "['[key]']"),
        ("https://x.example/?k=canary%2F%22value%22%5C01234", "https://x.example/?k=[key]"),
        ('{"a": "caf\\u00e9 \\u0022so\\u0022 1\\u002f2 \\/ C:\\\\u0041"}',) * 2,
    ],
)
def test_when_an_escape_hides_a_secret_then_it_is_blotted_out_and_other_escapes_stand(told: str, left: str) -> None:
    assert Redaction([SECRET, ODD]).text(told) == left


def test_when_bytes_hold_a_secret_then_it_is_crossed_out_at_its_own_length() -> None:
    told = Redaction([SECRET]).whole(b"\xd9\x2a" + SECRET.encode() + b"\x00")
    assert told == b"\xd9\x2a" + b"x" * len(SECRET) + b"\x00"


def test_when_a_secret_is_a_word_then_honest_text_keeps_it() -> None:
    assert Redaction(["embedded"]).text("mode embedded") == "mode embedded"


@pytest.mark.parametrize(("token", "is_taken"), [("fifteen-letters", False), ("sixteen--letters", True), ("", True)])
def test_when_the_web_token_is_too_short_to_be_blotted_out_then_it_is_refused_in_a_line_without_it(
    token: str, is_taken: bool, tmp_path: Path
) -> None:
    if is_taken:
        read_settings({"WEB_TOKEN": token}, tmp_path)
        return
    with pytest.raises(ConfigurationError) as refused:
        read_settings({"WEB_TOKEN": token}, tmp_path)
    assert (refused.value.exit_code, token in str(refused.value)) == (2, False)
    assert str(refused.value).startswith("WEB_TOKEN=… (from command line): should have 16 characters or more")


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


def hiding(request: Any) -> Answer:
    """A model that hides keys in its answers: in escapes, and in pieces that the cleaning of outside text joins."""
    form = form_of(request).get("properties", {})
    keys = list(CANARIES.values())
    if "findings" in form:
        rows = [{"direction": "neutral", "summary": "\u200b".join(key), "source": "[1]"} for key in keys[:5]]
        page = {"url": f"https://x.example/?k={keys[2]}", "title": keys[2], "date": ""}
        return Says(json.dumps({"findings": rows}), pages=(page,))
    told = {"evidence": [], "stance": "bullish", "conviction": 70, "summary": "SUMMARY"}
    if "stance" in form:
        return Says(json.dumps(told).replace("SUMMARY", " ".join(map(escaped, keys))))
    row = {"symbol": "AAPL", "rationale": "SUMMARY", "evidence": [], "action": "HOLD", "confidence": 70}
    return Says(json.dumps({"signals": [row]}).replace("SUMMARY", " ".join(map(escaped, keys))))


class Thought(TypedDict):
    """A state of one field."""

    words: str


FAILURES: dict[str, Any] = {
    "a refused key": echoing(401),
    "a bad request": echoing(400),
    "an outage": echoing(500),
    "garbage": lambda request: Garbles("<html>" + " ".join(CANARIES.values())),
    "a model that tells keys": babbling,
    "a model that hides keys": hiding,
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


def test_when_a_state_or_an_error_of_a_node_holds_a_secret_then_no_checkpoint_does(tmp_path: Path) -> None:
    def think(state: Thought) -> Thought:
        return {"words": f"401 for {SECRET}"}

    def fall(state: Thought) -> Thought:
        raise RuntimeError(f"refused {SECRET}")

    graph = StateGraph(Thought).add_node(think).add_node(fall).add_edge(START, "think").add_edge("think", "fall")
    thread: Any = {"configurable": {"thread_id": "c"}}
    with open_checkpoints(tmp_path / "checkpoints.db", Redaction([SECRET])) as saver:
        compiled = graph.compile(checkpointer=saver)
        with pytest.raises(RuntimeError):
            compiled.invoke({"words": ""}, thread, durability="sync")
        stood = compiled.get_state(thread)
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert (stood.values, len(stood.tasks)) == ({"words": f"401 for {'x' * len(SECRET)}"}, 1)
    assert "refused" in stood.tasks[0].error, "the error is among what is written"
    assert SECRET.encode() not in written


def remembered(text: str) -> MemoryEntry:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    told: dict[str, Any] = {"as_of": now, "written_at": now, "cycle_id": "c", "source": "cycle"}
    return MemoryEntry(id=entry_id(Kind.ERROR, "c", "1"), kind=Kind.ERROR, text=text, data={"said": [text]}, **told)


def test_when_a_memory_holds_a_secret_then_its_file_does_not(tmp_path: Path) -> None:
    entry = remembered(f"401 for {SECRET}")
    path = HushedMemdir(tmp_path, Redaction([SECRET])).write(entry)
    clean = {"text": "401 for [key]", "data": {"said": ["401 for [key]"]}}
    assert Memdir(tmp_path).read(entry.id) == entry.model_copy(update=clean)
    assert SECRET not in path.read_text()


def test_when_the_desk_remembers_a_secret_then_no_file_of_it_holds_one(tmp_path: Path) -> None:
    key = CANARIES["alpaca_secret_key"]
    with open_floor(settings(tmp_path, **CANARIES), parts()) as floor:
        floor.memory.remember([remembered(f"the broker answered: bad secret {key}")])
    written = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(name.startswith("error-") for name in written)
    assert not [name for name, text in written.items() if key.encode() in text]


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
