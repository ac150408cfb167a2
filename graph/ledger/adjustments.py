"""Differences between our books and the broker's, booked with their reason: the broker is right."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import ADJUSTMENTS, MARKS
from perun.tools.domain.money import ZERO, plain

CASH = ""
"""Stands in the place of a symbol for dollars."""
# Built once: putting a statement together costs more than sending it, and every look at the account asks these.
_ALL: Final = (
    select(ADJUSTMENTS).where(ADJUSTMENTS.c.account == bindparam("of_account")).order_by(ADJUSTMENTS.c.adjustment_id)
)
_PAID: Final = _ALL.where(ADJUSTMENTS.c.symbol == CASH)
_OPEN: Final = _ALL.where(ADJUSTMENTS.c.acknowledged.is_(None))


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

        Shares that are there when the account is looked at for the first time are adopted; later ones wait for a
        person to acknowledge them. Dollars that come or go are deposits and withdrawals: nobody has to.

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
            if symbol == CASH or not _is_known(connection, account):
                row["acknowledged"] = stamp(now)
            insert_new(connection, ADJUSTMENTS, row)
        return adjustment

    def all(self, account: str) -> list[Adjustment]:
        """Every adjustment of the account, oldest first."""
        return self._select(_ALL, account)

    def paid(self, account: str) -> Decimal:
        """US dollars that came into the account in all, less what went out; the opening balance is among them."""
        return sum((each.amount for each in self._select(_PAID, account)), ZERO)

    def unexplained(self, account: str) -> tuple[str, ...]:
        """Symbols in which shares came or went that nobody acknowledged; what came and went again is even."""
        shares: dict[str, Decimal] = {}
        for each in self._select(_OPEN, account):
            shares[each.symbol] = shares.get(each.symbol, ZERO) + each.amount
        return tuple(sorted(symbol for symbol, amount in shares.items() if amount))

    def acknowledge(self, account: str, now: datetime) -> tuple[str, ...]:
        """A person knows of every difference so far; the symbols that were unexplained.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        symbols = self.unexplained(account)
        with self._database.writing() as connection:
            connection.execute(update(ADJUSTMENTS).where(_open(account)).values(acknowledged=stamp(now)))
        return symbols

    def _select(self, query: Select[tuple[str, ...]], account: str) -> list[Adjustment]:
        with self._database.reading() as connection:
            return [_adjustment(row) for row in connection.execute(query, {"of_account": account})]


def _is_known(connection: Connection, account: str) -> bool:
    """True once the account was looked at: a mark of its equity stands from then on."""
    query = select(MARKS.c.number).where(MARKS.c.account == account).limit(1)
    return connection.execute(query).one_or_none() is not None


def _open(account: str) -> ColumnElement[bool]:
    return (ADJUSTMENTS.c.account == account) & ADJUSTMENTS.c.acknowledged.is_(None)


def _adjustment(row: Row[tuple[str, ...]]) -> Adjustment:
    return Adjustment(row.adjustment_id, row.symbol, Decimal(row.amount), row.reason, datetime.fromisoformat(row.at))
