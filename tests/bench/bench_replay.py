"""Decisions a second through the full graph on the baseline policy, in one process and in two at once.

    python tests/bench/bench_replay.py [SESSIONS]

Time of the processor is told beside the wall's: on a busy machine only the former means anything.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from perun.graph.app.backtesting import Wish, set_up
from perun.tools.domain.clock import stopwatch

BEGINS: Final = date(2010, 1, 4)
ENDS: Final = date(2012, 12, 31)


def played(folder: str, sessions: int) -> tuple[int, float]:
    """Play so many sessions; how many decisions that were, and seconds of the processor."""
    out = Path(folder)
    stage, texts = set_up(Wish(BEGINS, ENDS, provider="baseline", out=out), {"DATA_DIR": f"{folder}-desk"})
    began = process_time()
    told = replace(stage, days=stage.days[: sessions + 1], folder=out).run(0, texts, lambda _: None)
    return len(told.decisions), process_time() - began


def measured(processes: int, sessions: int) -> float:
    """Decisions a second of so many processes together, printed."""
    with TemporaryDirectory() as folder, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        folders = [f"{folder}/{number}" for number in range(processes)]
        list(pool.map(played, [f"{each}-warm" for each in folders], [1] * processes))  # imports are not what is asked
        began = stopwatch()
        done = list(pool.map(played, folders, [sessions] * processes))
        seconds, decisions = stopwatch() - began, sum(count for count, _ in done)
    processor = sum(used for _, used in done) / decisions
    print(f"{processes} processes: {decisions / seconds:.1f} decisions a second, {processor * 1000:.1f} ms CPU each")
    return decisions / seconds


def main(sessions: int) -> None:
    """One process, two processes, and what the second one brings."""
    alone = measured(1, sessions)
    print(f"ratio {measured(2, sessions) / alone:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
