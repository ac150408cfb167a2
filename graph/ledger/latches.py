"""The trading state of each account, latched: it only tightens, until a person resumes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import LATCHES
from perun.tools.domain.standing import TradingState


@dataclass(frozen=True, slots=True)
class Latch:
    """A trading state, and who set it when and why."""

    state: TradingState
    reason: str
    who: str
    since: datetime | None


OPEN = Latch(TradingState.ACTIVE, "", "", None)
"""How an account stands of which nobody said anything."""


class Latches:
    """The ledger's book of trading states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, account: str) -> Latch:
        """The account's latch."""
        with self._database.reading() as connection:
            row = connection.execute(select(LATCHES).where(LATCHES.c.account == account)).one_or_none()
        if row is None:
            return OPEN
        return Latch(TradingState(row.state), row.reason, row.who, datetime.fromisoformat(row.since))

    def tighten(self, account: str, state: TradingState, reason: str, who: str, now: datetime) -> bool:
        """Set a stricter state; False when the account already stands as strictly, and then nothing changes.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        if self.of(account).state.rank >= state.rank:
            return False
        self._set(account, state, reason, who, now)
        return True

    def resume(self, account: str, reason: str, who: str, now: datetime) -> None:
        """Back to ACTIVE, because a person says so.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        self._set(account, TradingState.ACTIVE, reason, who, now)

    def ease(self, account: str, reason: str, who: str, now: datetime) -> None:
        """Let a halted account reduce, because a person flattens it.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        self._set(account, TradingState.REDUCING, reason, who, now)

    def _set(self, account: str, state: TradingState, reason: str, who: str, now: datetime) -> None:
        row = {"account": account, "state": state.value, "reason": reason, "who": who, "since": stamp(now)}
        with self._database.writing() as connection:
            if not insert_new(connection, LATCHES, row):
                connection.execute(update(LATCHES).where(LATCHES.c.account == account).values(row))
