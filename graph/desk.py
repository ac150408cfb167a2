"""Desk: the frozen context that every node receives. It can read everything and send nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from perun.agents.asking import Asker
from perun.graph.watch import Watch
from perun.memory.recall import Memory
from perun.tools.domain.clock import Clock
from perun.tools.domain.orders import ClientOrderId, Leg
from perun.tools.domain.ports import BookReader, Market, NewsSource, Recorder
from perun.tools.domain.verdicts import Verdict
from perun.tools.research.archive import Archive
from perun.tools.risk.limits import Limits
from perun.tools.toolbox.decisions import Past


@dataclass(frozen=True)
class Desk:
    """What a node may touch. There is no order writer here: only *execute* is built with the gated broker."""

    cycle_id: str
    mode: str
    """`embedded`, `alpaca-paper` or `alpaca-live`."""
    clock: Clock
    """The wall clock; the market's own time comes from the book."""
    market: Market
    book: BookReader
    memory: Memory
    news: NewsSource | None
    """Documents from outside; None when no source of them is configured."""
    asker: Asker
    limits: Limits
    recorder: Recorder
    past: Past
    """What was decided before."""
    watch: Watch
    """Trading state and orders in doubt."""
    order_id: Callable[[str, Leg], ClientOrderId]
    """From symbol and leg to the client order id of this cycle's slot."""
    handed_in: Callable[[ClientOrderId], Verdict | None]
    """The verdict under which an order of this cycle was handed in before an interruption; None when it was not."""
    archive: Archive | None = None
    """What earlier cycles found out about a symbol; None keeps nothing."""


def stamp(instant: datetime) -> str:
    """An instant as people and ids write it: `2013-02-28T21:00:00Z`."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
