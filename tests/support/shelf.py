"""The tools of each role over real recorded days and one small book, without a desk around them."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from perun.agents.answers import trade_form
from perun.tools.domain.ports import MarketView
from perun.tools.market.recorded import RecordedMarket
from perun.tools.toolbox.book import book_tool
from perun.tools.toolbox.decisions import Decision, LastAdvice, decisions_tool
from perun.tools.toolbox.headroom import headroom_tool
from perun.tools.toolbox.prices import price_tools
from perun.tools.toolbox.proposing import propose_signals
from perun.tools.toolbox.reports import findings_tool, memory_tool
from perun.tools.toolbox.tool import ReadTool, Told, Tool
from support.agent_facts import LIMITS, finding, portfolio, position
from support.gate import situation

DAY = date(2013, 2, 28)
SYMBOLS = ("AAPL", "IBM")


class NoPast:
    """A desk that never decided anything."""

    def decisions(self, symbol: str, as_of: datetime, count: int) -> Sequence[Decision]:
        return ()

    def last_advice(self, symbols: Sequence[str], as_of: datetime) -> LastAdvice | None:
        return None


@cache
def view(day: date = DAY) -> MarketView:
    """The recorded market at the close of a day."""
    market = RecordedMarket.shipped()
    return market.at(market.session(day).closes)


def remember(words: str, symbol: str) -> Told:
    """A memory with one entry, and that one from outside."""
    text = f"- [mem:analysis-0a] 2013-02-20 analysis (from outside): {symbol}: {words}"
    return Told(text=text, evidence=("[mem:analysis-0a]",), tainted=("[mem:analysis-0a]",))


def analyst_tools() -> tuple[Tool, ...]:
    """What the analyst may call."""
    return (*price_tools(view(), SYMBOLS), memory_tool(remember, SYMBOLS), findings_tool([finding()]))


def portfolio_tools() -> tuple[Tool, ...]:
    """What trader and risk manager may call."""
    return (
        book_tool(portfolio(position())),
        headroom_tool(situation, LIMITS, SYMBOLS),
        decisions_tool(NoPast(), view(), SYMBOLS),
    )


def trader_tools() -> tuple[Tool, ...]:
    """What the trader may call: the same, and its form."""
    return (*portfolio_tools(), propose_signals(trade_form(SYMBOLS)))


def call(tools: Sequence[Tool], name: str, arguments: str = "{}") -> Told:
    """What the READ tool of that name says to raw arguments."""
    tool = next(each for each in tools if each.name == name)
    assert isinstance(tool, ReadTool)
    return tool.call(arguments)
