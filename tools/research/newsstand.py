"""Several sources read as one: merged, the latest first, each document once, none newer than *as of*."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from perun.tools.domain.errors import NewsUnavailable
from perun.tools.domain.ports import NewsSource
from perun.tools.domain.research import Document

MOST_DOCUMENTS: Final = 12
"""Handed on at one time."""


class Newsstand:
    """A NewsSource over others. One that fails takes nothing from the rest."""

    def __init__(self, sources: Sequence[NewsSource]) -> None:
        self._sources = tuple(sources)

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        """Documents about `symbol` published no later than `as_of`, newest first.

        Raises:
            NewsUnavailable: a source failed; the error carries what the others said.
        """
        found: dict[str, Document] = {}
        failures = []
        for source in self._sources:
            try:
                documents: Sequence[Document] = source.read(symbol, as_of)
            except NewsUnavailable as error:
                failures.append(str(error))
                documents = error.documents
            found |= {each.id: each for each in documents if each.symbol == symbol and each.published <= as_of}
        latest = tuple(sorted(found.values(), key=lambda each: (each.published, each.id), reverse=True))
        if failures:
            raise NewsUnavailable("; ".join(failures), latest[:MOST_DOCUMENTS])
        return latest[:MOST_DOCUMENTS]
