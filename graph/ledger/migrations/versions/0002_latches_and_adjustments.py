"""Trading states that survive, differences with the broker that were booked, and intents outside of cycles."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of latches and adjustments."""
    op.create_table(
        "latches",
        Column("account", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("who", Text, nullable=False),
        Column("since", Text, nullable=False),
    )
    op.create_table(
        "adjustments",
        Column("account", Text, primary_key=True),
        Column("adjustment_id", Text, primary_key=True),
        Column("symbol", Text, nullable=False),
        Column("amount", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("at", Text, nullable=False),
    )
