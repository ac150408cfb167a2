"""A backup that is taken while the desk works, and what comes of unpacking it."""

import hashlib
import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.backing import backup
from perun.graph.app.doctor import examine
from perun.graph.app.inspecting import status
from perun.graph.app.tracing import verify
from perun.graph.ledger.ledger import open_ledger
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, PerunError
from support.floor import cycle


def here(folder: Path) -> dict[str, str]:
    return {"DATA_DIR": str(folder), "LLM_PROVIDER": "baseline"}


def unpacked(file: Path, folder: Path) -> Path:
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_when_a_backup_is_unpacked_then_the_desk_stands_as_it_stood_and_goes_on(tmp_path: Path) -> None:
    before, file = tmp_path / "before", tmp_path / "desk.tar.gz"
    cycle(before)
    (before / "HALT").write_text("later")
    document = backup(file, here(before))
    (before / "HALT").unlink()
    after = unpacked(file, tmp_path / "after")

    assert (after / "HALT").read_text() == "later"
    (after / "HALT").unlink()
    assert status(here(after)) | {"models_today": None} == status(here(before)) | {"models_today": None}
    assert {row["check"]: row["detail"] for row in examine(here(after))["checks"] if not row["ok"]} == {}
    assert verify(here(after)).events == document["events"] > 0
    assert cycle(after)["outcome"] == cycle(before)["outcome"] != "duplicate"


def test_when_a_backup_is_made_then_its_list_names_every_file_with_its_hash(tmp_path: Path) -> None:
    cycle(tmp_path / "data")
    backup(tmp_path / "desk.tar.gz", here(tmp_path / "data"))
    after = unpacked(tmp_path / "desk.tar.gz", tmp_path / "after")
    parts = json.loads((after / "backup.json").read_text())["parts"]
    files = {path.relative_to(after).as_posix() for path in after.rglob("*") if path.is_file()}
    assert {part["path"] for part in parts} == files - {"backup.json"}
    assert {"var/perun.db", "var/exchange.db", "var/checkpoints.db"} < files
    assert any(name.startswith("memdir/") for name in files)
    for part in parts:
        assert hashlib.sha256((after / part["path"]).read_bytes()).hexdigest() == part["sha256"]


def test_when_a_cycle_is_under_way_then_a_backup_can_be_made_and_its_cycle_goes_on_in_the_copy(tmp_path: Path) -> None:
    before, file = tmp_path / "before", tmp_path / "desk.tar.gz"

    class Interrupted(Baseline):
        """A mind in the middle of whose work somebody makes a backup."""

        def reply(self, question: Question) -> Reply:
            if question.role == "trader":
                backup(file, here(before))
            return super().reply(question)

    first = cycle(before, slot="monday", mind=Interrupted())
    after = unpacked(file, tmp_path / "after")
    assert [each["slot"] for each in status(here(after))["interrupted_cycles"]] == ["monday"]
    again = cycle(after, slot="monday")
    assert [order["client_order_id"] for order in again["orders"]] == [
        order["client_order_id"] for order in first["orders"]
    ]


def test_when_the_file_is_there_already_then_it_is_left_as_it_is(tmp_path: Path) -> None:
    cycle(tmp_path / "data")
    (tmp_path / "desk.tar.gz").write_text("mine")
    with pytest.raises(ConfigurationError, match="is there already"):
        backup(tmp_path / "desk.tar.gz", here(tmp_path / "data"))
    assert (tmp_path / "desk.tar.gz").read_text() == "mine"


def test_when_the_ledger_is_on_a_server_then_pg_dump_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pg_dump"):
        backup(tmp_path / "desk.tar.gz", here(tmp_path) | {"DATABASE_URL": "postgresql://me@host/desk"})


def test_when_the_record_was_changed_then_there_is_no_backup_that_says_it_is_whole(tmp_path: Path) -> None:
    cycle(tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "var" / "perun.db")) as connection:
        connection.execute("UPDATE events SET kind = 'other' WHERE seq = 2")
        connection.commit()
    with pytest.raises(PerunError, match="no backup was made"):
        backup(tmp_path / "desk.tar.gz", here(tmp_path / "data"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_when_there_is_nothing_yet_then_that_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="perun run makes one"):
        backup(tmp_path / "desk.tar.gz", here(tmp_path / "data"))
    with open_ledger(tmp_path / "other.db", SystemClock()) as ledger:
        assert ledger.events.streams() == []
