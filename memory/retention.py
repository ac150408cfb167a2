"""What the memory may let go of: old snapshots and log lines, never what was done, thought or learned."""

from datetime import timedelta
from typing import Final

from perun.memory.entries import Kind
from perun.memory.memdir import Memdir

PASSING: Final = frozenset({Kind.MARKET, Kind.PORTFOLIO, Kind.LOG})
"""Kinds of which the record knows as much. Trades, signals, analyses, errors and lessons always stay."""


def let_go(memdir: Memdir, keep_days: int) -> int:
    """Delete passing entries more than `keep_days` older than the latest entry; returns how many. 0 keeps all.

    The latest entry is today: a desk on recorded days lives in another year than this machine. The index follows when
    it is next brought in line with the files.

    Raises:
        MemoryUnavailable: the files cannot be listed or deleted.
    """
    today = memdir.latest_day()
    if not keep_days or today is None:
        return 0
    return memdir.drop(PASSING, today - timedelta(days=keep_days))
