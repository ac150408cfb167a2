"""What a ledger waits for: the desk's own for the disk, one that can be made again for the system alone."""

import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.opening import open_database
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.events import NodeFinished

_RECORD_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from perun.graph.ledger.ledger import open_ledger
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.events import NodeFinished

now = datetime(2026, 11, 22, tzinfo=UTC)
ledger = open_ledger(Path(sys.argv[1]), StoppedClock(now), durable=False)
for number in range(30):
    ledger.events.append("c1", NodeFinished(node=f"late-{number}", seconds=0), now)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 0)])
def test_when_a_ledger_need_not_be_durable_then_it_alone_waits_for_no_disk(
    path: Path, clock: StoppedClock, durable: bool, level: int
) -> None:
    with closing(open_database(path, clock, 1, durable=durable)) as database, database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == level


def test_when_a_process_is_killed_that_waited_for_no_disk_then_all_that_it_had_recorded_is_there(
    path: Path, clock: StoppedClock
) -> None:
    with open_ledger(path, clock) as ledger:
        ledger.events.append("c1", NodeFinished(node="early", seconds=0), datetime(2026, 11, 22, tzinfo=UTC))
    killed = subprocess.run([sys.executable, "-c", _RECORD_AND_DIE, str(path)], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    with open_ledger(path, clock) as ledger:
        assert len(ledger.events.read("c1")) == 31
        assert ledger.events.verify("c1") is None
