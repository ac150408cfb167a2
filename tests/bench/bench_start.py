"""How long the command line takes to answer, beside the bare interpreter: a measurement, not a verdict."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from perun.tools.domain.clock import stopwatch

PERUN = str(Path(sys.executable).with_name("perun"))
ROUNDS = 7


def seconds(command: Sequence[str]) -> float:
    """Median wall time of the command."""
    times = []
    for _ in range(ROUNDS):
        started = stopwatch()
        subprocess.run(command, capture_output=True, check=True)
        times.append(stopwatch() - started)
    return median(times)


def test_start_of_the_command_line() -> None:
    bare = seconds([sys.executable, "-c", "pass"])
    for arguments in (["--help"], ["config", "show"], ["status"]):
        took = seconds([PERUN, *arguments])
        print(f"perun {' '.join(arguments):12} {took * 1000:5.0f} ms, {took / bare:4.1f} times the bare interpreter")
