"""What would have flipped a decision: what stood in the way, what governs that, and what another limit would do."""

import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from perun.graph.app.chatting import open_desk
from perun.graph.app.wiring import ledger_path
from perun.graph.chat.citations import resolve
from perun.graph.ledger.looking import open_archive
from perun.graph.trace.verifying import verify
from support.chat_desk import ask

OF = "IBM on 2009-06-02?"


def prints(data: Path) -> dict[str, str]:
    """Everything that a question may not change: orders, memories, steps, and the record of the cycles."""
    told = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in (data / "memdir").rglob("*.json")}
    places = {ledger_path(data): ("cycles", "intents", "orders", "fills", "latches")}
    for path, tables in {**places, data / "var" / "exchange.db": (), data / "var" / "checkpoints.db": ()}.items():
        with closing(sqlite3.connect(path)) as hand:
            names = tables or [name for (name,) in hand.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            told |= {f"{path} {name}": repr(sorted(map(repr, hand.execute(f"SELECT * FROM {name}")))) for name in names}
            if tables:
                query = "SELECT * FROM events WHERE stream LIKE 'cycle:%' ORDER BY stream, seq"
                told["events"] = repr(hand.execute(query).fetchall())
    return told


def test_when_the_gate_denied_then_its_answer_names_how_far_off_it_was_and_the_setting_that_governs_it(
    here: dict[str, str],
) -> None:
    with open_desk(here) as desk:
        told = [
            ask(desk, f"{question} {OF}") for question in ("What did the gate say about", "What would have flipped")
        ]
    for answer in told:
        (said,) = [each.text for each in answer.said if "MAX_OPEN_POSITIONS" in each.text]
        assert said.endswith("Governed by MAX_OPEN_POSITIONS.")
        assert not answer.withheld
    assert any("headroom -1" in each.text for each in told[0].said)


@pytest.mark.parametrize(
    ("supposed", "said"),
    [
        ("MAX_OPEN_POSITIONS were 5", r"IBM would be cleared for \d+ shares"),
        ("MAX_OPEN_POSITIONS=0", r"IBM would be denied: .*MAX_OPEN_POSITIONS measured"),
    ],
)
def test_when_another_limit_is_supposed_then_a_fork_measures_it_and_every_sentence_rests_on_the_fork(
    here: dict[str, str], supposed: str, said: str
) -> None:
    data = Path(here["DATA_DIR"])
    before = prints(data)
    with open_desk(here) as desk:
        answer = ask(desk, f"What if {supposed} for {OF}")
        cited = [resolve(cite, desk.record) for cite in answer.said[0].cites]
    assert re.search(said, answer.said[0].text), answer.said
    assert not answer.withheld
    assert all(each is not None and "in which nothing was sent" in each.text for each in cited)
    assert prints(data) == before
    with open_archive(ledger_path(data)) as archive:
        assert verify(archive).whole


@pytest.mark.parametrize(
    ("supposed", "why"),
    [("WEB_PORT were 80", "WEB_PORT is no limit of the gate"), ("MAX_OPEN_POSITIONS were 2.5", "MAX_OPEN_POSITIONS")],
)
def test_when_what_is_supposed_cannot_be_then_that_is_said_and_no_fork_stands_on_record(
    here: dict[str, str], supposed: str, why: str
) -> None:
    with open_archive(ledger_path(Path(here["DATA_DIR"]))) as archive:
        before = [name for name in archive.streams() if name.startswith("fork:")]
    with open_desk(here) as desk:
        answer = ask(desk, f"What if {supposed} for {OF}")
    assert not answer.said
    assert answer.notes[0].startswith("That cannot be tried: ")
    assert why in answer.notes[0]
    with open_archive(ledger_path(Path(here["DATA_DIR"]))) as archive:
        assert [name for name in archive.streams() if name.startswith("fork:")] == before
