"""What happened on the account, in Alpaca's words: executions, page by page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from datetime import date as Day
from decimal import Decimal
from typing import Literal

from pydantic import Field

from perun.graph.app.exchange_server.papers import Paper, instant, number
from perun.graph.app.exchange_server.venue import Venue, uuid_of
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill


class Asked(Frozen):
    """Which activities a client wants to see, and from where on: the token of a page is the id of its last row."""

    activity_types: str | None = None
    category: Literal["trade_activity", "non_trade_activity"] | None = None
    date: Day | None = None
    after: datetime | None = None
    until: datetime | None = None
    direction: Literal["asc", "desc"] = "desc"
    page_size: int = Field(100, ge=1, le=100)
    page_token: str | None = None

    def wants_executions(self) -> bool:
        """This account has no other activities."""
        kinds = self.activity_types.split(",") if self.activity_types else ["FILL"]
        return "FILL" in kinds and self.category != "non_trade_activity"

    def wants(self, at: datetime) -> bool:
        """True when the instant is of the day and between the instants that were asked for."""
        return (
            (self.date is None or at.astimezone(EXCHANGE_TIME).date() == self.date)
            and (self.after is None or at > _aware(self.after))
            and (self.until is None or at <= _aware(self.until))
        )


def activities(at: Venue, asked: Asked) -> list[Paper]:
    """One page of executions, newest first unless asked otherwise; empty after an unknown token."""
    if not asked.wants_executions():
        return []
    rows = [paper for fill, paper in _executions(at) if asked.wants(fill.at)]
    ordered = rows if asked.direction == "asc" else rows[::-1]
    return list(_after(ordered, asked.page_token)[: asked.page_size])


def _executions(at: Venue) -> Iterator[tuple[Fill, Paper]]:
    orders = {order.client_order_id: order for order in at.exchange.orders()}
    filled: dict[str, Decimal] = {}
    for fill in at.exchange.fills():
        order = orders[fill.client_order_id]
        done = filled[fill.client_order_id] = filled.get(fill.client_order_id, ZERO) + fill.qty
        is_last = done == order.qty
        yield (
            fill,
            {
                "id": f"{fill.at.astimezone(UTC):%Y%m%d%H%M%S}000::{uuid_of(fill.fill_id)}",
                "activity_type": "FILL",
                "transaction_time": instant(fill.at),
                "type": "fill" if is_last else "partial_fill",
                "price": number(fill.price),
                "qty": number(fill.qty),
                "side": str(fill.side),
                "symbol": fill.symbol,
                "leaves_qty": number(order.qty - done),
                "cum_qty": number(done),
                "order_id": order.broker_order_id,
                "order_status": "filled" if is_last else "partially_filled",
            },
        )


def _after(rows: Sequence[Paper], token: str | None) -> Sequence[Paper]:
    if token is None:
        return rows
    places = {row["id"]: place for place, row in enumerate(rows)}
    return rows[places.get(token, len(rows)) + 1 :]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
