"""A memory killed while it writes: every entry that was acknowledged is there, and comes to mind again."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory

Make = Callable[..., MemoryEntry]

_WRITES = """
import sys
from pathlib import Path
from perun.memory.chroma import ChromaIndex
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from support.embedding import BagOfWords

root = Path(sys.argv[1])
memory = Memory(Memdir(root / "memdir"), ChromaIndex(root / "chroma", BagOfWords()))
for line in sys.stdin:
    entry = MemoryEntry.model_validate_json(line)
    memory.remember([entry])
    print(entry.id, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 17, 60])
def test_when_killed_while_writing_then_no_acknowledged_entry_is_lost(
    tmp_path: Path, embedder: Embedder, entry: Make, acknowledged: int
) -> None:
    entries = [entry(day=day, text=f"day {day}") for day in range(100)]
    lines = "\n".join(each.model_dump_json() for each in entries)
    (tmp_path / "entries.jsonl").write_text(lines)
    command = [sys.executable, "-c", _WRITES, str(tmp_path)]
    with (tmp_path / "entries.jsonl").open() as told:
        process = subprocess.Popen(
            command, stdin=told, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        )
    with process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().split()
    memdir, index = Memdir(tmp_path / "memdir"), ChromaIndex(tmp_path / "chroma", embedder)
    memory = Memory(memdir, index)
    memory.catch_up(pytest.fail)
    known = {each.id: each for each in memdir.entries(pytest.fail)}
    by_id = {each.id: each for each in entries}
    assert said == [each.id for each in entries[: len(said)]]
    assert all(known[id_] == by_id[id_] for id_ in said)
    assert index.ids() == known.keys()
    found = memory.recall("day 0", "AAPL", entry(day=200).as_of, 1, 0)
    assert len(found.hits) == 1
    assert found.degraded == ""
    memory.close()
