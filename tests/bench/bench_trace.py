"""How long the record takes to read: a list over 100,000 cycles, one cycle shown, and the bytes that a cycle costs.

The rows are made by copying three real cycles under other names, chains and all; the file is gone afterwards.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from time import process_time

from perun.graph.app.tracing import show, why
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.looking import open_archive
from perun.graph.ledger.wanted import Wanted
from perun.graph.trace.exporting import as_html
from perun.graph.trace.listing import listed
from perun.graph.trace.reading import find
from perun.graph.trace.telling import tell
from perun.tools.domain.clock import stopwatch
from support.counted_reads import counted_reads
from support.floor import cycle

CYCLES = 100_000
ROUNDS = 7
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")


def seconds(work: Callable[[], object]) -> float:
    """Median time of the work."""
    times = []
    for _ in range(ROUNDS):
        started = stopwatch()
        work()
        times.append(stopwatch() - started)
    return median(times)


def cpu(work: Callable[[], object]) -> float:
    """The least of this process's own time that the work took: what a busy machine cannot add to."""
    times = []
    for _ in range(ROUNDS):
        started = process_time()
        work()
        times.append(process_time() - started)
    return min(times)


def multiply(path: Path, count: int) -> None:
    """So many more cycles, each a copy of the first: its row, its chain, and the two events that lists look into."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    first = "(SELECT * FROM cycles WHERE slot = 'first')"
    with closing(sqlite3.connect(path)) as hand, hand:
        hand.execute("PRAGMA synchronous=OFF")
        hand.execute(
            f"INSERT INTO cycles SELECT cycle_id || '-' || i, account, slot || '-' || i, mode, "
            f"strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', as_of, '+' || i || ' minutes'), symbols, state, outcome, "
            f"result, started_at, finished_at FROM ({numbers} SELECT i FROM n), {first}"
        )
        hand.execute(
            f"INSERT INTO chains SELECT stream || '-' || i, length, head FROM ({numbers} SELECT i FROM n), chains "
            "WHERE stream LIKE '%:first'"
        )
        hand.execute(
            f"INSERT INTO events SELECT stream || '-' || i, seq, at, kind, body, prev_hash, hash "
            f"FROM ({numbers} SELECT i FROM n), events WHERE stream LIKE '%:first' AND kind LIKE 'cycle.%'"
        )


def test_reading_of_a_long_record(tmp_path: Path) -> None:
    for slot in ("first", "second", "third"):
        cycle(tmp_path, slot=slot, symbols=SYMBOLS)
    path = ledger_path(tmp_path)
    with open_archive(path) as archive:
        for slot in ("first", "second"):
            print(_bytes(archive, slot))
    multiply(path, CYCLES)
    with open_archive(path) as archive:
        (begun, *_) = [stored.event for stored in find(archive, "first").events]
        analyst = begun.model_dump()["prompts"]["analyst"]
        for name, wanted in {
            "the latest 20": Wanted(),
            "one symbol and outcome": Wanted(symbol="IBM", outcome="traded"),
            "none found": Wanted(outcome="denied"),
            "a year": Wanted(since=find(archive, "second").cycle.as_of),
            "an agent": Wanted(agent="risk_manager"),
            "an agent that was never asked": Wanted(agent="researcher"),
            "a prompt": Wanted(prompt=analyst),
            "a prompt that never spoke": Wanted(prompt="0000"),
        }.items():
            took = seconds(lambda wanted=wanted: listed(archive, wanted))  # type: ignore[misc] # the default binds
            print(f"list {name:30} {took * 1000:6.0f} ms over {CYCLES + 3} cycles")
        print(f"show, record alone             {seconds(lambda: tell(find(archive, 'first'), archive)) * 1000:6.0f} ms")
        document = tell(find(archive, "first"), archive)
        print(f"show by order id               {seconds(lambda: find(archive, ORDER)) * 1000:6.0f} ms")
        print(f"export as a page               {seconds(lambda: as_html(document)) * 1000:6.0f} ms")
    here = {"DATA_DIR": str(tmp_path)}
    _print("show with what came after", lambda: show("first", here))
    _print("why", lambda: why("first", here))


def _print(name: str, work: Callable[[], object]) -> None:
    took, own, reads = seconds(work) * 1000, cpu(work) * 1000, counted_reads(work)
    print(f"{name:30} {took:6.0f} ms, {own:.0f} ms of CPU at best, {reads} statements")


ORDER = "perun-embedded-first-AAPL-entry-1"


def _bytes(archive: Archive, slot: str) -> str:
    trace = find(archive, slot)
    size = archive.size(trace.cycle.cycle_id)
    return f"cycle {slot} ({trace.cycle.outcome}): {len(trace.events)} events, {size} bytes of events"
