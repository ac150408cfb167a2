import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import (
    AgentAbstained,
    CycleEnded,
    CycleStarted,
    Event,
    ModelAsked,
    NodeFinished,
    SnapshotTaken,
    Usage,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def asked(key: str, answer: str = "{}", problem: str = "") -> ModelAsked:
    return ModelAsked(
        key=key,
        role="analyst",
        symbol="AAPL",
        model="baseline",
        prompt="analyst.md",
        prompt_hash="0" * 64,
        messages=(("system", "You are an analyst — careful."), ("user", 'Say "buy", 50% or\nnothing.')),
        answer=answer,
        problem=problem,
        usage=Usage(calls=1, cost_usd=Decimal("0.0012")),
        seconds=0.5,
    )


def story() -> list[Event]:
    started = {"slot": "s", "mode": "paper", "as_of": NOW, "symbols": ("AAPL",), "limits_hash": "ab"}
    return [
        CycleStarted(**started, prompts={"analyst": "0f"}),
        SnapshotTaken(snapshot={"cash": "100000", "bars": {"AAPL": ["1.5", None, True]}}),
        asked("analyst:AAPL:1"),
        AgentAbstained(role="researcher", symbol="AAPL", reason="žádný zdroj"),
        NodeFinished(node="gather", seconds=0.25),
        CycleEnded(outcome="held", cash=Decimal(0), equity=Decimal(0)),
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, sqlite3.Connection]]:
    """A ledger with one stream, `c1`, and a hand that can change its file; what it changes it must change back."""
    path: Path = tmp_path_factory.mktemp("told") / "ledger.db"
    with (
        open_ledger(path, StoppedClock(NOW)) as ledger,
        closing(sqlite3.connect(path, isolation_level=None)) as hand,
    ):
        hand.execute("PRAGMA synchronous=OFF")
        for event in story():
            ledger.events.append("c1", event, NOW)
        yield ledger, hand


def test_when_events_are_appended_then_they_are_read_back_in_order_and_the_chain_is_whole(ledger: Ledger) -> None:
    later = [NOW + timedelta(seconds=number) for number in range(6)]
    written = [ledger.events.append("c1", event, at) for event, at in zip(story(), later, strict=True)]

    assert ledger.events.read("c1") == written
    assert [stored.event for stored in written] == story()
    assert [(stored.seq, stored.at) for stored in written] == list(enumerate(later, start=1))
    assert ledger.events.verify("c1") is None


def test_when_an_event_is_hashed_then_it_is_as_the_docstring_says(ledger: Ledger, path: Path) -> None:
    for event in story():
        ledger.events.append("c1", event, NOW)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT prev_hash, seq, at, kind, body, hash FROM events ORDER BY seq").fetchall()

    previous = sha256(b"c1").hexdigest()
    for prev_hash, seq, at, kind, body, found in rows:
        assert prev_hash == previous
        previous = sha256("\n".join([prev_hash, str(seq), at, kind, body]).encode()).hexdigest()
        assert found == previous


@settings(max_examples=200, deadline=None)
@given(
    seq=st.integers(1, 6),
    column=st.sampled_from(["body", "kind", "at", "prev_hash", "hash"]),
    place=st.integers(0, 10_000),
    change=st.integers(1, 255),
)
def test_when_any_byte_of_an_event_is_changed_then_verify_names_the_event(told, seq, column, place, change) -> None:
    ledger, hand = told
    ((was,),) = hand.execute(f"SELECT CAST({column} AS BLOB) FROM events WHERE seq = ?", [seq]).fetchall()
    raw = bytearray(was)
    raw[place % len(raw)] ^= change
    write = f"UPDATE events SET {column} = CAST(? AS TEXT) WHERE seq = ?"
    hand.execute(write, [bytes(raw), seq])
    try:
        assert f"event {seq} of c1" in ledger.events.verify("c1")
    finally:
        hand.execute(write, [was, seq])
    assert ledger.events.verify("c1") is None


@pytest.mark.parametrize("seq", range(1, 7))
def test_when_an_event_is_deleted_then_verify_names_it_the_last_one_included(told, seq: int) -> None:
    ledger, hand = told
    row = hand.execute("SELECT * FROM events WHERE seq = ?", [seq]).fetchone()
    hand.execute("DELETE FROM events WHERE seq = ?", [seq])
    try:
        assert f"event {seq} of c1 is missing" in ledger.events.verify("c1")
    finally:
        hand.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    assert ledger.events.verify("c1") is None


@pytest.mark.parametrize(
    ("tampering", "mending"),
    [
        ("UPDATE chains SET head = 'ff' || head", "UPDATE chains SET head = substr(head, 3)"),
        ("UPDATE chains SET length = 7", "UPDATE chains SET length = 6"),
        ("UPDATE chains SET length = 5", "UPDATE chains SET length = 6"),
        ("UPDATE chains SET stream = 'c2'", "UPDATE chains SET stream = 'c1'"),
    ],
)
def test_when_the_end_of_a_chain_is_changed_then_verify_says_so(told, tampering: str, mending: str) -> None:
    ledger, hand = told
    hand.execute(tampering)
    try:
        assert ledger.events.verify("c1") is not None
    finally:
        hand.execute(mending)
    assert ledger.events.verify("c1") is None


def test_when_a_whole_stream_is_renamed_then_verify_names_its_first_event(told) -> None:
    ledger, hand = told
    hand.execute("UPDATE chains SET stream = 'c2'")
    hand.execute("UPDATE events SET stream = 'c2'")
    try:
        assert ledger.events.verify("c2") == "event 1 of c2 does not follow the event before it"
    finally:
        hand.execute("UPDATE chains SET stream = 'c1'")
        hand.execute("UPDATE events SET stream = 'c1'")


def test_when_an_event_was_changed_into_nonsense_then_reading_it_says_so_in_one_line(told) -> None:
    ledger, hand = told
    ((was,),) = hand.execute("SELECT body FROM events WHERE seq = 3").fetchall()
    hand.execute("UPDATE events SET body = substr(body, 2) WHERE seq = 3")
    try:
        with pytest.raises(ConfigurationError, match="event 3 of c1 cannot be read"):
            ledger.events.read("c1")
    finally:
        hand.execute("UPDATE events SET body = ? WHERE seq = 3", [was])


def test_when_there_is_no_such_stream_then_it_reads_empty_and_does_not_verify(ledger: Ledger) -> None:
    assert ledger.events.read("c9") == []
    assert ledger.events.verify("c9") == "there is no chain c9"


def test_when_several_streams_are_written_then_each_has_its_own_chain(ledger: Ledger) -> None:
    for stream in ("c2", "c1", "c2"):
        ledger.events.append(stream, NodeFinished(node="gather", seconds=0), NOW)

    assert ledger.events.streams() == ["c1", "c2"]
    assert [stored.seq for stored in ledger.events.read("c2")] == [1, 2]
    assert (ledger.events.verify("c1"), ledger.events.verify("c2")) == (None, None)


def test_when_many_threads_append_at_once_then_every_event_is_there_and_the_chain_is_whole(ledger: Ledger) -> None:
    def work(worker: int) -> None:
        for number in range(25):
            ledger.events.append("c1", NodeFinished(node=f"n{worker}", symbol=f"S{number}", seconds=0), NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    stored = ledger.events.read("c1")
    assert ledger.events.verify("c1") is None
    assert len({(each.event.node, each.event.symbol) for each in stored}) == 200


def test_when_a_number_in_an_event_is_nan_then_it_is_refused_and_the_chain_is_untouched(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="nan"):
        ledger.events.append("c1", SnapshotTaken(snapshot={"atr": float("nan")}), NOW)

    assert ledger.events.streams() == []


def test_when_an_answer_holds_half_a_character_then_it_is_recorded_as_it_came(ledger: Ledger) -> None:
    written = ledger.events.append("c1", asked("k", answer="broken \ud83d emoji"), NOW)

    assert ledger.events.read("c1") == [written]
    assert ledger.events.verify("c1") is None


def test_when_a_question_was_asked_more_than_once_then_its_last_record_answers(ledger: Ledger) -> None:
    calls = [
        asked("a:AAPL", "1"),
        asked("a:AAPL", "2", "not JSON"),
        asked("a:AAPL:2", "3"),
        asked("b", 'see "key":"a"'),
    ]
    for call in calls:
        ledger.events.append("c1", call, NOW)
        ledger.events.append("c2", asked("a:AAPL", "of another cycle"), NOW)

    assert ledger.events.answer("c1", "a:AAPL") == calls[1]
    assert ledger.events.answer("c1", "A:AAPL") is None
    assert ledger.events.answer("c1", "a:AAP_") is None
    assert ledger.events.answer("c1", "a") is None


def test_when_a_recorder_records_then_the_event_stands_in_its_stream_at_the_clock_s_instant(
    ledger: Ledger, clock: StoppedClock
) -> None:
    EventRecorder(ledger, "c1", clock).record(story()[0])

    (stored,) = ledger.events.read("c1")
    assert (stored.event, stored.at) == (story()[0], clock.now())
