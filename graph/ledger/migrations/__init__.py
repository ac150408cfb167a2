"""The ledger's numbered migrations, run by Alembic."""
