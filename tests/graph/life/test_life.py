"""A daemon and those who tell it something or listen to it: signals, systemd, whoever reads its log."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from threading import Event, Thread

import pytest

from perun.graph.app.daemon.lifeline import Lifeline
from perun.tools.domain.clock import SystemClock
from support.daemons import DaemonDesk, ended, line_with
from support.eager_model import buys
from support.model_server import Answer, ModelServer
from support.model_words import Request, texts_of
from support.people import TOKEN

KEY = "sk-canary-that-nobody-may-read"
OLD = resources.files("perun.agents.prompts").joinpath("trader.md").read_text()
NEW = OLD.replace("version: 2", "version: second").replace("Prefer few good trades", "Look twice")
FAST = ("schedule", "--embedded-speed", "max", "--json-logs")


class Model:
    """Wants AAPL, but holds every question until it is let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = Event(), Event()
        self.trader: list[str] = []
        """What each trader was told to be."""

    def __call__(self, request: Request) -> Answer:
        self.asked.set()
        assert self.let_go.wait(120)
        if "trader of a desk" in (system := texts_of(request)[0]):
            self.trader.append("new" if "Look twice" in system else "old")
        return buys(request)


@contextmanager
def systemd(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Where a service tells how it is, and what it told, once the block is over."""
    told, place = list[str](), str(folder / "notify.sock")

    def listen() -> None:
        while (word := line.recv(4096).decode()) != "enough":
            told.append(word)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(place)
        thread = Thread(target=listen)
        thread.start()
        yield place, told
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"enough", place)
        thread.join()


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    yield model
    model.let_go.set()


def asking(server: ModelServer, **more: str) -> dict[str, str]:
    """Settings of a desk that asks that server."""
    who = {"LLM_PROVIDER": "openai", "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url}
    return {"DEFAULT_SYMBOLS": "AAPL", "LLM_TOOL_ROUNDS": "0", **who, **more}


@pytest.mark.slow
def test_when_it_is_hung_up_on_then_only_the_next_cycle_speaks_with_the_new_prompt_and_systemd_and_the_log_hear_all(
    tmp_path: Path, model: Model
) -> None:
    (tmp_path / "second.md").write_text(NEW)
    with ModelServer(model) as server, systemd(tmp_path) as (place, told):
        more = {"NOTIFY_SOCKET": place, "NOTIFY_URLS": f"json://127.0.0.1:9/{TOKEN}"}
        desk = DaemonDesk(tmp_path, asking(server, **more))
        daemon = desk.start(*FAST, "--cycles", "2")
        assert model.asked.wait(60)
        assert desk.perun("prompts", "add", "second.md").code == 0
        assert desk.perun("prompts", "use", "trader@second", "--reason", "a trial").code == 0
        daemon.send_signal(signal.SIGHUP)
        heard = line_with(daemon, "SIGHUP")
        model.let_go.set()
        said = ended(daemon)
    assert said.code == 0, said.err
    assert model.trader == ["old", "new"]
    assert [word for word in told if word != "WATCHDOG=1"] == ["READY=1", "STOPPING=1"]
    assert "WATCHDOG=1" in told
    lines = [json.loads(line) for line in [heard, *said.err.splitlines()]]
    assert all({"at", "level", "event", "message"} <= line.keys() for line in lines)
    cycles = [(line["slot"], line["cycle_id"].rpartition(":")[2]) for line in lines if line["event"] == "cycle"]
    assert cycles == [(f"2009-06-0{day}-close-15m",) * 2 for day in (1, 2)]
    everything = said.err + heard + said.out + "".join(told)
    assert KEY not in everything
    assert TOKEN not in everything


@pytest.mark.slow
def test_when_its_grace_is_over_while_a_model_thinks_then_the_slot_is_parked_and_gone_on_with(
    tmp_path: Path, model: Model
) -> None:
    with ModelServer(model) as server:
        daemon = DaemonDesk(tmp_path, asking(server, STOP_GRACE_SECONDS="0.2")).start(*FAST)
        assert model.asked.wait(60)
        daemon.send_signal(signal.SIGTERM)
        parked = ended(daemon)
        assert (parked.code, json.loads(parked.err.splitlines()[-1])["event"]) == (5, "parked")
        model.let_go.set()
        desk = DaemonDesk(tmp_path, asking(server))
        again = desk.perun(*FAST, "--cycles", "1")
    assert again.code == 0, again.err
    assert "was interrupted: going on with it" in again.err
    assert [state for _, state, _ in desk.cycles()] == ["FINISHED"] * len(desk.cycles())
    assert desk.books.faults() == []


def test_when_systemd_does_not_read_then_the_daemon_does_not_wait_for_it(tmp_path: Path) -> None:
    place = str(tmp_path / "notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(place)
        line = Lifeline(tmp_path / "beat.json", SystemClock(), 10, place)
        for _ in range(500):
            line.notify("WATCHDOG=1")
        assert deaf.recv(64) == b"WATCHDOG=1"
