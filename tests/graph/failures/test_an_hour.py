"""An hour without the broker or without a model, a clock that is wrong, a busy ledger: the desk goes on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from pydantic import SecretStr

from perun.graph.app.checkup import clocks
from perun.graph.app.daemon.duty import on_duty
from perun.graph.app.daemon.live import Watch
from perun.graph.app.daemon.stopping import Stopping
from perun.graph.app.doctor import examined
from perun.tools.brokerage.alpaca import book
from support.daemons import DaemonDesk
from support.distant_desk import DistantDesk, Trouble, distant_desk
from support.eager_model import buys
from support.embedding import BagOfWords
from support.floor import cycle
from support.model_server import Answer, Fails, ModelServer
from support.model_words import Request
from support.people import people

TEN = datetime.fromisoformat("2026-09-01T14:00:00+00:00")
"""Ten o'clock at the exchange."""
FAST = ("schedule", "--embedded-speed", "max", "--json")
DOWN, UP, END = (TEN + timedelta(minutes=minutes) for minutes in (45, 105, 130))


pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")


class Hours(Stopping):
    """Waiting that takes no time: it moves the desk's clock, and the line falls and rises when its hour comes."""

    def __init__(self, desk: DistantDesk) -> None:
        super().__init__()
        self.desk = desk

    def wait(self, seconds: float) -> bool:
        self.desk.clock.sleep(seconds)
        now = self.desk.clock.now()
        self.desk.line.is_down = DOWN <= now < UP
        if now >= END:
            self.asked.set()
        return self.is_asked


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DistantDesk]:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    with distant_desk(tmp_path, monkeypatch, Trouble()) as opened:
        opened.clock._instant = TEN
        yield opened


def test_when_the_broker_is_down_for_an_hour_then_its_slots_are_missed_and_all_goes_on_with_nothing_sent_twice(
    desk: DistantDesk,
) -> None:
    said = list[str]()
    chosen = {"trading_schedule": "every 30m", "default_symbols": ("AAPL",)}
    with people() as they:
        told = desk._settings().model_copy(update={**chosen, "notify_urls": SecretStr(they.url)})
        with on_duty(told, "schedule", lambda _, line, **__: said.append(line), desk.clock) as (duty, _):
            duty.stopping = Hours(desk)
            Watch(duty, desk.clock, None).keep(None, None)
        assert [line for line in they.lines() if not line.startswith("fill")] == [
            f"slot missed: {slot}: the broker did not answer" for slot in duty.tally.missed
        ]
    assert duty.tally.missed == ["2026-09-01-at-1100", "2026-09-01-at-1130"], said
    assert sum(duty.tally.slots.values()) == 2, said
    assert "2026-09-01-at-1100 is left out: the broker did not answer" in said
    ids = [body["client_order_id"] for body in desk.line.bodies]
    assert len(ids) == len(set(ids)) > 0
    assert desk.disagreements() == []


def test_when_the_broker_is_down_then_a_run_says_so_with_its_exit_code_and_sends_nothing(desk: DistantDesk) -> None:
    desk.line.fall()
    assert desk.run("a") == ("BrokerUnavailable", 4)
    desk.line.mend()
    assert desk.run("a") == ("traded", 0)
    assert desk.posts("a") == 1


@pytest.mark.slow
def test_when_no_model_answers_for_some_sessions_then_the_desk_holds_its_exits_work_and_all_goes_on(
    tmp_path: Path,
) -> None:
    is_down = Event()

    def answer(request: Request) -> Answer:
        return Fails(503) if is_down.is_set() else buys(request)

    with ModelServer(answer) as models:
        who = {"LLM_PROVIDER": "openai", "OPENAI_API_KEY": "sk-nobody", "OPENAI_BASE_URL": models.base_url}
        desk = DaemonDesk(
            tmp_path, {"DEFAULT_SYMBOLS": "AAPL", "LLM_TIMEOUT_SECONDS": "1", "LLM_TOOL_ROUNDS": "0", **who}
        )
        assert desk.perun(*FAST, "--cycles", "1").document["slots"] == {"traded": 1}
        is_down.set()
        assert desk.perun(*FAST, "--cycles", "2").document["slots"] == {"degraded": 2}
        held = desk.perun("run", "--json")
        assert (held.code, held.document["outcome"], held.document["signals"][0]["action"]) == (5, "degraded", "HOLD")
        assert desk.perun("flatten", "--yes").code == 0
        status = desk.perun("status", "--json").document
        assert (status["positions"], status["unresolved_orders"]) == ([], [])
        is_down.clear()
        again = desk.perun(*FAST, "--cycles", "1")
        assert (again.code, again.document["slots"].keys() <= {"traded", "denied", "held"}) == (0, True), again.err
    assert desk.books.faults() == []


def doctor(desk: DistantDesk) -> dict[str, Any]:
    """What `perun doctor` says of the clocks."""
    return examined("clocks", lambda: clocks(desk._settings()))


@pytest.mark.parametrize(("ahead", "ended", "posts"), [(20, ("traded", 0), 1), (61, ("denied", 3), 0)])
def test_when_the_clocks_differ_by_a_minute_then_nothing_is_bought_until_they_agree(
    desk: DistantDesk, monkeypatch: pytest.MonkeyPatch, ahead: int, ended: tuple[str, int], posts: int
) -> None:
    real = book.AlpacaBook
    desk.clock._instant = desk.served.exchange.now() + timedelta(seconds=ahead)
    monkeypatch.setattr(book, "AlpacaBook", lambda line, wall=None: real(line, wall=desk.clock))
    said = doctor(desk)
    assert (said["ok"], said["detail"].startswith(f"+{ahead} seconds off the broker's")) == (bool(posts), True)
    assert desk.run("a") == ended
    assert desk.posts("a") == posts
    desk.clock._instant = desk.served.exchange.now()
    assert desk.run("b") == (("held" if posts else "traded"), 0)


def test_when_another_program_keeps_the_ledger_for_a_moment_then_the_cycle_waits_and_trades(tmp_path: Path) -> None:
    assert cycle(tmp_path, "a")["outcome"] == "traded"
    freed = Event()
    with closing(
        sqlite3.connect(tmp_path / "var" / "perun.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        Timer(1.5, lambda: (other.execute("COMMIT"), freed.set())).start()
        document = cycle(tmp_path, "b")
        assert freed.is_set()
    assert (document["outcome"], document["errors"]) == ("held", [])
