"""The long run of the large properties, a million desks, in rounds that can be stopped and gone on with.

    nice python tests/tools/risk/slow/rounds.py FOLDER [--rounds 20] [--examples 50000] [--workers 2]

The first call freezes the code into FOLDER; later calls test that code, whatever was changed since. Every round has a
salt of its own, so that no two try the same desks, and one that is asked for again tries the same ones. A round that
came to its end is a line in `FOLDER/rounds.txt`, and is not run again. The first that fails ends the run: what pytest
said lies beside it.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from perun.tools.domain.clock import stopwatch

ROOT = Path(__file__).parents[4]
PARTS = ("agents", "data", "graph", "memory", "tests", "tools", ".types", "pyproject.toml")
PROPERTIES = "tests/tools/risk/slow"


def freeze(folder: Path) -> Path:
    """The code in `folder`, as it was when the first round began."""
    code = folder / "code"
    if not code.exists():
        making = folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        left_out = shutil.ignore_patterns("__pycache__", "memdir", "chroma", "var")
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, making / part, symlinks=True, ignore=left_out)
            else:
                shutil.copy2(ROOT / part, making / part)
        making.rename(code)
    return code


def fingerprint(code: Path) -> str:
    """Eight hex digits that name the gate and its tests."""
    told = hashlib.sha256()
    for place in ("tools/risk", "tools/domain", "tests/tools/risk", "tests/support"):
        for file in sorted((code / place).rglob("*.py")):
            told.update(file.read_bytes())
    return told.hexdigest()[:8]


def command(number: int, examples: int, workers: int) -> list[str]:
    """One round, as pytest is asked for it."""
    tried = ["--examples", str(examples), "--salt", f"round {number}"]
    return [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-m", "slow", PROPERTIES, *tried]


def done_before(notes: Path, name: str, examples: int) -> Iterator[int]:
    """Numbers of the rounds of that code and size that came to a good end."""
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    for line in lines:
        if found := re.match(rf"round (\d+) of {name}: {examples} desks, \d+ passed", line):
            yield int(found[1])


def main(asked: Sequence[str] | None = None) -> None:
    """Run the rounds that are left, one line for each, and say how many desks were tried in all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--examples", type=int, default=50_000, help="desks in one round")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(asked)
    code = freeze(options.folder.absolute())
    name, notes = fingerprint(code), options.folder / "rounds.txt"
    surroundings = {**os.environ, "PYTHONPATH": str(code / ".types")}
    for number in range(1, options.rounds + 1):
        if number in done_before(notes, name, options.examples):
            continue
        started, line = stopwatch(), command(number, options.examples, options.workers)
        ended = subprocess.run(line, cwd=code, env=surroundings, capture_output=True, text=True, check=False)
        passed = re.search(r"(\d+) passed", ended.stdout)
        if ended.returncode or not passed:
            told = options.folder / f"round-{number}.txt"
            told.write_text(ended.stdout + ended.stderr, encoding="utf-8")
            sys.exit(f"round {number} of {name} failed: see {told}")
        said = f"round {number} of {name}: {options.examples} desks, {passed[0]} in {stopwatch() - started:.0f} s"
        with notes.open("a", encoding="utf-8") as file:
            file.write(f"{said}\n")
        print(said, flush=True)
    rounds = len(set(done_before(notes, name, options.examples)))
    print(f"{rounds * options.examples} desks in {rounds} rounds of {name}, and no limit broken")


if __name__ == "__main__":
    main()
