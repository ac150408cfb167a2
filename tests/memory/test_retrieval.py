"""The labelled set: the desk finds what helps better than simpler ways do, on questions it was not tuned on."""

from collections.abc import Iterator

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import MiniLM, Recent
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.organizer import Organizer
from perun.memory.recall import Bounds, Memory
from support.retrieval import rivals
from support.retrieval.judging import Marks, Query, labelled, marks, mean

pytestmark = pytest.mark.slow

Table = dict[str, Marks]


@pytest.fixture(scope="module")
def embedder(minilm: MiniLM) -> Recent:
    return Recent(minilm, 4096)


@pytest.fixture(scope="module")
def entries(embedder: Recent) -> list[MemoryEntry]:
    """The set's entries with the tags that the organizer gives them in a cycle."""
    asked = labelled()
    organised = Organizer(embedder).organised([*asked.markets, *asked.entries])
    return organised[len(asked.markets) :]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, embedder: Recent, entries: list[MemoryEntry]) -> Iterator[Table]:
    root = tmp_path_factory.mktemp("retrieval")
    index = ChromaIndex(root / "chroma", embedder)
    memory = Memory(Memdir(root / "memdir"), index, bounds=Bounds(characters=50_000))
    memory.remember(entries)
    judged = [query for query in labelled().queries if not query.is_for_tuning]
    ways = {
        "the desk's recall": rivals.default(memory),
        "… without findings": rivals.default(memory, with_findings=False),
        "latest of the symbol": rivals.latest(entries),
        "BM25": rivals.bm25(entries),
        "dense, filtered": rivals.dense(index, entries, of_symbol=True),
        "dense, unfiltered": rivals.dense(index, entries, of_symbol=False),
    }
    table = {name: mean([marks(query, find(query)) for query in judged]) for name, find in ways.items()}
    for name, row in table.items():
        print(f"{name:22} recall@5 {row.recall_5:.2f}  MRR {row.mrr:.2f}  nDCG@10 {row.ndcg_10:.2f}")
    yield table
    memory.close()


def test_when_the_set_is_made_then_it_is_large_enough_and_the_same_each_time() -> None:
    asked = labelled()
    assert len(asked.entries) >= 300
    assert len(asked.queries) >= 60
    assert len({entry.id for entry in asked.entries}) == len(asked.entries)
    assert (asked.queries[0].day.name, len(asked.queries[0].worth)) == ("MSFT-2007-01-11", 5)


def test_when_entries_are_judged_then_none_was_known_only_later() -> None:
    known = {entry.id: entry.as_of for entry in labelled().entries}
    assert all(known[id_] <= query.day.session.closes for query in labelled().queries for id_ in query.worth)


def test_when_the_order_is_ideal_then_the_marks_are_full_and_when_it_is_empty_then_nothing() -> None:
    query: Query = labelled().queries[0]
    helpful = [entry for entry in labelled().entries if entry.id in query.worth]
    best = sorted(helpful, key=lambda entry: -query.worth[entry.id])
    assert marks(query, best) == Marks(1, 1, 1)
    assert marks(query, []) == Marks(0, 0, 0)


def test_when_judged_on_the_other_half_then_the_desk_s_recall_wins_on_every_mark(table: Table) -> None:
    best = table["the desk's recall"]
    for row in list(table.values())[2:]:
        assert best.ndcg_10 > row.ndcg_10 + 0.05
        assert best.recall_5 > row.recall_5
        assert best.mrr > row.mrr
