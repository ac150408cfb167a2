"""Another process with the same ledger; says `ready`, waits for a line, works, and prints what came of it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from perun.graph.ledger.ledger import Ledger, Place, Remote, open_ledger
from perun.graph.ledger.postgres import Server
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.events import NodeFinished

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def main(task: str, path: str, *words: str) -> None:
    if task == "open":
        _wait()
    with open_ledger(place(path), StoppedClock(NOW)) as ledger:
        if task == "open":
            ledger.events.append(words[0], NodeFinished(node="gather", seconds=0), NOW)
            print("alembic" in sys.modules)
            return
        _wait()
        {"append": append, "claim": claim}[task](ledger, *words)


def place(name: str) -> Place:
    return Remote(Server.at(name), Path("intents.txt")) if "://" in name else Path(name)


def append(ledger: Ledger, stream: str, node: str, count: str) -> None:
    for number in range(int(count)):
        ledger.events.append(stream, NodeFinished(node=node, symbol=f"S{number}", seconds=0), NOW)


def claim(ledger: Ledger, cycle_id: str, count: str) -> None:
    for number in range(int(count)):
        print(
            ledger.cycles.claim(f"{cycle_id}-{number}", "acc", f"slot-{number}", "paper", NOW, ["AAPL"], NOW).standing
        )


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
