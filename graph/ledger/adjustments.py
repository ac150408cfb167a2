"""Differences between our books and the broker's, booked with their reason: the broker is right."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import ADJUSTMENTS
from perun.tools.domain.money import plain

CASH = ""
"""Stands in the place of a symbol for dollars."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Shares of a symbol, or dollars of cash, that the broker has and our fills do not explain."""

    adjustment_id: str
    symbol: str
    """Empty for cash."""
    amount: Decimal
    reason: str
    at: datetime


class Adjustments:
    """The ledger's book of adjustments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def book(self, account: str, symbol: str, amount: Decimal, reason: str, now: datetime) -> Adjustment:
        """Book a difference.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        number = len(self.all(account)) + 1
        adjustment = Adjustment(f"{number:06d}", symbol, amount, reason, now)
        row = {
            "account": account,
            "adjustment_id": adjustment.adjustment_id,
            "symbol": symbol,
            "amount": plain(amount),
            "reason": reason,
            "at": stamp(now),
        }
        with self._database.writing() as connection:
            insert_new(connection, ADJUSTMENTS, row)
        return adjustment

    def all(self, account: str) -> list[Adjustment]:
        """Every adjustment of the account, oldest first."""
        query = select(ADJUSTMENTS).where(ADJUSTMENTS.c.account == account).order_by(ADJUSTMENTS.c.adjustment_id)
        with self._database.reading() as connection:
            return [
                Adjustment(
                    row.adjustment_id, row.symbol, Decimal(row.amount), row.reason, datetime.fromisoformat(row.at)
                )
                for row in connection.execute(query)
            ]
