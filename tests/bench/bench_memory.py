"""How long many memories take to index and to recall: a measurement, not a verdict.

    pytest -n 0 -s tests/bench/bench_memory.py    # 100,000 in a directory, ten minutes
    PYTHONPATH=tests python tests/bench/bench_memory.py --entries 1000000 --server --folder /tmp/million

The second starts a Chroma server of its own on loopback (without --server, the index is a directory), and goes on where
it was stopped when it is given the same folder again. Ctrl-C while it indexes ends that, and what is in is measured.

The vectors are made: the model embeds 384 sentences, and each entry's vector is that of its sentence with a little
noise of its own, so that no two are the same. Questions are embedded by the model itself. Files are written without
waiting for the disk, which the desk never does; in the second run, a month's entries of a kind lie in one file.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import process_time

import numpy as np
import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder, MiniLM, Recent
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.index import Scope
from perun.memory.memdir import Memdir, unreported
from perun.memory.months import as_line
from perun.memory.opening import Directory, Place
from perun.memory.recall import Bounds, Memory
from perun.memory.reindexing import bring_in_line
from perun.memory.server import ChromaServer
from perun.tools.domain.clock import stopwatch
from support.chroma_server import chroma_server

pytestmark = pytest.mark.timeout(3600)

ENTRIES, A_DAY, ASKED, REPORTED = 100_000, 100, 100, 10_240
KINDS = tuple(Kind)
SYMBOLS = [f"{chr(65 + n // 5)}{chr(65 + n % 5)}" for n in range(20)]
BEGAN = datetime(2010, 1, 4, 21, tzinfo=UTC)
TELLING = frozenset(Kind) - {Kind.MARKET, Kind.PORTFOLIO}
LOOKS = ("uptrend", "downtrend", "oversold", "overbought", "high-volatility", "calm")
SENTENCES = [
    f"The share {did} after {why}; {then}."
    for did in ("rose sharply", "fell hard", "drifted", "gapped lower", "recovered", "broke out", "slid", "stood still")
    for why in (
        "results",
        "a lawsuit",
        "a new product",
        "a rate cut",
        "rumours",
        "an upgrade",
        "the stop",
        "a quiet week",
    )
    for then in ("we held", "we sold", "the gate denied more", "we bought", "we waited", "the loss was small")
]


class Scattered:
    """A sentence's own vector for a question; for an entry's text (it ends with a number) the same, a little aside."""

    name, dimensions = "scattered", MiniLM.dimensions

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        said = [text.rpartition(" #") for text in texts]
        vectors = np.array(self._inner.embed([left or right for left, _, right in said]))
        for vector, (left, _, number) in zip(vectors, said, strict=True):
            if left:
                vector += np.random.default_rng(int(number)).normal(0, 0.02, len(vector))
        listed: list[list[float]] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).tolist()
        return listed


def entry(number: int) -> MemoryEntry:
    kind, symbol = KINDS[number % len(KINDS)], SYMBOLS[number // 8 % len(SYMBOLS)]
    as_of = BEGAN + timedelta(days=number // A_DAY)
    return MemoryEntry(
        id=entry_id(kind, str(number), symbol),
        kind=kind,
        symbols=(symbol,),
        as_of=as_of,
        written_at=as_of,
        cycle_id=str(number // A_DAY),
        source="bench",
        text=f"{SENTENCES[number * 7 % len(SENTENCES)]} #{number}",
        data={"n": number},
    )


def timed(name: str, work: Callable[[], object]) -> object:
    started = stopwatch()
    answer = work()
    print(f"{name:34} {stopwatch() - started:8.2f} s", flush=True)
    return answer


def percentiles(name: str, works: Iterator[Callable[[], object]]) -> None:
    """By the clock on the wall, and by this process's own work: other work on the machine counts in the first alone."""
    wall, own = [], []
    for work in works:
        started, worked = stopwatch(), process_time()
        work()
        wall.append((stopwatch() - started) * 1000)
        own.append((process_time() - worked) * 1000)
    waited, spent = quantiles(wall, n=20), quantiles(own, n=20)
    print(
        f"{name:34} p50 {waited[9]:6.1f} ms, p95 {waited[18]:6.1f} ms; "
        f"processor p50 {spent[9]:6.1f} ms, p95 {spent[18]:6.1f} ms",
        flush=True,
    )


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def test_a_hundred_thousand_memories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MiniLM()
    embedder = Scattered(Recent(model))
    files, index = Memdir(tmp_path / "memdir"), ChromaIndex(tmp_path / "chroma", embedder)
    memory = Memory(files, index, bounds=Bounds(seconds=600))
    embedder.embed(SENTENCES)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        timed("files, without waiting for the disk", lambda: [files.write(entry(n)) for n in range(ENTRIES)])
    timed("index, vectors known", lambda: bring_in_line(files, index, unreported))
    timed("close", memory.close)
    print(f"files {megabytes(tmp_path / 'memdir'):.0f} MB, index {megabytes(tmp_path / 'chroma'):.0f} MB")
    timed("open, nothing is lacking", memory.catch_up)
    measure_recall(memory, model, ENTRIES // A_DAY)
    memory.close()


def measure_recall(memory: Memory, model: Embedder, days: int) -> None:
    """Questions as an analyst's, looking back from days spread over all of them."""
    asks = [
        (
            f"{SENTENCES[n * 13 % len(SENTENCES)]} What then, on day {n}?",
            SYMBOLS[n % 20],
            BEGAN + timedelta(days=days * (n + 1) // ASKED),
        )
        for n in range(ASKED)
    ]
    percentiles("embedding a question", ((lambda w=words: model.embed([w])) for words, _, _ in asks))
    percentiles(
        "recall, new questions",
        ((lambda a=ask: memory.recall(*a, 4, 5, TELLING, like={"uptrend", "calm"})) for ask in asks),
    )
    percentiles("recall, known questions", ((lambda a=ask: memory.recall(*a, 4, 5, TELLING)) for ask in asks))
    percentiles("latest five", ((lambda a=ask: memory.latest(Scope(a[2], a[1], TELLING), 5)) for ask in asks))
    assert memory.recall(*asks[-1], 4, 5, TELLING).degraded == ""


def write_months(files: Memdir, entries: int) -> None:
    """Every entry as a line of its month's file."""
    done = files.folders.root / ".written"
    if done.exists() and int(done.read_text()) == entries:
        return
    gathered: dict[Path, list[bytes]] = {}
    for number in range(entries):
        made = entry(number)
        file = files.folders.month_file(made.kind, made.as_of.date())
        if file not in gathered and len(gathered) >= len(KINDS):
            put_months(gathered)
        gathered.setdefault(file, []).append(as_line(made))
    put_months(gathered)
    done.write_text(str(entries))


def put_months(gathered: dict[Path, list[bytes]]) -> None:
    for file, lines in gathered.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(lines))
    gathered.clear()


def index_all(index: ChromaIndex, entries: int, told: Callable[[], str]) -> int:
    """Add what is lacking, in order; how many are in at the end, or when it was stopped by Ctrl-C."""
    held = began = index.count()
    started = stopwatch()
    try:
        while held < entries:
            held += index.add(entry(number) for number in range(held, min(held + REPORTED, entries)))
            rate = (held - began) / (stopwatch() - started)
            print(f"indexed {held:9,} of {entries:,}, {rate:5.0f} a second, {told()}", flush=True)
    except KeyboardInterrupt:
        held = index.count()
        print(f"stopped: {held:,} are in, and are measured", flush=True)
    return held


def resident(pid: int) -> str:
    """A process's memory now, and at most until now."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) / 1e3 for name in ("VmRSS", "VmHWM"))
    return f"memory {now:,.0f} MB (at most {most:,.0f})"


def run(entries: int, folder: Path, server: bool) -> None:
    """The documented run."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        running = stack.enter_context(chroma_server(folder)) if server else None
        place: Place = ChromaServer.at(f"{running.url}/bench") if running else Directory(folder / "data")
        pid = running.pid if running else os.getpid()
        model = MiniLM()
        embedder = Scattered(Recent(model))
        files, index = Memdir(folder / "memdir"), ChromaIndex(place, embedder)
        memory = Memory(files, index, bounds=Bounds(seconds=600))
        stack.callback(memory.close)
        embedder.embed(SENTENCES)
        timed("files, a month's in one", lambda: write_months(files, entries))

        def told() -> str:
            return f"{resident(pid)}, {megabytes(folder / 'data'):,.0f} MB on disk"

        held = index_all(index, entries, told)
        measure_recall(memory, model, held // A_DAY)
        print(f"{held:,} entries: files {megabytes(folder / 'memdir'):,.0f} MB; index: {told()}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long many memories take to index and to recall.")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--server", action="store_true", help="on a Chroma server; else in a directory")
    parser.add_argument("--folder", type=Path, required=True, help="where all of it lies; may be gone on with")
    asked = parser.parse_args()
    run(asked.entries, asked.folder, asked.server)
