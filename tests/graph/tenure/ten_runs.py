"""Ten processes that run the same slot at the same moment; each writes how it ended into a file of its own."""

import json
import os
import sys
from pathlib import Path

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.running import exit_code
from perun.tools.market.recorded import RecordedMarket
from support.floor import cycle


class Noting(Baseline):
    """The baseline, that writes down each question."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def reply(self, question: Question) -> Reply:
        os.write(self._file, f"{question.role}:{question.symbol or '*'}\n".encode())
        return super().reply(question)


def live(folder: Path, number: int, settings: dict[str, str]) -> None:
    market = RecordedMarket.shipped()
    document = cycle(folder / "data", slot="monday", mind=Noting(folder / "questions.txt"), market=market, **settings)
    ended = {"outcome": document["outcome"], "exit": exit_code(document), "cycle": document["cycle_id"]}
    (folder / f"ended-{number}.json").write_text(json.dumps(ended))


def main(folder: str, *settings: str) -> None:
    chosen = dict(each.split("=", 1) for each in settings)
    processes = []
    for number in range(10):
        if not (process := os.fork()):
            live(Path(folder), number, chosen)
            os._exit(0)
        processes.append(process)
    faults = [process for process in processes if os.waitpid(process, 0)[1]]
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(*sys.argv[1:])
