"""How long 100,000 memories take to index and to recall: a measurement, not a verdict. Some ten minutes.

The vectors are made: the model embeds 384 sentences, and each entry's vector is that of its sentence with a little
noise of its own, so that no two are the same. Questions are embedded by the model itself. Files are written without
waiting for the disk, which the desk never does.
"""

import os
from collections.abc import Callable, Iterator, Sequence
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
from perun.memory.recall import Bounds, Memory
from perun.memory.reindexing import bring_in_line
from perun.tools.domain.clock import stopwatch

pytestmark = pytest.mark.timeout(3600)

ENTRIES, A_DAY, ASKED = 100_000, 100, 100
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
    asks = [
        (
            f"{SENTENCES[n * 13 % len(SENTENCES)]} What then, on day {n}?",
            SYMBOLS[n % 20],
            BEGAN + timedelta(days=500 + 4 * n),
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
    memory.close()
