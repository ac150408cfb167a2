"""Mutation testing of the gate: makes each mutant of tools/risk, and says which ones no fast risk test kills.

    cd tests && nice python -m mutation [--workers 2] [--every N] [FILE of tools/risk ...]
    cd tests && nice python -m mutation totals.py:60-90 facts.py:79        # lines of a file, to go on where one stopped

Nothing on disk is changed. This process imports what is slow to import; a child is forked for every mutant, reads the
one module in its changed form, and runs the tests in it until the first fails. The tests of the file itself come first.
"""

import argparse
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from mutation.mutants import Mutant, mutants

TESTS = Path(__file__).parent.parent
RISK = TESTS.parent / "tools" / "risk"
PACKAGE = "perun.tools.risk"
SECONDS = 120
"""A test that has not ended by then hangs, and that is as good as a failure."""
WARM = ("pytest", "hypothesis", "pydantic", "langgraph.checkpoint.serde.jsonplus", "perun.tools.domain.ports")
NEAR = {
    "exposure": ["test_exposure.py", "test_adds.py"],
    "room": ["test_exposure.py"],
    "totals": ["test_exposure.py", "test_adds.py"],
    "statistics": ["test_statistics.py", "test_exposure.py"],
    "gate": ["test_boundaries.py", "test_exits.py", "test_codes.py"],
    "facts": ["test_situation.py", "test_boundaries.py", "test_missing_facts.py", "test_system_state.py"],
    "completeness": ["test_situation.py", "test_missing_facts.py"],
    "sizing": ["test_boundaries.py"],
    "breaches": ["test_boundaries.py", "test_codes.py"],
    "traffic": ["test_order_flow.py"],
    "limits": ["test_numbers.py"],
    "rules": ["test_codes.py"],
    "cases": ["test_codes.py"],
}
"""Where a file's mutants most likely die; without a word, in the test file of its name."""
LAST = ("test_properties.py", "test_statistics.py", "test_batch.py", "test_one_door.py")
"""Test files of many examples: asked only of what the others let live."""


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and gives it another source."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._source = name, source

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """The module's place, when it is the one."""
        return importlib.util.spec_from_loader(name, self, origin="mutant") if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        exec(compile(self._source, "mutant", "exec"), module.__dict__)


def made_in(place: str) -> Iterator[tuple[Path, Mutant]]:
    """The mutants of a file, `totals.py`, or of some of its lines, `totals.py:60-90`."""
    name, _, lines = place.partition(":")
    first, _, last = lines.partition("-")
    file = RISK / name
    for mutant in mutants(file.read_text(encoding="utf-8")):
        if not lines or int(first) <= mutant.line <= int(last or first):
            yield file, mutant


def survives(file: Path, mutant: Mutant) -> bool:
    """True when every test passes in a child that has the mutant in the file's place."""
    child = os.fork()
    if child == 0:
        os._exit(_tested(file, mutant.source))
    _, status = os.waitpid(child, 0)
    return status == 0


def _tested(file: Path, source: str) -> int:
    """Exit code of the tests against the mutant: those of the file itself first, those of many examples last."""
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.meta_path.insert(0, Changed(f"{PACKAGE}.{file.stem}", source))
    options = ["-x", "-q", "-n", "0", "--assert", "plain", "--timeout", str(SECONDS), "--rootdir", str(TESTS.parent)]
    near = NEAR.get(file.stem, [f"test_{file.stem}.py"])
    found = sorted((TESTS / "tools" / "risk").glob("test_*.py"), key=lambda each: (each.name in LAST, each.name))
    try:
        for tests in ([each for each in found if each.name in near], [each for each in found if each.name not in near]):
            code = int(pytest.main([*options, *map(str, tests)])) if tests else 0
            if code:
                return code
    except BaseException:  # noqa: BLE001 # the child ends here: whatever a mutant throws is a failure
        return 1
    return 0


def main(asked: Sequence[str] | None = None) -> None:
    """Try every mutant, print survivors as they are found, and the score at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="try one mutant in so many")
    options = parser.parse_args(asked)
    for name in WARM:
        importlib.import_module(name)
    asked_for = options.files or sorted(file.name for file in RISK.glob("[a-z]*.py"))
    work = [each for place in asked_for for each in made_in(place)][:: options.every]
    first = work[0][0]
    if not survives(first, Mutant(0, "nothing", first.read_text(encoding="utf-8"))):
        sys.exit("the tests fail without any change")
    print(f"{len(work)} mutants of {len(asked_for)} files", flush=True)
    tally: dict[str, list[int]] = {}
    with ThreadPoolExecutor(options.workers) as workers:
        for (file, mutant), alive in zip(work, workers.map(lambda each: survives(*each), work), strict=True):
            tally.setdefault(file.name, []).append(alive)
            if alive:
                print(f"survives  {file.name}:{mutant.line}  {mutant.change}", flush=True)
    for name, alive in tally.items():
        print(f"{name:20} {len(alive) - sum(alive):4} of {len(alive):4} killed")
    total = [each for alive in tally.values() for each in alive]
    print(f"{'all':20} {len(total) - sum(total):4} of {len(total):4} killed, {1 - sum(total) / len(total):.1%}")


if __name__ == "__main__":
    main()
