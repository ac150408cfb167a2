"""The ledger on a real PostgreSQL server: made, refused, joined by many at once, and never silent about a fault."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.looking import open_archive
from perun.graph.ledger.postgres import Server
from perun.graph.ledger.schema import METADATA
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.domain.events import NodeFinished
from perun.tools.domain.orders import Leg
from support.exchange import buy, working
from support.postgres import PASSWORD, TestServer, remote

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CLOCK = StoppedClock(NOW)
WORKER = Path(__file__).parents[1] / "ledger" / "worker.py"


def in_schema(server: TestServer, address: str, statement: str) -> list[tuple[object, ...]]:
    schema = address.rpartition("%3D")[2]
    return server.do("postgres", f"SET search_path = {schema}", statement)


def test_when_the_place_is_empty_then_opening_makes_every_table_and_opening_again_changes_nothing(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    for _ in range(2):
        open_ledger(remote(address, tmp_path), CLOCK).close()
    there = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    assert {name for (name,) in in_schema(postgres, address, there)} == {*METADATA.tables, "alembic_version"}


def test_when_the_server_sorts_as_a_language_does_then_the_ledgers_texts_still_sort_by_their_bytes(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    open_ledger(remote(address, tmp_path), CLOCK).close()
    other = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert in_schema(postgres, address, other) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE events", "is damaged (it has no table events)"),
        ("UPDATE alembic_version SET version_num = '9999'", "stands at migration 9999"),
        ("DROP TABLE alembic_version", "is a database of another program"),
    ],
)
def test_when_the_database_is_not_a_whole_ledger_of_ours_then_it_is_refused_and_left_as_it_is(
    postgres: TestServer, tmp_path: Path, statement: str, said: str
) -> None:
    address = postgres.fresh()
    open_ledger(remote(address, tmp_path), CLOCK).close()
    in_schema(postgres, address, statement)
    with pytest.raises(ConfigurationError) as refusal:
        open_ledger(remote(address, tmp_path), CLOCK)
    assert said in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    "address", ["mysql://me:moth-lamp-41@host/db", "moth-lamp-41", "postgresql://host", "sqlite:///f"]
)
def test_when_the_address_is_of_no_server_then_it_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL should be") as refusal:
        Server.at(address)
    assert PASSWORD not in str(refusal.value)


def test_when_nothing_listens_then_one_line_says_so_without_the_password(tmp_path: Path) -> None:
    nobody = remote(f"postgresql://me:{PASSWORD}@127.0.0.1:9/desk", tmp_path)
    for opening in (lambda: open_ledger(nobody, CLOCK, busy_seconds=1), lambda: open_archive(nobody, 1)):
        with pytest.raises(LedgerUnavailable, match="cannot be used") as refusal:
            opening()
        assert PASSWORD not in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_when_there_is_no_ledger_yet_then_looking_makes_none(postgres: TestServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no ledger"):
        open_archive(remote(postgres.fresh(), tmp_path))


def test_when_an_event_is_changed_then_looking_finds_it(postgres: TestServer, tmp_path: Path) -> None:
    address = postgres.fresh()
    with open_ledger(remote(address, tmp_path), CLOCK) as ledger:
        ledger.events.append("c1", NodeFinished(node="gather", seconds=0), NOW)
    in_schema(postgres, address, "UPDATE events SET body = replace(body, 'gather', 'gopher')")
    with open_archive(remote(address, tmp_path)) as archive:
        assert archive.events.verify("c1") == "event 1 of c1 was changed after it was written"


def test_when_an_intent_is_written_then_its_id_stands_in_a_file_of_this_machine(
    postgres: TestServer, tmp_path: Path
) -> None:
    with open_ledger(remote(postgres.fresh(), tmp_path), CLOCK) as ledger:
        ledger.intents.write("acc", "c1", working(buy(id="perun-1")), Leg.ENTRY, 1, IntentState.SUBMITTING, NOW)
    assert (tmp_path / "intents.txt").read_text() == "2026-11-22T00:00:00.000000+00:00 perun-1\n"


def test_when_the_file_of_ids_cannot_be_written_then_there_is_no_intent(postgres: TestServer, tmp_path: Path) -> None:
    (tmp_path / "intents.txt").mkdir()
    with open_ledger(remote(postgres.fresh(), tmp_path), CLOCK) as ledger:
        with pytest.raises(LedgerUnavailable, match="cannot be written"):
            ledger.intents.write("acc", "c1", working(buy(id="perun-1")), Leg.ENTRY, 1, IntentState.SUBMITTING, NOW)
        assert ledger.intents.get("acc", "perun-1") is None


def together(*tasks: tuple[str, ...]) -> list[list[str]]:
    workers = [
        subprocess.Popen([sys.executable, str(WORKER), *task], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for task in tasks
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers)
    return said


def test_when_two_processes_make_one_ledger_and_append_to_one_chain_then_it_is_whole(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    together(("open", address, "c0"), ("open", address, "c0"))
    together(("append", address, "c1", "left", "40"), ("append", address, "c1", "right", "40"))
    with open_ledger(remote(address, tmp_path), CLOCK) as ledger:
        assert [ledger.events.verify(stream) for stream in ("c0", "c1")] == [None, None]
        assert len(ledger.events.read("c1")) == 80


def test_when_two_processes_claim_the_same_slots_then_each_slot_is_new_for_exactly_one(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    open_ledger(remote(address, tmp_path), CLOCK).close()
    left, right = together(("claim", address, "left", "30"), ("claim", address, "right", "30"))
    assert [sorted(pair) for pair in zip(left, right, strict=True)] == [["INTERRUPTED", "NEW"]] * 30
