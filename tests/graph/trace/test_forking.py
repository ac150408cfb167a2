"""A cycle run again otherwise: nothing is sent, and nothing of the original is touched."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Mind
from perun.agents.roles import ROSTER
from perun.graph.app.forking import Otherwise
from perun.graph.app.wiring import ledger_path, open_floor
from perun.graph.cycle import run_cycle
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.looking import open_archive
from perun.graph.trace.reading import find
from perun.graph.trace.then import MarketThen, WatchThen
from perun.graph.trace.verifying import verify
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import CommandGiven
from perun.tools.market.recorded import RecordedMarket
from support.floor import parts, settings
from support.forks import EVERY, STUDY, Rewriting, fork, other_words, wishes
from support.minds import ScriptedMind

PERUN = Path(sys.executable).with_name("perun")


def trader_alone(mind: Mind) -> dict[str, Mind]:
    return {**dict.fromkeys(ROSTER, Baseline()), "trader": mind}


@pytest.mark.parametrize("at", EVERY)
def test_when_nothing_is_changed_then_the_fork_decides_the_same_and_asks_nobody(data: Path, at: str) -> None:
    silent = ScriptedMind(lambda _: pytest.fail("a model was asked"))
    made = fork(data, Otherwise(at, minds=dict.fromkeys(ROSTER, silent)))
    assert (made["same"], made["differences"]) == (True, [])
    assert wishes(made) == {"AAPL": "BUY", "IBM": "BUY"}
    (one,) = made["forks"]
    assert [row["symbol"] for row in one["would_send"]] == ["AAPL", "IBM"]
    assert one["begun_from"] == "checkpoint"


@pytest.mark.parametrize("at", ["trade", "advise", "gate"])
def test_when_the_checkpoints_are_gone_then_the_fork_begins_from_the_record_and_says_so(data: Path, at: str) -> None:
    (data / "var" / "checkpoints.db").unlink()
    made = fork(data, Otherwise(at))
    (one,) = made["forks"]
    assert (one["begun_from"], made["same"]) == ("record", True)


def test_when_a_cycle_is_forked_then_no_row_of_the_original_no_order_and_no_memory_changes(data: Path) -> None:
    before = prints(data)
    fork(data, Otherwise(runs=2))
    fork(data, Otherwise(at="gate"), name="second")
    for at in STUDY:
        fork(data, Otherwise(at), name="third")
    after = prints(data)
    assert all(row in after["rows"] for row in before["rows"])
    added = [row for row in after["rows"] if row not in before["rows"]]
    assert added
    assert all("fork:cycle:" in row for row in added)
    for part in ("steps", "exchange", "memories"):
        assert after[part] == before[part], part


def test_when_a_cycle_is_forked_then_its_stream_is_whole_and_names_the_original_by_its_last_hash(data: Path) -> None:
    made = fork(data)
    (one,) = made["forks"]
    with open_archive(ledger_path(data)) as archive:
        assert verify(archive).whole
        first = archive.read(one["stream"])[0].event
        last = archive.read(made["cycle_id"])[-1]
    assert isinstance(first, CommandGiven)
    assert made["cycle_id"] in first.reason
    assert last.hash in first.reason


def test_when_the_prompt_is_another_then_its_words_are_asked_and_what_differs_is_named(
    data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bolder.md"
    file.write_text(other_words("trader"), encoding="utf-8")
    mind = Rewriting(lambda text: text.replace('"BUY"', '"HOLD"'))
    made = fork(data, Otherwise(prompts=[f"trader={file}"], minds=trader_alone(mind)))
    assert wishes(made) == {"AAPL": "HOLD", "IBM": "HOLD"}
    assert "Mind the weather." in mind.questions[0].messages[0].text
    assert {"prompt", "saw", "said", "signal", "verdict"} <= {row["part"] for row in made["differences"]}


def test_when_it_is_run_several_times_then_it_is_asked_anew_and_the_agreement_is_told(data: Path) -> None:
    turns = iter(["BUY", "HOLD", "BUY"])
    mind = Rewriting(lambda text: text.replace('"BUY"', f'"{next(turns)}"'))
    made = fork(data, Otherwise(runs=3, minds=trader_alone(mind)))
    assert len(mind.questions) == 3
    assert [(row["symbol"], row["action"], row["agreement"]) for row in made["agreement"]] == [
        ("AAPL", "BUY", 0.6667),
        ("IBM", "BUY", 0.6667),
    ]


def test_when_a_role_has_another_model_then_it_is_asked_and_the_others_are_not(data: Path) -> None:
    silent = ScriptedMind(lambda _: pytest.fail("another role was asked"))
    trader = Rewriting(str)
    minds: dict[str, Mind] = {**dict.fromkeys(ROSTER, silent), "trader": trader}
    fork(data, Otherwise(models=["trader=another"], minds=minds))
    assert len(trader.questions) == 1


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        (Otherwise(at="gather"), "cannot begin at gather"),
        (Otherwise(prompts=["analyst=1"]), "analyst"),
        (Otherwise(at="advise", models=["trader=other"]), "trader does not speak"),
        (Otherwise(prompts=["trader"]), "ROLE=FILE"),
        (Otherwise(models=["broker=other"]), "no agent broker"),
    ],
)
def test_when_a_fork_cannot_be_made_then_it_is_refused_and_nothing_is_recorded(
    data: Path, otherwise: Otherwise, said: str
) -> None:
    before = prints(data)["rows"]
    with pytest.raises(ConfigurationError, match=said):
        fork(data, otherwise)
    assert prints(data)["rows"] == before


def test_when_a_market_is_frozen_then_it_shows_nothing_that_came_later() -> None:
    market, then = RecordedMarket.shipped(), datetime(2009, 6, 1, 20, tzinfo=UTC)
    frozen = MarketThen(market, then)
    assert frozen.at(then + timedelta(days=90)).bars("AAPL", 5) == market.at(then).bars("AAPL", 5)


def test_when_a_desk_is_frozen_then_it_knows_the_orders_before_its_cycle_and_none_of_its_own(data: Path) -> None:
    with open_archive(ledger_path(data)) as archive, open_ledger(ledger_path(data), SystemClock()) as ledger:
        sent = {}
        for slot in ("first", "second"):
            conduct = WatchThen(ledger, find(archive, slot)).standing().conduct
            sent[slot] = [order.symbol for order in conduct.sent] if conduct else None
    assert sent == {"first": [], "second": ["AAPL", "IBM"]}


@pytest.mark.slow
def test_when_a_stop_sold_at_the_very_close_then_the_fork_of_that_cycle_still_waits_for_its_cooldown(
    tmp_path: Path,
) -> None:
    with open_floor(settings(tmp_path), parts()) as floor:
        ended = [run_cycle(floor, ("AAPL", "GOOG", "IBM", "MSFT"), f"s{day}")["outcome"] for day in range(16)]
    assert ended[15] == "denied"
    made = fork(tmp_path, name="s15")
    assert made["differences"] == []
    assert [row["breaches"] for row in made["forks"][0]["decisions"] if row["cleared"] is False] == [["COOLDOWN"]]


def test_when_the_command_is_typed_then_the_document_comes_and_a_bad_node_ends_with_2(data: Path) -> None:
    made = perun(data, "trace", "fork", "first", "--at", "gate", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["schema"] == "perun.fork/1"
    refused = perun(data, "trace", "fork", "first", "--at", "execute")
    assert (refused.returncode, refused.stdout) == (2, "")


def perun(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(data.parent), "DATA_DIR": str(data)}
    return subprocess.run(
        [str(PERUN), *arguments],
        cwd=data.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def prints(data: Path) -> dict[str, list[str]]:
    """What a fork must not touch, row by row, and the memory file by file."""
    files = sorted((data / "memdir").rglob("*.json"))
    return {
        "rows": rows(ledger_path(data)),
        "steps": rows(data / "var" / "checkpoints.db"),
        "exchange": rows(data / "var" / "exchange.db"),
        "memories": [f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files],
    }


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sorted(f"{name} {row!r}" for name in tables for row in connection.execute(f"SELECT * FROM {name}"))
