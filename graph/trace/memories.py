"""The memories that reached a run's prompts: how near they were, who rested on them, what they have earned since."""

from collections.abc import Callable, Iterator

from perun.graph.recalls import citations
from perun.graph.trace.document import MemoryRow
from perun.graph.trace.reading import Stretch
from perun.tools.domain.events import MemoriesRecalled

Worth = Callable[[str], float | None]
"""From a memory's id to what followed the decisions that cited it, a ratio; None when nothing did."""


def unknown(_: str) -> None:
    """Where nobody looks into the memory."""


def remembered(trace: Stretch, worth: Worth = unknown) -> Iterator[MemoryRow]:
    """A row for each memory that came to mind, in the order of the record."""
    events = [stored.event for stored in trace.events]
    for stored, event in trace.all(MemoriesRecalled):
        if trace.symbol in {None, event.symbol}:
            given = citations(events, event.symbol)
            for hit in event.hits:
                yield MemoryRow(
                    event=trace.cite(stored),
                    symbol=event.symbol,
                    id=hit.id,
                    kind=hit.kind,
                    score=hit.score,
                    as_of=hit.as_of,
                    cited=hit.id in given,
                    earned=worth(hit.id),
                )
