"""Long lists at Alpaca, read page by page to their end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from perun.tools.brokerage.alpaca.line import Line
from perun.tools.brokerage.alpaca.wire import Row
from perun.tools.domain.errors import BrokerUnavailable

ORDERS_A_PAGE: Final = 500
FILLS_A_PAGE: Final = 100
_FIRST_INSTANT: Final = "2000-01-01T00:00:00Z"
_A_MOMENT: Final = timedelta(microseconds=1)


def order_rows(line: Line, after: datetime | None = None, **narrowed: str) -> Iterator[Row]:
    """Orders submitted after the instant, oldest first; `narrowed` is more of Alpaca's query: status, nested, symbols.

    Raises:
        BrokerUnavailable: a page cannot be read, or the pages do not go on.
    """
    seen: set[str] = set()
    since = _stamp(after)
    while True:
        query = {"limit": ORDERS_A_PAGE, "direction": "asc", "after": since, **narrowed}
        page = rows(line, "/orders", **query)
        new = [row for row in page if str(row.get("id")) not in seen]
        yield from new
        if len(page) < ORDERS_A_PAGE:
            return
        if not new:
            raise BrokerUnavailable(f"{line.name} holds more orders of one instant than it shows")
        seen |= {str(row.get("id")) for row in new}
        since = _before(line, new[-1])


def fill_rows(line: Line, after: datetime) -> Iterator[Row]:
    """Executions after the instant, oldest first.

    Raises:
        BrokerUnavailable: a page cannot be read, or the pages do not go on.
    """
    query: dict[str, Any] = {"after": _stamp(after), "direction": "asc", "page_size": FILLS_A_PAGE}
    seen: set[str] = set()
    while True:
        page = rows(line, "/account/activities/FILL", **query)
        new = [row for row in page if str(row.get("id")) not in seen]
        yield from new
        if len(page) < FILLS_A_PAGE:
            return
        if not new:
            raise BrokerUnavailable(f"{line.name} shows the same page of fills again")
        seen |= {str(row.get("id")) for row in new}
        query["page_token"] = new[-1].get("id")


def rows(line: Line, path: str, **query: Any) -> list[Row]:
    """One page: a list of objects.

    Raises:
        BrokerUnavailable: it cannot be read, or is anything else.
    """
    page = line.read(path, **query)
    if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
        raise BrokerUnavailable(f"{line.name} answered {path} with something else than a list of objects")
    return page


def _before(line: Line, row: Row) -> str:
    """Just before the row, since `after` leaves out orders of its very instant and a page may end between two."""
    told = str(row.get("submitted_at") or row.get("created_at"))
    try:
        return _stamp(datetime.fromisoformat(told) - _A_MOMENT)
    except ValueError:
        raise BrokerUnavailable(f"{line.name} shows an order submitted at {told}: the pages cannot go on") from None


def _stamp(instant: datetime | None) -> str:
    return instant.isoformat() if instant else _FIRST_INSTANT
