"""The READ tool on the book: account, positions and working orders as the cycle's snapshot has them."""

from typing import Annotated

from pydantic import Field

from perun.tools.domain.portfolio import Portfolio
from perun.tools.toolbox import wording
from perun.tools.toolbox.tool import Asked, Told, Tool, reading


class AskBook(Asked):
    """Our account, positions and working orders; for one symbol, or for all when the symbol is empty."""

    symbol: Annotated[str, Field(max_length=10)] = ""


def book_tool(portfolio: Portfolio) -> Tool:
    """`book`. Positions and orders of every symbol may be read, for the whole book is ours."""

    def book(asked: AskBook) -> Told:
        return Told(text=wording.portfolio(_narrowed(portfolio, asked.symbol) if asked.symbol else portfolio))

    return reading("book", AskBook, book)


def _narrowed(portfolio: Portfolio, symbol: str) -> Portfolio:
    position = portfolio.position(symbol)
    held = (position,) if position else ()
    return portfolio.model_copy(update={"positions": held, "working_orders": portfolio.working(symbol)})
