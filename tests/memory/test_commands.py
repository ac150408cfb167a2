"""`perun memory` as a person and a program use it: documents, plain refusals, and exit code 5 without an index."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import recollecting
from perun.graph.app.remembering import memory_files, the_memory
from perun.graph.app.settings import Settings
from perun.memory.embedding import Embedder, MiniLM, Recent
from perun.memory.entries import Kind, MemoryEntry
from perun.tools.domain.errors import ConfigurationError

Make = Callable[..., MemoryEntry]
Overrides = dict[str, str]

PERUN = Path(sys.executable).with_name("perun")


@pytest.fixture
def desk(tmp_path: Path, embedder: Embedder, entry: Make) -> Overrides:
    """A DATA_DIR with five days of signals and a trade."""
    memory = the_memory(Settings(data_dir=tmp_path), tmp_path, embedder)
    memory.remember([entry(day=day, text=f"profits fell on day {day}") for day in range(5)])
    memory.remember([entry(day=2, symbol="MSFT", kind=Kind.TRADE, text="buy 10 MSFT market: filled")])
    memory.close()
    return {"DATA_DIR": str(tmp_path)}


def search(desk: Overrides, embedder: Embedder, words: str = "", **changes: Any) -> dict[str, Any]:
    asked = {"symbol": None, "kinds": (), "tags": (), "as_of": None, "count": 10, "latest": 0} | changes
    return recollecting.search(words, **asked, overrides=desk, embedder=embedder)


def test_when_searched_then_each_hit_has_its_score_its_parts_and_its_tags(desk: Overrides, embedder: Embedder) -> None:
    document = search(desk, embedder, "profits fell on day 3", symbol="AAPL", count=2)
    assert document["schema"] == "perun.memory.search/1"
    assert [hit["kind"] for hit in document["hits"]] == ["signal", "signal"]
    best = document["hits"][0]
    assert best["text"] == "profits fell on day 3"
    assert best["score"] > document["hits"][1]["score"]
    assert set(best["score_parts"]) == {"meaning", "likeness", "recency", "usefulness"}
    assert best["tags"] == ["information-technology"]
    assert best["evidence"] == f"[mem:{best['id']}]"
    assert document["errors"] == []


def test_when_kind_tag_or_day_narrow_it_then_nothing_else_comes(desk: Overrides, embedder: Embedder) -> None:
    assert [hit["kind"] for hit in search(desk, embedder, latest=9, kinds=["trade"])["hits"]] == ["trade"]
    assert search(desk, embedder, latest=9, tags=["energy"])["hits"] == []
    assert len(search(desk, embedder, latest=9, as_of="2013-03-02")["hits"]) == 2
    assert len(search(desk, embedder, latest=9, as_of="2013-03-02T21:00:00")["hits"]) == 2
    assert len(search(desk, embedder, latest=2)["hits"]) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kinds": ["dream"]}, "the kinds are trade, signal"),
        ({"tags": ["dream"]}, "no tag is called dream"),
        ({"as_of": "yesterday"}, "write a day such as 2013-02-28"),
    ],
)
def test_when_asked_for_what_there_is_not_then_one_line_says_so(
    desk: Overrides, embedder: Embedder, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        search(desk, embedder, **changes)


def test_when_an_entry_is_put_in_quarantine_then_it_shows_and_is_not_found_and_may_come_back(
    desk: Overrides, embedder: Embedder, entry: Make
) -> None:
    id_ = entry(day=1).id
    document = recollecting.quarantine(f"[mem:{id_}]", "a bad print", desk)
    assert document["schema"] == "perun.memory/1"
    assert document["quarantine"]["reason"] == "a bad print"
    assert recollecting.show(id_, desk)["quarantine"] == document["quarantine"]
    assert recollecting.stats(desk, embedder)["quarantined"] == 1
    assert id_ not in {hit["id"] for hit in search(desk, embedder, "profits", latest=9)["hits"]}
    assert recollecting.quarantine(id_, "it was right", desk, lift=True)["quarantine"] is None
    assert id_ in {hit["id"] for hit in search(desk, embedder, "profits", latest=9)["hits"]}


def test_when_there_is_no_such_entry_or_no_reason_then_it_is_refused(desk: Overrides, entry: Make) -> None:
    with pytest.raises(ConfigurationError, match="no entry signal-000000000000"):
        recollecting.show("signal-000000000000", desk)
    with pytest.raises(ConfigurationError, match="no entry nonsense"):
        recollecting.quarantine("nonsense", "why", desk)
    with pytest.raises(ConfigurationError, match="--reason"):
        recollecting.quarantine(entry(day=1).id, " ", desk)


def test_when_counted_then_kinds_symbols_and_the_index_are_told(desk: Overrides, embedder: Embedder) -> None:
    document = recollecting.stats(desk, embedder)
    assert (document["entries"], document["indexed"]) == (6, 6)
    assert document["kinds"] == {"signal": 5, "trade": 1}
    assert document["symbols"] == {"AAPL": 5, "MSFT": 1}
    assert (document["first"], document["last"]) == ("2013-03-01T21:00:00Z", "2013-03-05T21:00:00Z")


def test_when_reindexed_then_every_file_is_in_and_what_is_too_old_is_not(
    desk: Overrides, embedder: Embedder, entry: Make
) -> None:
    files = memory_files(Path(desk["DATA_DIR"]))
    files.write(entry(day=-90, kind=Kind.MARKET))
    torn = files.write(entry(day=4, kind=Kind.ERROR))
    torn.write_text("{")
    document = recollecting.reindex(desk | {"MEMORY_KEEP_DAYS": "30"}, embedder=embedder)
    assert (document["indexed"], document["let_go"]) == (6, 1)
    assert str(torn) in document["errors"][0]


def test_when_the_file_of_tags_is_wrong_then_the_desk_does_not_start_with_it(
    desk: Overrides, embedder: Embedder
) -> None:
    (Path(desk["DATA_DIR"]) / "tags.toml").write_text("tag = 1")
    with pytest.raises(ConfigurationError, match=r"tags\.toml: write a \[\[tag\]\]"):
        search(desk, embedder)


def perun(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "120", "DATA_DIR": str(folder)}
    command = [str(PERUN), "memory", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.slow
def test_when_the_index_is_broken_then_the_command_says_so_with_5_and_reindexing_mends_it(
    tmp_path: Path, minilm: MiniLM, entry: Make
) -> None:
    memory = the_memory(Settings(data_dir=tmp_path), tmp_path, Recent(minilm))
    memory.remember([entry(text="The stop was hit and the position sold at a loss."), entry(day=1)])
    memory.close()
    (tmp_path / "chroma/chroma.sqlite3").write_bytes(b"garbage" * 2000)
    broken = perun(tmp_path, "search", "stopped out", "--latest", "1", "--json")
    assert broken.returncode == 5
    assert len(json.loads(broken.stdout)["hits"]) == 1
    assert "perun memory" in broken.stderr or "memory index" in broken.stderr
    mended = perun(tmp_path, "reindex", "--json")
    assert mended.returncode == 0, mended.stderr
    assert json.loads(mended.stdout)["indexed"] == 2
    assert "entries indexed" in mended.stderr
    found = perun(tmp_path, "search", "stopped out", "--limit", "1")
    assert found.returncode == 0, found.stderr
    assert "stop-out" in found.stdout
    assert "\x1b[" not in found.stdout
    assert perun(tmp_path, "show", "nonsense").returncode == 2
