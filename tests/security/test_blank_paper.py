"""What this process had in its memory does not stand in the memory's index: Chroma writes room that nobody filled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILLED = 0x5A
"""What the C library is told to fill fresh memory with (it writes the complement), so that it can be recognised."""
TELLTALE = bytes([FILLED ^ 0xFF]) * 16

INDEXED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from perun.memory.chroma import ChromaIndex
from perun.memory.entries import Kind, MemoryEntry, entry_id
from support.embedding import BagOfWords

now = datetime(2026, 3, 2, tzinfo=UTC)
told = dict(kind=Kind.LESSON, as_of=now, written_at=now, cycle_id="c", source="analyst", text="Steady.")
index = ChromaIndex(Path(sys.argv[1]), BagOfWords())
index.add([MemoryEntry(id=entry_id(Kind.LESSON, "c", "1"), **told)])
print(index.count(), flush=True)
if sys.argv[2] == "closed":
    index.close()
else:
    sys.stdout.close()
    import os
    os._exit(9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to fill fresh memory")
@pytest.mark.parametrize("end", ["closed", "killed"])
def test_when_an_entry_is_indexed_then_no_file_holds_memory_that_nobody_filled(tmp_path: Path, end: str) -> None:
    marked = {"MALLOC_PERTURB_": str(FILLED), "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", INDEXED, str(tmp_path), end],
        env={**os.environ, **marked, "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "1\n", ran.stderr
    files = [path for path in tmp_path.rglob("*.bin") if path.stat().st_size]
    assert {"length.bin", "data_level0.bin"} <= {path.name for path in files}
    assert [path.name for path in files if TELLTALE in path.read_bytes()] == []
