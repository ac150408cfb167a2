"""The record read from the command line, and what people commanded standing in it."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest

from perun.graph.app import commanding, tracing
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.looking import open_archive
from perun.graph.ledger.wanted import Wanted
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import CommandGiven

PERUN = Path(sys.executable).with_name("perun")


def perun(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a person types it, with nothing set but DATA_DIR."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(data.parent), "COLUMNS": "120", "DATA_DIR": str(data)}
    command = [str(PERUN), *arguments]
    return subprocess.run(
        command, cwd=data.parent, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Path:
    """The recorded cycles, for those who spoil them."""
    copytree(recorded, tmp_path / "data")
    return tmp_path / "data"


def test_when_a_cycle_is_shown_at_one_node_then_the_exact_prompt_and_answer_are_printed(recorded: Path) -> None:
    shown = perun(recorded, "trace", "show", "first", "--node", "trade")
    assert shown.returncode == 0, shown.stderr
    document = json.loads(perun(recorded, "trace", "show", "first", "--node", "trade", "--json").stdout)
    (asked,) = [row["event"] for row in document["nodes"][0]["events"] if row["event"]["kind"] == "model.asked"]
    assert [text in shown.stdout for _, text in asked["messages"]] == [True, True]
    assert asked["answer"] in shown.stdout
    assert "analyst:" not in shown.stdout


@pytest.mark.slow
def test_when_the_record_is_read_then_each_command_answers_and_ends_with_0(recorded: Path, tmp_path: Path) -> None:
    assert [row["slot"] for row in json.loads(perun(recorded, "trace", "list", "--json").stdout)["cycles"]] == [
        "third",
        "second",
        "first",
    ]
    page = perun(recorded, "trace", "show", "first")
    assert page.returncode == 0, page.stderr
    assert all(part in page.stdout for part in ("gather", "MAX_POSITION_SIZE", "filled", "headroom", "1 session"))
    assert "second" in perun(recorded, "trace", "diff", "second", "third").stdout
    whole = perun(recorded, "trace", "verify")
    assert (whole.returncode, "every one whole" in whole.stdout) == (0, True)
    exported = perun(recorded, "trace", "export", "first", "--html", str(tmp_path / "a.html"))
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads(perun(recorded, "trace", "schema").stdout)["title"] == "TraceDocument"


def test_when_somebody_asks_why_then_about_ten_lines_come_each_with_its_events(recorded: Path) -> None:
    short, full = perun(recorded, "why", "first/AAPL"), perun(recorded, "why", "first/AAPL", "--full")
    assert sum(line.startswith("[event:") for line in short.stdout.splitlines()) in range(8, 14)
    assert len(full.stdout) > 3 * len(short.stdout)
    document = json.loads(perun(recorded, "why", "first/AAPL", "--json").stdout)
    assert (document["schema"], document["short"][0]["events"]) == (
        "perun.why/1",
        [f"{document['cycle_id']}/event:1"],
    )


def test_when_an_event_s_id_is_shown_then_that_event_alone_is_printed(recorded: Path) -> None:
    (cycle,) = tracing.cycles({"DATA_DIR": str(recorded)}, Wanted(symbol="IBM"))["cycles"]
    shown = perun(recorded, "trace", "show", f"{cycle['cycle_id']}/event:1", "--json")
    (node,) = json.loads(shown.stdout)["nodes"]
    assert [row["event"]["kind"] for row in node["events"]] == ["cycle.started"]


def test_when_the_record_was_changed_then_verify_names_the_event_and_ends_with_1(copied: Path) -> None:
    with closing(sqlite3.connect(ledger_path(copied))) as hand, hand:
        hand.execute("UPDATE events SET body = replace(body, 'BUY', 'SELL') WHERE kind = 'signal'")
    broken = perun(copied, "trace", "verify", "--json")
    assert broken.returncode == 1
    (fault,) = json.loads(broken.stdout)["broken"]
    assert broken.stderr.splitlines() == [f"perun: broken: {fault['why']} ({fault['event']})"]
    assert fault["why"].endswith("was changed after it was written")
    told = perun(copied, "trace", "show", "first")
    assert "BROKEN" in told.stdout, "who reads a trace is told that it is not the one that was written"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nothing"), "the ledger knows no nothing"),
        (("show", "first", "--node", "lunch"), "first has no lunch; its nodes are"),
        (("list", "--from", "yesterday"), "--from yesterday should be a day"),
        (("export", "first"), "say --html FILE or --json FILE"),
        (("export", "first", "--json", "/proc/none/a.json"), "/proc/none/a.json cannot be written"),
        (("diff", "first", "nothing"), "the ledger knows no nothing"),
    ],
)
def test_when_the_input_is_bad_then_one_line_says_so_and_the_exit_code_is_2(
    recorded: Path, arguments: tuple[str, ...], said: str
) -> None:
    answer = perun(recorded, "trace", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_when_no_cycle_ever_ran_then_the_list_is_empty_and_nothing_is_made(tmp_path: Path) -> None:
    here = {"DATA_DIR": str(tmp_path)}
    assert tracing.cycles(here, Wanted())["cycles"] == []
    with pytest.raises(ConfigurationError, match="there was no cycle yet"):
        tracing.show("first", here)
    assert not ledger_path(tmp_path).exists()


def test_when_days_and_prompts_are_named_then_the_list_is_of_them(recorded: Path) -> None:
    def slots(prompt: str = "", since: str | None = None, until: str | None = None) -> list[str]:
        rows = tracing.cycles({"DATA_DIR": str(recorded)}, Wanted(prompt=prompt), since, until)["cycles"]
        return [row["slot"] for row in rows]

    assert slots(since="2009-06-02") == ["third", "second"]
    assert slots(until="2009-06-02") == ["second", "first"]
    shown = tracing.show("first", {"DATA_DIR": str(recorded)})
    assert slots(prompt=f"trader@{shown.prompts['trader']}") == slots()
    assert slots(prompt=f"analyst@{shown.prompts['trader']}") == []


def test_when_people_command_the_desk_then_who_said_what_and_why_is_on_record(copied: Path) -> None:
    here = {"DATA_DIR": str(copied)}
    commanding.halt("a bad feeling", here)
    commanding.resume("slept over it", here)
    commanding.reconcile_now(here)
    commanding.flatten(here)
    with open_archive(ledger_path(copied)) as archive:
        (desk,) = [stream for stream in archive.streams() if stream.startswith("desk:")]
        given = [stored.event for stored in archive.read(desk) if isinstance(stored.event, CommandGiven)]
    assert [(each.command, each.reason) for each in given] == [
        ("halt", "a bad feeling"),
        ("resume", "slept over it"),
        ("reconcile", ""),
        ("flatten", ""),
    ]
    assert all(each.who for each in given)
