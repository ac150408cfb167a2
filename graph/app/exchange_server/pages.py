"""Rows handed out page by page: the token of a page names its last row, so that later rows do not shift it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from perun.graph.app.exchange_server.papers import Paper
from perun.tools.brokerage.embedded.refusing import INVALID, reject


@dataclass(frozen=True)
class Row:
    """One bar of one symbol."""

    symbol: str
    paper: Paper

    @property
    def token(self) -> str:
        """Names the row, in Alpaca's manner."""
        return base64.b64encode(f"{self.symbol}|D|{self.paper['t']}".encode()).decode()


def page(rows: Sequence[Row], token: str | None, limit: int) -> tuple[Sequence[Row], str | None]:
    """The rows after the one that `token` names, at most `limit`, and the token with which to ask for more.

    Raises:
        Refused: nothing gave out such a token.
    """
    first = _after(rows, token) if token else 0
    shown = rows[first : first + limit]
    return shown, shown[-1].token if first + limit < len(rows) else None


def _after(rows: Sequence[Row], token: str) -> int:
    try:
        base64.b64decode(token, validate=True).decode()
    except ValueError:
        reject(INVALID, "invalid page_token")
    return next((place + 1 for place, row in enumerate(rows) if row.token == token), len(rows))
