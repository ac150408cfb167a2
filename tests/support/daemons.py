"""A desk's folder on which real `perun` processes run, be it for seconds or until a test kills them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from support.two_books import TwoBooks

_TESTS: Final = Path(__file__).parents[1]
_SCRIPT: Final = _TESTS / "support" / "daemon_process.py"
_PATIENCE: Final = 240


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it printed with --json."""
        return dict(json.loads(self.out))


@dataclass
class DaemonDesk:
    """One DATA_DIR with its settings."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def var(self) -> Path:
        """Where the files of the desk lie."""
        return self.folder / "data" / "var"

    @property
    def books(self) -> TwoBooks:
        """Ledger and exchange, read with plain SQL."""
        return TwoBooks(self.var / "perun.db", self.var / "exchange.db")

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start `perun` with these arguments."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        chosen = {"DATA_DIR": str(self.folder / "data"), "LLM_PROVIDER": "baseline", **self.settings}
        return subprocess.Popen(
            [sys.executable, str(_SCRIPT), *command],
            cwd=self.folder,
            env={**bare, "PYTHONPATH": str(_TESTS), **chosen},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def perun(self, *command: str) -> Ended:
        """Run `perun` with these arguments to its end."""
        return ended(self.start(*command))

    def cycles(self) -> list[tuple[str, str, str | None]]:
        """Slot, state and outcome of every cycle, oldest first."""
        rows = self.books._read(self.books.ledger, "SELECT slot, state, outcome FROM cycles ORDER BY as_of")
        return [(slot, state, outcome) for slot, state, outcome in rows]

    def asked(self) -> list[tuple[tuple[str, str], ...]]:
        """The messages of every question whose answer stands in the record."""
        rows = self.books._read(self.books.ledger, "SELECT body FROM events WHERE kind = 'model.asked'")
        bodies = [json.loads(body) for (body,) in rows]
        return [tuple((who, text) for who, text in body["messages"]) for body in bodies if not body["problem"]]


def ended(process: "subprocess.Popen[str]") -> Ended:
    """Wait for the process's end."""
    out, err = process.communicate(timeout=_PATIENCE)
    return Ended(process.returncode, out, err)


def killed(process: "subprocess.Popen[str]") -> Ended:
    """End the process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    return ended(process)


def line_with(process: "subprocess.Popen[str]", word: str) -> str:
    """The next line of stderr that holds the word; all that was said, when the process ends without it."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if word in line:
            return line
    raise AssertionError("".join(said))
