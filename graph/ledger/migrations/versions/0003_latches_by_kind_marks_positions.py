"""Latches by kind, marks of equity, what fills made of positions, and differences that a person acknowledged."""

import json
from datetime import UTC, datetime

from alembic import op
from sqlalchemy import Column, Integer, Text, column, select, table, update

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make and extend the tables of an account's state."""
    _latches()
    _marks()
    _positions()
    _adjustments()
    _intents()
    _submissions()


def _latches() -> None:
    """A latch for each kind; what stood before goes on as an alarm, which only a person lifts."""
    op.rename_table("latches", "latches_before")
    op.create_table(
        "latches",
        Column("account", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("since", Text, nullable=False),
        Column("day", Text),
    )
    op.execute(
        "INSERT INTO latches (account, kind, state, reason, who, since) "
        "SELECT account, 'alarm', state, reason, who, since FROM latches_before"
    )
    op.drop_table("latches_before")


def _marks() -> None:
    op.create_table(
        "marks",
        Column("account", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("at", Text, nullable=False),
        Column("day", Text, nullable=False),
        Column("equity", Text, nullable=False),
        Column("cash", Text, nullable=False),
        Column("paid", Text, nullable=False),
        Column("scale", Text, nullable=False),
        Column("settled", Text),
        Column("high_water", Text),
        Column("day_start", Text),
        Column("week_start", Text),
        Column("anew", Integer, nullable=False),
        Column("noted_at", Text, nullable=False),
    )
    op.create_index("marks_of_day", "marks", ["account", "day", "number"])


def _positions() -> None:
    op.create_table(
        "position_steps",
        Column("account", Text, primary_key=True),
        Column("fill_id", Text, primary_key=True),
        Column("symbol", Text, nullable=False),
        Column("at", Text, nullable=False),
        Column("held", Text, nullable=False),
        Column("cost", Text, nullable=False),
        Column("adds", Integer, nullable=False),
        Column("entry", Text, nullable=False),
        Column("gain", Text),
        Column("stopped", Integer, nullable=False),
        Column("newest", Integer, nullable=False),
    )
    op.create_index("position_steps_newest", "position_steps", ["account", "newest", "symbol"])
    op.create_index("position_steps_by_time", "position_steps", ["account", "at"])
    op.create_index("fills_of_symbol", "fills", ["account", "symbol", "at"])


def _adjustments() -> None:
    """Differences of before count as acknowledged: the desk went on trading with them."""
    op.add_column("adjustments", Column("acknowledged", Text))
    op.execute("UPDATE adjustments SET acknowledged = at")


def _intents() -> None:
    op.create_index("intents_by_state", "intents", ["account", "state"])
    op.create_index("intents_by_time", "intents", ["account", "updated_at"])


def _submissions() -> None:
    """When an order was submitted stands in its body; from now on in a column too."""
    op.add_column("orders", Column("submitted_at", Text))
    op.create_index("orders_by_submission", "orders", ["account", "submitted_at"])
    orders = table("orders", column("account"), column("client_order_id"), column("body"), column("submitted_at"))
    connection = op.get_bind()
    for row in connection.execute(select(orders)).all():
        submitted = datetime.fromisoformat(json.loads(row.body)["submitted_at"]).astimezone(UTC)
        named = (orders.c.account == row.account) & (orders.c.client_order_id == row.client_order_id)
        stamped = submitted.isoformat(timespec="microseconds")
        connection.execute(update(orders).where(named).values(submitted_at=stamped))
