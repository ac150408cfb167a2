"""Cycles and commands in processes that are killed before their end: run as a script, one desk for each line.

A line is the folder of the desk and its settings as JSON; then a cycle runs, complete but for its last row. Or the
arguments of the command `perun` stand there too: a run dies likewise, a halt as soon as it has latched.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from perun.graph.app import cli, commanding, wiring
from perun.graph.ledger.cycles import Cycles
from support.embedding import BagOfWords
from support.floor import cycle


def die(*_: Any, **__: Any) -> None:
    """The plug is pulled."""
    os.kill(os.getpid(), signal.SIGKILL)


def live(folder: Path, settings: dict[str, str], command: list[str]) -> None:
    """The command, or a cycle where there is none."""
    if not command:
        cycle(folder, **settings)
        return
    wiring.MiniLM = BagOfWords  # type: ignore[misc,assignment] # a small embedder spares it torch
    os.environ |= {name.upper(): value for name, value in {"data_dir": str(folder), **settings}.items()}
    sys.argv = ["perun", *command]
    cli.main()


def main() -> None:
    """Fork for each line, and say how the fork ended."""
    for line in sys.stdin:
        desk = json.loads(line)
        process = os.fork()
        if not process:
            Cycles.finish = die  # type: ignore[method-assign] # the process dies there
            commanding.withdraw_entries = die  # and here
            live(Path(desk["folder"]), desk["settings"], desk.get("command", []))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
