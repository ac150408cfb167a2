"""Names of executors on a real server: one holder each, seen by all, and taken again after a loss."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from perun.graph.app.daemon.names import holding, is_held
from perun.graph.ledger.postgres import Server
from perun.tools.domain.errors import LedgerUnavailable
from support.postgres import PASSWORD, TestServer

LOCKS = "FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.names._LOOK_SECONDS", 0.02)


def until(what: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(500):
        if what():
            return
        pause.wait(0.02)
    raise AssertionError("it never came to that")


def silent(event: str, line: str, **facts: Any) -> None:
    raise AssertionError(line)


def test_when_a_name_is_held_then_everybody_sees_it_and_nobody_else_can_take_it(postgres: TestServer) -> None:
    server = Server.at(postgres.fresh())
    with holding(server, "left", silent) as first, holding(server, "left", silent) as second:
        assert (first, second) == (True, False)
        assert (is_held(server, "left"), is_held(server, "right")) == (True, False)
    until(lambda: not is_held(server, "left"))
    with holding(server, "left", silent) as again:
        assert again


def test_when_the_connection_is_lost_then_it_is_told_and_the_name_taken_again(postgres: TestServer) -> None:
    server, said = Server.at(postgres.fresh()), list[str]()
    with holding(server, "lost", lambda _, line, **__: said.append(line)) as mine:
        assert mine
        postgres.do("postgres", f"SELECT pg_terminate_backend(pid) {LOCKS}")
        until(lambda: len(said) == 2)
        until(lambda: is_held(server, "lost"))
    assert said[0].endswith("until then work waits")
    assert said[1].endswith("answers again")
    assert PASSWORD not in "".join(said)


def test_when_nobody_answers_then_there_is_no_name() -> None:
    nobody = Server.at(f"postgresql://me:{PASSWORD}@127.0.0.1:9/desk")
    with pytest.raises(LedgerUnavailable, match="cannot be used"), holding(nobody, "left", silent):
        pass
