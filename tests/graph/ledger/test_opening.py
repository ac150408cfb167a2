import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from perun.graph.ledger import migrating
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.schema import METADATA
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.domain.events import NodeFinished

NOW = datetime(2026, 11, 22, tzinfo=UTC)
STAMP = "20261122T173100Z"
NEWEST = "0003"


def fill(path: Path, clock: StoppedClock, events: int = 200) -> None:
    with open_ledger(path, clock) as ledger:
        for number in range(events):
            ledger.events.append("c1", NodeFinished(node=f"node-{number}", seconds=0), NOW)


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = [connection.execute(statement).fetchall() for statement in statements]
        connection.commit()
    return rows[-1]


def damaged_files(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if ".damaged-" in file.name)


def flip_page_headers(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    for page in range(len(raw) // 2 // 4096 * 4096, len(raw), 4096):  # Far from what every opening reads.
        raw[page : page + 16] = bytes(byte ^ 0xFF for byte in raw[page : page + 16])
    path.write_bytes(raw)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "bytes flipped": flip_page_headers,
    "cut in half": cut_in_half,
    "cut to a few bytes": lambda path: path.write_bytes(path.read_bytes()[:300]),
    "emptied": lambda path: path.write_bytes(b""),
    "a text": lambda path: path.write_text("these are not the tables you are looking for\n" * 50),
    "all zeros": lambda path: path.write_bytes(bytes(8192)),
    "without tables": lambda path: (path.unlink(), sql(path, "CREATE TABLE t (x)", "DROP TABLE t")),
    "without events": lambda path: sql(path, "DROP TABLE events"),
}


def test_when_there_is_no_ledger_then_opening_makes_one_with_all_tables_and_its_folder(
    tmp_path: Path, clock: StoppedClock
) -> None:
    path = tmp_path / "deep" / "er" / "ledger.db"
    open_ledger(path, clock).close()

    tables = {name for (name,) in sql(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {*METADATA.tables, "alembic_version"}
    assert sql(path, "SELECT version_num FROM alembic_version") == [(NEWEST,)]
    assert sql(path, "PRAGMA journal_mode") == [("wal",)]


def test_when_it_is_opened_again_then_nothing_in_the_file_changes(path: Path, clock: StoppedClock) -> None:
    fill(path, clock, 3)
    before = path.read_bytes()
    open_ledger(path, clock).close()

    assert path.read_bytes() == before


def test_when_all_migrations_ran_then_the_tables_are_those_of_the_schema(path: Path, clock: StoppedClock) -> None:
    open_ledger(path, clock).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_when_the_file_is_damaged_then_it_is_moved_aside_and_opening_refuses_until_it_is_gone(
    path: Path, clock: StoppedClock, damage
) -> None:
    fill(path, clock)
    damage(path)
    bytes_then = path.read_bytes()
    aside = path.with_name(f"ledger.db.damaged-{STAMP}")

    with pytest.raises(ConfigurationError, match=f"damaged .* was moved to {aside}: restore a backup") as first:
        open_ledger(path, clock)
    with pytest.raises(ConfigurationError, match=f"lies at {aside}: restore a backup"):
        open_ledger(path, clock)

    assert "\n" not in str(first.value)
    assert not path.exists()
    assert aside.read_bytes() == bytes_then
    aside.unlink()
    with open_ledger(path, clock) as ledger:
        assert ledger.events.streams() == []


def test_when_a_backup_is_restored_beside_the_damaged_file_then_it_opens(path: Path, clock: StoppedClock) -> None:
    fill(path, clock)
    backup = path.read_bytes()
    cut_in_half(path)
    with pytest.raises(ConfigurationError):
        open_ledger(path, clock)
    path.write_bytes(backup)

    with open_ledger(path, clock) as ledger:
        assert ledger.events.verify("c1") is None


def test_when_two_ledgers_are_damaged_in_one_second_then_both_are_kept(path: Path, clock: StoppedClock) -> None:
    for text in ("one", "two"):
        path.write_text(text * 1000)
        with pytest.raises(ConfigurationError):
            open_ledger(path, clock)

    assert damaged_files(path) == [f"ledger.db.damaged-{STAMP}", f"ledger.db.damaged-{STAMP}.2"]
    assert path.with_name(f"ledger.db.damaged-{STAMP}").read_text().startswith("one")


def test_when_a_damaged_ledger_has_writes_beside_it_then_they_move_with_it(path: Path, clock: StoppedClock) -> None:
    path.write_text("not a database" * 1000)
    path.with_name("ledger.db-wal").write_text("its last writes")
    with pytest.raises(ConfigurationError):
        open_ledger(path, clock)

    assert damaged_files(path) == [f"ledger.db.damaged-{STAMP}", f"ledger.db.damaged-{STAMP}-wal"]


def test_when_a_crash_left_writes_beside_the_file_then_the_next_opening_has_them(
    tmp_path: Path, path: Path, clock: StoppedClock
) -> None:
    crashed = tmp_path / "crashed %41?#.db"
    with open_ledger(path, clock) as ledger:
        ledger.events.append("c1", NodeFinished(node="gather", seconds=0), NOW)
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{crashed}{ending}")

    with open_ledger(crashed, clock) as ledger:
        assert len(ledger.events.read("c1")) == 1


def test_when_the_file_is_gone_but_its_last_writes_are_left_then_no_empty_ledger_begins(
    path: Path, clock: StoppedClock
) -> None:
    path.with_name("ledger.db-wal").write_text("its last writes")

    with pytest.raises(ConfigurationError, match="its file is gone"):
        open_ledger(path, clock)
    with pytest.raises(ConfigurationError, match="lies at"):
        open_ledger(path, clock)


def test_when_a_crash_left_a_half_made_ledger_then_the_next_opening_makes_it_anew(
    path: Path, clock: StoppedClock
) -> None:
    path.with_name("ledger.db.new").write_text("half made")
    path.with_name("ledger.db.new-wal").write_text("half made")
    open_ledger(path, clock).close()

    assert sorted(file.name for file in path.parent.iterdir()) == ["ledger.db", "ledger.db.lock"]


def test_when_the_database_is_of_another_program_then_it_is_refused_and_left_as_it_is(
    path: Path, clock: StoppedClock
) -> None:
    sql(path, "CREATE TABLE songs (title TEXT)", "INSERT INTO songs VALUES ('Perun')")
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match="of another program"):
        open_ledger(path, clock)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file != path] == []


def test_when_a_newer_perun_wrote_the_ledger_then_it_is_refused_and_left_as_it_is(
    path: Path, clock: StoppedClock
) -> None:
    open_ledger(path, clock).close()
    sql(path, "UPDATE alembic_version SET version_num = '0042'")
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match=r"migration 0042, this Perun knows none after 0003.*update Perun"):
        open_ledger(path, clock)
    assert path.read_bytes() == before


def test_when_another_connection_holds_the_write_lock_then_writing_is_unavailable_and_reading_goes_on(
    path: Path, clock: StoppedClock
) -> None:
    fill(path, clock, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with open_ledger(path, clock, busy_seconds=0.1) as ledger:
            with pytest.raises(LedgerUnavailable, match="locked"):
                ledger.cycles.claim("c1", "acc", "slot", "paper", NOW, ["AAPL"], NOW)
            assert len(ledger.events.read("c1")) == 1


def test_when_another_program_owns_the_file_then_opening_is_unavailable(path: Path, clock: StoppedClock) -> None:
    fill(path, clock, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerUnavailable, match="is locked by another program"):
            open_ledger(path, clock, busy_seconds=0.1)

    assert damaged_files(path) == []


def test_when_the_folder_cannot_be_made_then_one_line_says_so(tmp_path: Path, clock: StoppedClock) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match=r"cannot be made or moved .*give it a folder you may write"):
        open_ledger(tmp_path / "file" / "ledger.db", clock)


def test_when_the_path_is_a_folder_then_one_line_says_so(tmp_path: Path, clock: StoppedClock) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_ledger(tmp_path, clock)


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the body of a second migration may be written; the ledger takes it for the newest."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrating._MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "_MIGRATIONS", folder)
    return folder / "versions" / "0004_more.py"


def step(*statements: str) -> str:
    body = "".join(f"\n    op.execute({statement!r})" for statement in statements)
    return f"from alembic import op\nrevision, down_revision = '0004', '0003'\ndef upgrade():{body}\n"


def test_when_the_ledger_is_one_migration_behind_then_opening_runs_it_and_keeps_the_rows(
    path: Path, clock: StoppedClock, next_migration: Path
) -> None:
    fill(path, clock, 3)
    next_migration.write_text(step("CREATE TABLE more (x TEXT)"))

    with open_ledger(path, clock) as ledger:
        assert len(ledger.events.read("c1")) == 3
    assert sql(path, "SELECT version_num FROM alembic_version") == [("0004",)]
    assert sql(path, "SELECT * FROM more") == []


def test_when_a_migration_fails_half_way_then_nothing_of_it_stays(
    path: Path, clock: StoppedClock, next_migration: Path
) -> None:
    fill(path, clock, 3)
    next_migration.write_text(step("CREATE TABLE more (x TEXT)", "INSERT INTO nowhere VALUES (1)"))

    with pytest.raises((LedgerUnavailable, OperationalError), match="nowhere"):
        open_ledger(path, clock)
    assert sql(path, "SELECT version_num FROM alembic_version") == [(NEWEST,)]
    assert sql(path, "SELECT name FROM sqlite_master WHERE name = 'more'") == []
