"""The latches of each account, by kind: each only tightens, until its own end or until a person resumes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, select, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import LATCHES
from perun.tools.domain.standing import TradingState


class Kind(StrEnum):
    """What holds the desk back. Each stands for itself: lifting one leaves the others."""

    PERSON = "person"
    """Somebody said halt."""
    ALARM = "alarm"
    """Something that must not be: a strange order under our id, a key that is refused."""
    HALT_FILE = "halt_file"
    DOUBT = "doubt"
    """An order has been in doubt for long."""
    EQUITY = "equity"
    """The account is worth nothing, or less."""
    DRAWDOWN = "drawdown"
    DAILY_LOSS = "daily_loss"
    WEEKLY_LOSS = "weekly_loss"
    REJECTS = "rejects"
    """The broker refused one order after another."""

    @property
    def until(self) -> str:
        """What ends it, in words."""
        return _UNTIL.get(self, "resume")


_UNTIL: Final = {
    Kind.HALT_FILE: "the file is removed",
    Kind.DOUBT: "the order is found, or known never to have come",
    Kind.DAILY_LOSS: "the next session, or resume",
    Kind.WEEKLY_LOSS: "the loss is within its limit, or resume",
}


@dataclass(frozen=True, slots=True)
class Latch:
    """One thing that holds the desk back, and who said so when and why."""

    kind: Kind
    state: TradingState
    reason: str
    who: str
    since: datetime | None
    """None for what is seen anew at each look."""
    day: date | None = None
    """The session in which it was set, where that matters."""


# Built once: putting a statement together costs more than sending it, and every look at the desk asks these.
_OURS: Final = select(LATCHES).where(LATCHES.c.account == bindparam("of_account"))
_STANDING: Final = _OURS.where(LATCHES.c.state != TradingState.ACTIVE.value)
_LIFTED: Final = _OURS.where(LATCHES.c.state == TradingState.ACTIVE.value, LATCHES.c.kind == bindparam("of_kind"))


def strictest_first(latch: Latch) -> tuple[int, str]:
    """By which latches are sorted: the strictest first, and the oldest of those."""
    return -latch.state.rank, stamp(latch.since) if latch.since else ""


class Latches:
    """The ledger's book of latches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, account: str) -> list[Latch]:
        """Every latch that holds the account, the strictest first."""
        return sorted(self._select(_STANDING, of_account=account), key=strictest_first)

    def lifted_at(self, account: str, kind: Kind) -> datetime | None:
        """When the latch of that kind was lifted last; None while it stands, and when it never stood."""
        lifted = self._select(_LIFTED, of_account=account, of_kind=kind.value)
        return next((latch.since for latch in lifted), None)

    def tighten(
        self,
        account: str,
        state: TradingState,
        reason: str,
        who: str,
        now: datetime,
        kind: Kind = Kind.ALARM,
        day: date | None = None,
    ) -> bool:
        """Set a latch; False when one of its kind already stands as strictly, and then nothing changes.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        row = _row(account, Latch(kind, state, reason, who, now, day))
        with self._database.writing() as connection:
            if insert_new(connection, LATCHES, row):
                return True
            looser = [each.value for each in TradingState if each.rank < state.rank]
            change = update(LATCHES).where(_named(account, [kind]), LATCHES.c.state.in_(looser)).values(row)
            return connection.execute(change).rowcount == 1

    def lift(self, account: str, kinds: Sequence[Kind], reason: str, who: str, now: datetime) -> list[Latch]:
        """Let latches of these kinds go; those that stood are returned.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        lifted = [latch for latch in self.standing(account) if latch.kind in kinds]
        free = {"state": TradingState.ACTIVE.value, "reason": reason, "who": who, "since": stamp(now), "day": None}
        with self._database.writing() as connection:
            connection.execute(update(LATCHES).where(_named(account, [each.kind for each in lifted])).values(free))
        return lifted

    def resume(self, account: str, reason: str, who: str, now: datetime) -> list[Latch]:
        """Let every latch go, because a person says so; those that stood are returned.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        return self.lift(account, list(Kind), reason, who, now)

    def _select(self, query: Select[tuple[str, ...]], **named: str) -> list[Latch]:
        with self._database.reading() as connection:
            return [_latch(row) for row in connection.execute(query, named)]


def _named(account: str, kinds: Sequence[Kind]) -> ColumnElement[bool]:
    return (LATCHES.c.account == account) & LATCHES.c.kind.in_([kind.value for kind in kinds])


def _row(account: str, latch: Latch) -> dict[str, str | None]:
    return {
        "account": account,
        "kind": latch.kind.value,
        "state": latch.state.value,
        "reason": latch.reason,
        "who": latch.who,
        "since": stamp(latch.since) if latch.since else None,
        "day": latch.day.isoformat() if latch.day else None,
    }


def _latch(row: Row[tuple[str, ...]]) -> Latch:
    day = date.fromisoformat(row.day) if row.day else None
    since = datetime.fromisoformat(row.since)
    return Latch(Kind(row.kind), TradingState(row.state), row.reason, row.who, since, day)
