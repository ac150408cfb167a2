"""How prices went since a decision: histories as known now, and the benchmark of each cycle."""

from collections.abc import Sequence
from functools import cache

from perun.graph.ledger.ledger import Ledger
from perun.memory.outcomes import INDEX
from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.market import Bar
from perun.tools.domain.ports import MarketView
from perun.tools.market.snapshot import HISTORY

History = Sequence[Bar]


class PricesSince:
    """Bars up to one instant, each symbol read once."""

    def __init__(self, view: MarketView, ledger: Ledger) -> None:
        self._ledger = ledger
        self._view = view
        self.silent: dict[str, str] = {}
        """Symbols of which the market gives no prices now, and what it says."""
        self.of = cache(self._of)
        """The last bars of a symbol, oldest first; none where the market has none to give."""
        self.watched = cache(self._watched)
        """The histories whose mean an outcome of that cycle is compared with; none where there is no benchmark."""

    def _of(self, symbol: str) -> History:
        try:
            return self._view.bars(symbol, HISTORY)
        except UnknownSymbol:
            return ()
        except MarketUnavailable as error:
            self.silent[symbol] = str(error)
            return ()

    def _watched(self, cycle_id: str) -> Sequence[History]:
        if index := self.of(INDEX):
            return [index]
        cycle = self._ledger.cycles.by_id(cycle_id)
        symbols = cycle.symbols if cycle else ()
        return [self.of(symbol) for symbol in symbols] if len(symbols) > 1 else []
