"""Checkpoints of cycles that ended long ago are let go; the rest of what may still be needed stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import psycopg
import pytest
from langgraph.graph import END, START, StateGraph

from perun.graph.checkpoint_store import Saver, open_checkpoints, prune_checkpoints
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.ledger.postgres import Server
from perun.graph.redaction import KEYS
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import LedgerUnavailable
from support.floor import cycle
from support.postgres import TestServer

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CLOCK = StoppedClock(NOW)
A_CYCLE = 50_000
"""Bytes of a small cycle's state."""


class Bulk(TypedDict):
    bulk: str


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Server:
    if request.param == "file":
        return tmp_path / "checkpoints.db"
    server: TestServer = request.getfixturevalue("postgres")
    return Server.at(server.fresh())


def live(saver: Saver, ledger: Ledger, number: int, *, to_its_end: bool = True) -> str:
    """A small cycle with bulk of its own in its state."""
    name = f"cycle:acc:{number}"
    then = NOW + timedelta(minutes=number)
    ledger.cycles.claim(name, "acc", str(number), "embedded", NOW, ["AAPL"], then)
    graph = StateGraph(Bulk)
    graph.add_node("gather", lambda _: {"bulk": f"{number:05d}" * (A_CYCLE // 5)})
    graph.add_edge(START, "gather")
    graph.add_edge("gather", END)
    config: Any = {"configurable": {"thread_id": name}}
    graph.compile(checkpointer=saver).invoke({"bulk": ""}, config, durability="sync")
    if to_its_end:
        ledger.cycles.finish(name, "held", "{}", then)
    return name


def known(saver: Saver, names: list[str]) -> list[str]:
    return [name for name in names if saver.get_tuple({"configurable": {"thread_id": name}})]


def test_when_cycles_have_ended_then_the_last_ones_and_those_that_wait_keep_their_steps(
    place: Path | Server, tmp_path: Path
) -> None:
    with open_ledger(tmp_path / "perun.db", CLOCK) as ledger, open_checkpoints(place, KEYS) as saver:
        waiting = live(saver, ledger, 0, to_its_end=False)
        ended = [live(saver, ledger, number) for number in range(1, 6)]
        graphless = "chat:somebody"
        saver.put({"configurable": {"thread_id": graphless, "checkpoint_ns": ""}}, _empty(), {}, {})
        assert prune_checkpoints(saver, ledger, "acc", 2) == 3
        assert known(saver, [waiting, *ended, graphless]) == [waiting, *ended[3:], graphless]
        assert prune_checkpoints(saver, ledger, "acc", 2) == 0
        assert prune_checkpoints(saver, ledger, "somebody else", 0) == 0


@pytest.mark.timeout(60)
def test_when_somebody_else_leaves_a_transaction_open_in_the_database_then_the_tables_are_made_nonetheless(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    with psycopg.connect(address) as elsewhere, open_ledger(tmp_path / "perun.db", CLOCK) as ledger:
        elsewhere.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        elsewhere.execute("SELECT now()")  # as a dump of the database does, for as long as it takes
        with open_checkpoints(Server.at(address), KEYS) as saver:
            name = live(saver, ledger, 1)
            assert known(saver, [name]) == [name]


def test_when_many_begin_at_once_then_the_tables_are_made_once_and_every_index_is_whole(postgres: TestServer) -> None:
    address = postgres.fresh()

    def begin(_: int) -> int:
        with open_checkpoints(Server.at(address), KEYS) as saver:
            return len(list(saver.list(None)))

    with ThreadPoolExecutor(8) as desks:
        assert list(desks.map(begin, range(8))) == [0] * 8
    with psycopg.connect(address) as session:
        whole = session.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid WHERE relname ~ '^checkpoint.*_thread_id_idx$' "
            "AND relnamespace = current_schema()::regnamespace"
        ).fetchall()
    assert [valid for _, valid in whole] == [True] * 3


def test_when_another_stops_in_making_the_tables_then_that_is_said_after_a_while(
    postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.checkpoint_store._PATIENCE", 0.2)
    address = postgres.fresh()
    with psycopg.connect(address) as elsewhere:
        elsewhere.execute("CREATE TABLE checkpoint_migrations (v INTEGER PRIMARY KEY)")
        refused = pytest.raises(LedgerUnavailable, match="lock timeout")
        with refused, open_checkpoints(Server.at(address), KEYS):
            pass


def test_when_sixty_cycles_are_lived_then_the_file_stays_as_large_as_what_is_kept(tmp_path: Path) -> None:
    path, sizes = tmp_path / "checkpoints.db", []
    with open_ledger(tmp_path / "perun.db", CLOCK) as ledger, open_checkpoints(path, KEYS) as saver:
        for number in range(60):
            live(saver, ledger, number)
            prune_checkpoints(saver, ledger, "acc", 5)
            sizes.append(path.stat().st_size)
    assert max(sizes) < 8 * 2 * A_CYCLE  # a step and its writes each hold the state
    assert sizes[-1] <= max(sizes[:20]) + A_CYCLE


def test_when_much_was_kept_and_little_is_to_be_kept_then_the_file_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.db"
    with open_ledger(tmp_path / "perun.db", CLOCK) as ledger, open_checkpoints(path, KEYS) as saver:
        for number in range(20):
            live(saver, ledger, number)
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined] # it is SQLite's
        large = path.stat().st_size
        prune_checkpoints(saver, ledger, "acc", 2)
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined] # likewise
        assert path.stat().st_size < large / 4


def test_when_a_cycle_is_run_on_a_server_then_a_second_call_reports_the_first(
    postgres: TestServer, tmp_path: Path
) -> None:
    address = postgres.fresh()
    first = cycle(tmp_path, slot="monday", database_url=address)
    again = cycle(tmp_path, slot="monday", database_url=address)
    assert first["outcome"] == "traded"
    assert again == {**first, "outcome": "duplicate"}
    noted = (tmp_path / "var" / "intents.txt").read_text()
    assert all(order["client_order_id"] in noted for order in first["orders"])
    assert not (tmp_path / "var" / "perun.db").exists()
    assert not (tmp_path / "var" / "checkpoints.db").exists()


def _empty() -> Any:
    from langgraph.checkpoint.base import empty_checkpoint

    return empty_checkpoint()
