"""A run is found by any of its names, by those who only look."""

import sqlite3
from pathlib import Path

import pytest

from perun.graph.app import tracing
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.looking import open_archive
from perun.graph.ledger.wanted import Wanted
from perun.graph.trace.listing import listed
from perun.graph.trace.reading import find
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.domain.events import CycleEnded, CycleStarted, NodeFinished, NodeStarted, Reconciled
from support.counted_reads import counted_reads


def slots(archive: Archive, **wanted: object) -> list[str]:
    return [row["slot"] for row in listed(archive, Wanted(**wanted))["cycles"]]  # type: ignore[arg-type] # as a test says


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("first", None),
        ("first/IBM", "IBM"),
        ("perun-embedded-first-IBM-entry-1", "IBM"),
        ("perun-embedded-first-IBM-entry-1-stop", "IBM"),
    ],
)
def test_when_a_run_is_named_by_slot_decision_or_order_then_it_is_found(
    archive: Archive, name: str, symbol: str | None
) -> None:
    trace = find(archive, name)
    assert (trace.cycle.slot, trace.symbol) == ("first", symbol)
    assert find(archive, trace.cycle.cycle_id).cycle == trace.cycle


@pytest.mark.parametrize("name", ["", "never", "first/MSFT", "perun-embedded-never-IBM-entry-1"])
def test_when_nothing_has_that_name_then_the_last_cycle_is_told(archive: Archive, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the ledger knows no .*; the last cycle is cycle:.*:third"):
        find(archive, name)


def test_when_cycles_are_listed_then_the_latest_comes_first_and_each_filter_leaves_what_it_says(
    archive: Archive,
) -> None:
    assert slots(archive) == ["third", "second", "first"]
    assert slots(archive, limit=2) == ["third", "second"]
    assert slots(archive, symbol="IBM") == ["first"]
    assert slots(archive, symbol="IB") == []
    assert slots(archive, outcome="traded") == ["first"]
    assert slots(archive, outcome="denied") == []
    second = find(archive, "second").cycle.as_of
    assert slots(archive, since=second) == ["third", "second"]
    assert slots(archive, until=second) == ["first"]


def test_when_cycles_are_listed_by_agent_and_prompt_then_those_are_left_in_which_it_was_asked_and_spoke(
    archive: Archive,
) -> None:
    ((_, begun),) = find(archive, "second").all(CycleStarted)
    trader, analyst = begun.prompts["trader"], begun.prompts["analyst"]
    assert slots(archive, agent="trader", limit=2) == ["third", "second"]
    assert slots(archive, agent="researcher") == [], "without a source nobody asked it"
    assert slots(archive, agent="risk_manager") == ["first"], "only the first wished for an order"
    assert slots(archive, prompt=trader[:6]) == slots(archive)
    assert slots(archive, agent="trader", prompt=trader) == slots(archive)
    assert slots(archive, agent="trader", prompt=analyst) == []
    assert slots(archive, prompt="none such") == []


def test_when_a_ledger_is_older_than_the_list_of_agents_then_they_are_found_all_the_same(
    recorded: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    old.write_bytes(ledger_path(recorded).read_bytes())
    with sqlite3.connect(old) as hand:
        hand.execute("UPDATE events SET body = json_remove(body, '$.asked') WHERE kind = 'cycle.ended'")
    with open_archive(old) as archive:
        assert slots(archive, agent="risk_manager") == ["first"]
        assert slots(archive, agent="researcher") == []


def test_when_a_list_is_made_then_each_line_tells_wishes_orders_and_cost(archive: Archive) -> None:
    (row,) = listed(archive, Wanted(symbol="IBM"))["cycles"]
    assert row["wishes"] == {"AAPL": "BUY", "IBM": "BUY"}
    assert (row["orders"], row["denied"], row["calls"], row["tokens"], row["cost_usd"]) == (2, 0, 0, 0, "0.0000")


def test_when_the_archive_is_open_then_nothing_can_be_written_through_it(archive: Archive) -> None:
    stream = archive.streams()[0]
    before = archive.length(stream)
    with pytest.raises(LedgerUnavailable, match="readonly"):
        archive.events.append(stream, NodeStarted(node="gather"), archive.read(stream)[0].at)
    assert archive.length(stream) == before


@pytest.mark.parametrize("content", [None, b"", b"this is no database", b"\x00" * 4096])
def test_when_there_is_no_ledger_then_it_is_said_and_nothing_is_made(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "perun.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"perun\.db"):
        open_archive(path)
    assert [file.name for file in tmp_path.iterdir()] == ([] if content is None else ["perun.db"])


def test_when_the_ledger_is_one_of_a_newer_perun_then_it_is_refused(recorded: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    newer.write_bytes(ledger_path(recorded).read_bytes())
    with sqlite3.connect(newer) as hand:
        hand.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="migration 9999"):
        open_archive(newer)


def test_when_a_cycle_has_run_then_every_node_has_its_beginning_and_end_and_the_end_names_who_was_asked(
    archive: Archive,
) -> None:
    trace = find(archive, "first")
    begun = [(event.node, event.symbol) for _, event in trace.all(NodeStarted)]
    ended = [(event.node, event.symbol) for _, event in trace.all(NodeFinished)]
    studies = [(node, symbol) for symbol in ("AAPL", "IBM") for node in ("recall", "research", "analyse")]
    desk = [(node, None) for node in ("gather", "trade", "advise", "gate", "execute", "remember")]
    assert sorted(begun, key=str) == sorted(ended, key=str) == sorted([*studies, *desk], key=str)
    ((_, end),) = trace.all(CycleEnded)
    assert end.asked == ("analyst", "risk_manager", "trader")


def test_when_a_reconciliation_puts_something_right_then_that_is_on_record_and_one_that_does_not_is_no_event(
    archive: Archive,
) -> None:
    ((_, event),) = find(archive, "first").all(Reconciled)
    assert event == Reconciled(adjusted=("cash 100000: opening balance",))
    assert find(archive, "second").all(Reconciled) == []


def test_when_a_cycle_is_shown_or_asked_about_then_a_handful_of_statements_is_enough(recorded: Path) -> None:
    here = {"DATA_DIR": str(recorded), "LLM_PROVIDER": "baseline"}
    assert counted_reads(lambda: tracing.show("first", here)) <= 10
    assert counted_reads(lambda: tracing.why("first/AAPL", here)) <= 10
