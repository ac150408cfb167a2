"""Daemons of one account on two machines, with one database: what one of them tells is told by no other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from perun.graph.app.daemon.herald import Herald, herald
from perun.graph.app.wiring import ledger_place
from perun.graph.ledger.ledger import open_ledger
from perun.graph.notices import Notices
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.events import StateChanged
from perun.tools.domain.standing import TradingState
from support.floor import settings
from support.people import People, people
from support.postgres import TestServer

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
CLOCK = SystemClock()
HALT = StateChanged(state=TradingState.HALTED, reason="a look", who="me")
Machine = Callable[[str, People], AbstractContextManager[Herald]]


@pytest.fixture
def machine(tmp_path: Path, postgres: TestServer) -> Machine:
    """The herald of one of several machines; the first news is that the desk is halted."""
    address = postgres.fresh()

    def named(name: str, they: People) -> AbstractContextManager[Herald]:
        chosen = settings(tmp_path / name, database_url=address, notify_urls=they.url)
        return herald(chosen, CLOCK, lambda *_, **__: None, "me", "embedded")

    with open_ledger(ledger_place(settings(tmp_path / "person", database_url=address)), CLOCK) as ledger:
        Notices("me").fresh(ledger, CLOCK.now())
        ledger.events.append("desk:me", HALT, CLOCK.now())
    return named


def test_when_two_machines_have_the_same_news_then_people_hear_it_once(machine: Machine) -> None:
    with people() as they:
        they.are_slow.set()
        with machine("left", they):
            assert they.next()["title"] == "Perun embedded: halt"
            with machine("right", they):
                pass
            assert they.lines() == [], "the other is at it"
            they.are_slow.clear()
        with machine("right", they):
            pass
        assert they.lines() == [], "it was told"


def test_when_nobody_hears_one_machine_then_the_other_tells_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.notifying._PAUSES", (0.0,))
    with people(500) as deaf, people() as they, machine("left", deaf):
        deaf.next()
        told = list[str]()
        for _ in range(50):  # the left one may still be at it
            if not told:
                with machine("right", they):
                    pass
                told = they.lines()
        assert told == ["halt: a look (me)"]
