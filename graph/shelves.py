"""Which tools lie before whom: READ tools over the facts of this cycle, none of them later than its *as of*."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache

from perun.graph.desk import Desk
from perun.graph.nodes.recall import search
from perun.graph.state import StudyState
from perun.tools.brokerage.observing import situation
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.market import Asset
from perun.tools.market.sectors import with_own
from perun.tools.market.snapshot import Snapshot
from perun.tools.risk.facts import Situation
from perun.tools.toolbox.book import book_tool
from perun.tools.toolbox.decisions import decisions_tool
from perun.tools.toolbox.headroom import headroom_tool
from perun.tools.toolbox.prices import price_tools
from perun.tools.toolbox.reports import findings_tool, memory_tool
from perun.tools.toolbox.tool import Told, Tool


def analyst_shelf(desk: Desk, state: StudyState) -> tuple[Tool, ...]:
    """Prices of every symbol of the cycle, the memory, and the findings on this symbol where there are any."""
    as_of, watched, found = state["as_of"], state["watched"], state.get("findings", ())

    def remember(words: str, symbol: str) -> Told:
        return search(desk, words, symbol, as_of)

    findings = (findings_tool(found),) if found else ()
    return (*price_tools(desk.market.at(as_of), watched), memory_tool(remember, watched), *findings)


def portfolio_shelf(desk: Desk, snapshot: Snapshot) -> tuple[Tool, ...]:
    """The book, what the limits still allow, and past decisions: for the trader and the risk manager."""
    symbols, view = tuple(snapshot.symbols), desk.market.at(snapshot.as_of)
    look = cache(lambda: seen_then(desk, snapshot, symbols))
    return (
        book_tool(snapshot.portfolio),
        headroom_tool(look, desk.limits, symbols),
        decisions_tool(desk.past, view, symbols),
    )


def seen_then(desk: Desk, snapshot: Snapshot, symbols: Sequence[str]) -> Situation:
    """The situation as the cycle's snapshot has it, not as it is by now. What the broker lists is asked for anew."""
    view = desk.market.at(snapshot.as_of)
    seen = situation(snapshot.portfolio, snapshot.clock, view, symbols, desk.watch.standing())
    names, sector_of = {*symbols, *seen.returns.root}, with_own(desk.limits.sectors)
    sectors = {name: sector for name in names if (sector := sector_of(name))}
    return seen.model_copy(update={"assets": _assets(desk, symbols), "sectors": sectors})


def _assets(desk: Desk, symbols: Sequence[str]) -> dict[str, Asset]:
    listed = {}
    for symbol in symbols:
        with suppress(BrokerUnavailable):
            if asset := desk.book.asset(symbol):
                listed[symbol] = asset
    return listed
