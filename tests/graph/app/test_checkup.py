"""`perun doctor` on a desk's life: one line each, and what is wrong is a fault with what to do."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import checkup, wiring
from perun.graph.app.daemon.lifeline import HEARTBEAT
from perun.graph.app.doctor import examine, examined, exit_code
from perun.graph.app.remembering import memory_files
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder
from perun.memory.memdir import unreported
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import BrokerUnavailable, PerunError
from support.embedding import BagOfWords
from support.floor import cycle, settings

NOW = datetime.fromisoformat("2026-11-23T05:00:00+00:00")


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    assert cycle(folder)["outcome"] == "traded"
    return folder


@pytest.fixture
def desk(traded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A desk that has traded once, to be spoiled."""
    monkeypatch.setattr(wiring, "MiniLM", BagOfWords)
    return settings(Path(shutil.copytree(traded, tmp_path / "data")))


def test_when_a_desk_is_fresh_then_every_line_says_so_and_none_is_a_fault(tmp_path: Path) -> None:
    document = examine({"DATA_DIR": str(tmp_path), "LLM_PROVIDER": "baseline"})
    told = {row["check"]: row["detail"] for row in document["checks"]}
    assert (document["ok"], exit_code(document)) == (True, 0), document
    assert told["memory index"] == "0 entries, no index yet: the next cycle makes it"
    assert told["checkpoints"] == "none yet"
    assert told["stops"] == "nothing is held"
    assert told["next slot"].startswith("2009-06-01-close-15m on the recorded days; last review due ")
    assert told["heartbeat"] == "no daemon has run here"
    assert told["notifications"] == "nobody is told of anything: NOTIFY_URLS is empty"


def test_when_a_desk_has_traded_then_its_index_is_whole_its_steps_are_kept_and_its_shares_guarded(
    desk: Settings,
) -> None:
    index = desk.data_dir / "chroma"
    assert checkup.memory_index(desk) == "10 entries, all in the index"
    assert checkup.checkpoints(desk).startswith("the steps of 1 cycles, 0.")
    assert checkup.stops(desk) == "2 positions, each under a stop"
    (index / "seal.json").unlink()
    files = memory_files(desk.data_dir)
    entry = next(files.entries(unreported))
    files.write(entry.model_copy(update={"id": "0" * len(entry.id)}))
    said = "11 entries, 1 not in the index: the next cycle adds them, not sealed: who used it last was killed"
    assert checkup.memory_index(desk) == said
    with next(index.glob("*/*.bin")).open("ab") as file:
        file.write(b"x")
    with pytest.raises(PerunError, match="was changed from outside: `perun memory reindex`"):
        checkup.memory_index(desk)


def test_when_a_stop_is_gone_then_the_shares_that_are_held_without_one_are_named(desk: Settings) -> None:
    with open_venue(desk, data_folder(desk)) as venue:
        stop = next(order for order in venue.book.portfolio().working_orders if order.symbol == "AAPL")
        venue.writer.cancel(stop.client_order_id)
    with pytest.raises(PerunError, match="held without a stop: 652 AAPL; perun reconcile puts it back"):
        checkup.stops(desk)


@pytest.mark.parametrize(
    ("said", "is_well", "words"),
    [
        ({"doing": "stopped", "at": "2026-11-23T04:58:00+00:00"}, True, "process 7 stopped at 2026-11-23T04:58"),
        ({"doing": "waiting", "at": NOW.isoformat()}, True, "process 7 is waiting, seen "),
        ({"doing": "carrying", "at": NOW.isoformat(), "stuck": True}, False, "has been carrying for too long"),
        ({"doing": "waiting", "at": (NOW - timedelta(hours=1)).isoformat()}, False, "no sign of life of process 7"),
    ],
)
def test_when_there_is_a_heartbeat_then_its_age_and_its_words_tell_how_the_daemon_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], is_well: bool, words: str
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda clock: NOW)  # else it fails where the run came to it minutes later
    chosen = settings(tmp_path)
    (data_folder(chosen) / "var" / HEARTBEAT).write_text(json.dumps({"pid": 7, **said}))
    row = examined("heartbeat", lambda: checkup.heartbeat(chosen))
    assert (row["ok"], words in row["detail"]) == (is_well, True), row


def test_when_the_market_is_live_then_the_next_slot_has_its_instant(tmp_path: Path) -> None:
    chosen = settings(tmp_path, broker="alpaca", trading_schedule="open+10m", optimization_schedule="0 6 * * SAT")
    assert "-open-10m at 20" in checkup.next_slot(chosen)
    wrong = chosen.model_copy(update={"optimization_schedule": "a b c d e"})
    with pytest.raises(PerunError, match="OPTIMIZATION_SCHEDULE='a b c d e' names no times"):
        checkup.next_slot(wrong)


def test_when_there_is_hardly_any_room_then_it_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "LEAST_FREE", 10**18)
    with pytest.raises(PerunError, match=r"GB free at .*: make room"):
        checkup.disk(settings(tmp_path))


def test_when_all_that_is_wrong_is_that_something_does_not_answer_then_the_exit_code_is_4() -> None:
    def broken(error: PerunError) -> dict[str, Any]:
        def ask() -> str:
            raise error

        return examined("x", ask)

    away, wrong = broken(BrokerUnavailable("no answer")), broken(PerunError("no"))
    assert [exit_code({"checks": rows}) for rows in ([away], [away, wrong], [])] == [4, 2, 0]
