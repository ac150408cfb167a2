"""The ledger's tables as they stand after the newest migration.

Instants are ISO 8601 texts in UTC, money and quantities are decimal texts, bodies are JSON texts: every value is
stored as it was written, in any SQL database.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

METADATA = MetaData()

CYCLES = Table(
    "cycles",
    METADATA,
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

CHAINS = Table(
    "chains",
    METADATA,
    Column("stream", Text, primary_key=True),
    Column("length", Integer, nullable=False),
    Column("head", Text, nullable=False),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("stream", Text, ForeignKey("chains.stream"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

INTENTS = Table(
    "intents",
    METADATA,
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
    Index("intents_of_cycle", "cycle_id"),
    Index("intents_by_state", "account", "state"),
    Index("intents_by_time", "account", "updated_at"),
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("client_order_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("filled_qty", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("submitted_at", Text),
    Index("orders_by_submission", "account", "submitted_at"),
)

FILLS = Table(
    "fills",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("fill_id", Text, primary_key=True),
    Column("client_order_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("qty", Text, nullable=False),
    Column("price", Text, nullable=False),
    Column("commission", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("fills_of_symbol", "account", "symbol", "at"),
)

POSITION_STEPS = Table(
    "position_steps",
    METADATA,
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
    Index("position_steps_newest", "account", "newest", "symbol"),
    Index("position_steps_by_time", "account", "at"),
)

MARKS = Table(
    "marks",
    METADATA,
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
    Index("marks_of_day", "account", "day", "number"),
)

LATCHES = Table(
    "latches",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("day", Text),
)

ADJUSTMENTS = Table(
    "adjustments",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("adjustment_id", Text, primary_key=True),
    Column("symbol", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("acknowledged", Text),
)
