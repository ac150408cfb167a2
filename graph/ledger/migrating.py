"""Which migrations there are, and how a database is brought to the newest one."""

from pathlib import Path

from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions() -> list[str]:
    """The numbers of all migrations, oldest first, read from their file names."""
    return sorted(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def upgrade(connection: Connection) -> None:
    """Run every missing migration inside the connection's open transaction: all of them or none."""
    # Alembic costs a third of a second to import, and an up-to-date ledger has no need of it.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
