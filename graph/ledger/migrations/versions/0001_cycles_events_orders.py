"""Cycles, events and their chains, intents, orders, fills."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Text, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    _cycles()
    _events()
    _intents()
    _books()


def _cycles() -> None:
    op.create_table(
        "cycles",
        Column("cycle_id", Text, primary_key=True),
        Column("account", Text, nullable=False),
        Column("slot", Text, nullable=False),
        Column("mode", Text, nullable=False),
        Column("as_of", Text, nullable=False),
        Column("symbols", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("outcome", Text),
        Column("result", Text),
        Column("started_at", Text, nullable=False),
        Column("finished_at", Text),
        UniqueConstraint("account", "slot", name="one_cycle_per_slot"),
    )


def _events() -> None:
    op.create_table(
        "chains",
        Column("stream", Text, primary_key=True),
        Column("length", Integer, nullable=False),
        Column("head", Text, nullable=False),
    )
    op.create_table(
        "events",
        Column("stream", Text, ForeignKey("chains.stream"), primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("at", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("prev_hash", Text, nullable=False),
        Column("hash", Text, nullable=False),
    )


def _intents() -> None:
    op.create_table(
        "intents",
        Column("account", Text, primary_key=True),
        Column("client_order_id", Text, primary_key=True),
        Column("cycle_id", Text, nullable=False),
        Column("symbol", Text, nullable=False),
        Column("leg", Text, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("body_hash", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("updated_at", Text, nullable=False),
        UniqueConstraint("account", "cycle_id", "symbol", "leg", "attempt", name="one_intent_per_attempt"),
    )
    op.create_index("intents_of_cycle", "intents", ["cycle_id"])


def _books() -> None:
    op.create_table(
        "orders",
        Column("account", Text, primary_key=True),
        Column("client_order_id", Text, primary_key=True),
        Column("body", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("filled_qty", Text, nullable=False),
        Column("updated_at", Text, nullable=False),
    )
    op.create_table(
        "fills",
        Column("account", Text, primary_key=True),
        Column("fill_id", Text, primary_key=True),
        Column("client_order_id", Text, nullable=False),
        Column("symbol", Text, nullable=False),
        Column("side", Text, nullable=False),
        Column("qty", Text, nullable=False),
        Column("price", Text, nullable=False),
        Column("commission", Text, nullable=False),
        Column("at", Text, nullable=False),
    )
