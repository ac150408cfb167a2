"""A ledger of an older Perun: what stood in it means the same after its upgrade."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from perun.graph.ledger import migrating
from perun.graph.ledger.latches import Kind
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.sqlite import sqlite_engine
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.standing import TradingState
from support.exchange import buy, working

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SUBMITTED = datetime(2026, 11, 22, 17, 31, tzinfo=UTC)


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_when_a_ledger_of_before_the_latches_by_kind_is_opened_then_what_stood_stands_and_nothing_is_unexplained(
    path: Path, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_to_0002(config: Config, _: str) -> None:
        upgrade(config, "0002")

    upgrade = command.upgrade
    with monkeypatch.context() as then, closing(sqlite_engine(path, 1).connect()) as connection, connection.begin():
        then.setattr(command, "upgrade", only_to_0002)
        migrating.upgrade(connection)
    order = working(buy(id="a")).model_copy(update={"submitted_at": SUBMITTED}).model_dump_json()
    write(
        path,
        f"INSERT INTO latches VALUES ('acc', 'HALTED', 'trouble', 'me', '{NOW.isoformat()}')",
        f"INSERT INTO adjustments VALUES ('acc', '000001', 'IBM', '5', 'EXTERNAL', '{NOW.isoformat()}')",
        f"INSERT INTO orders VALUES ('acc', 'a', '{order}', 'new', '0', '{NOW.isoformat()}')",
    )
    with open_ledger(path, clock) as ledger:
        (latch,) = ledger.latches.standing("acc")
        assert (latch.kind, latch.state, latch.reason) == (Kind.ALARM, TradingState.HALTED, "trouble")
        assert ledger.adjustments.unexplained("acc") == ()
        (row,) = ledger.books.submitted_since("acc", SUBMITTED)
        assert row.client_order_id == "a"
