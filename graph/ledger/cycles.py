"""Who took which slot, and how its cycle ended: one row for each cycle, one cycle for each slot."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, false, or_, select, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import canonical, parse, stamp
from perun.graph.ledger.schema import CYCLES

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# Built once: putting a statement together costs more than sending it, and labels ask for many a cycle.
_BY_ID: Final = select(CYCLES).where(CYCLES.c.cycle_id == bindparam("named"))


class CycleState(StrEnum):
    """Whether a cycle came to its end."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"


# Ids first: a row with its result is long, and to sort all of an account's takes longer with every cycle.
_LATEST: Final = (CYCLES.c.as_of.desc(), CYCLES.c.started_at.desc())
_ENDED: Final = (CYCLES.c.account == bindparam("of_account")) & (CYCLES.c.state == CycleState.FINISHED.value)
_IDS: Final = select(CYCLES.c.cycle_id).where(_ENDED, CYCLES.c.as_of < bindparam("until")).order_by(*_LATEST)
_FINISHED_BEFORE: Final = select(CYCLES).where(CYCLES.c.cycle_id.in_(_IDS.limit(bindparam("most")))).order_by(*_LATEST)


class Standing(StrEnum):
    """What a claim found: a free slot, a cycle that never ended, or one that did."""

    NEW = "NEW"
    INTERRUPTED = "INTERRUPTED"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle as the ledger knows it; outcome, result and finishing instant are None while it runs."""

    cycle_id: str
    account: str
    slot: str
    mode: str
    as_of: datetime
    symbols: tuple[str, ...]
    state: CycleState
    outcome: str | None
    result: str | None
    """The result as JSON text, byte for byte as it was given."""
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim: how the slot stands, and the cycle that holds it."""

    standing: Standing
    cycle: Cycle


class Cycles:
    """The ledger's book of cycles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self,
        cycle_id: str,
        account: str,
        slot: str,
        mode: str,
        as_of: datetime,
        symbols: Sequence[str],
        now: datetime,
    ) -> Claim:
        """Take the slot for this cycle, or learn who holds it; of several claims exactly one is NEW.

        INTERRUPTED says that the cycle has not ended; whether some process still runs it, the ledger cannot tell.

        Raises:
            ValueError: the cycle id already belongs to another slot.
            LedgerUnavailable: the database cannot be written; nobody holds the slot.
        """
        row = {
            "cycle_id": cycle_id,
            "account": account,
            "slot": slot,
            "mode": mode,
            "as_of": stamp(as_of),
            "symbols": canonical(list(symbols)),
            "state": CycleState.RUNNING.value,
            "started_at": stamp(now),
        }
        with self._database.writing() as connection:
            is_new = insert_new(connection, CYCLES, row)
            holder = select(CYCLES).where(CYCLES.c.account == account, CYCLES.c.slot == slot)
            stored = connection.execute(holder).one_or_none()
        if stored is None:
            raise ValueError(f"the cycle id {cycle_id} already belongs to another slot than {slot} of {account}")
        cycle = _cycle(stored)
        return Claim(Standing.NEW if is_new else _standing(cycle), cycle)

    def finish(self, cycle_id: str, outcome: str, result_json: str, now: datetime) -> None:
        """Close a running cycle with its outcome and its result.

        Raises:
            ValueError: there is no such cycle, it is already finished, or the result is no JSON (NaN included).
        """
        parse(result_json)
        running = (CYCLES.c.cycle_id == cycle_id) & (CYCLES.c.state == CycleState.RUNNING.value)
        end = {
            "state": CycleState.FINISHED.value,
            "outcome": outcome,
            "result": result_json,
            "finished_at": stamp(now),
        }
        with self._database.writing() as connection:
            if connection.execute(update(CYCLES).where(running).values(end)).rowcount != 1:
                raise ValueError(f"no cycle {cycle_id} is running, so it cannot be finished")

    def by_id(self, cycle_id: str) -> Cycle | None:
        """The cycle with that id."""
        return self._one(_BY_ID, {"named": cycle_id})

    def find(self, text: str, account: str) -> Cycle | None:
        """The cycle of the account that has this id or this slot."""
        named = or_(CYCLES.c.cycle_id == text, CYCLES.c.slot == text)
        return self._newest((CYCLES.c.account == account) & named)

    def last_of_day(self, day: str, account: str) -> Cycle | None:
        """The account's newest cycle of that day, e.g. `2009-06-01`."""
        return self._newest((CYCLES.c.account == account) & of_day(day))

    def unfinished(self, account: str) -> list[Cycle]:
        """The account's cycles that never came to their end, oldest first."""
        running = (CYCLES.c.account == account) & (CYCLES.c.state == CycleState.RUNNING.value)
        with self._database.reading() as connection:
            rows = connection.execute(select(CYCLES).where(running).order_by(CYCLES.c.started_at)).all()
        return [_cycle(row) for row in rows]

    def finished_before(self, account: str, as_of: datetime, count: int) -> list[Cycle]:
        """The last `count` cycles that came to their end and decided before that market time, latest first."""
        named = {"of_account": account, "until": stamp(as_of), "most": count}
        with self._database.reading() as connection:
            return [_cycle(row) for row in connection.execute(_FINISHED_BEFORE, named)]

    def finished_among(self, account: str, cycle_ids: Sequence[str]) -> list[str]:
        """Those of the ids whose cycles of the account came to their end, the latest end first."""
        done = (CYCLES.c.account == account) & (CYCLES.c.state == CycleState.FINISHED.value)
        query = select(CYCLES.c.cycle_id).where(done, CYCLES.c.cycle_id.in_(cycle_ids))
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(CYCLES.c.finished_at.desc())).scalars())

    def last(self, account: str) -> Cycle | None:
        """The account's cycle that started last."""
        return self._newest(CYCLES.c.account == account)

    def _newest(self, condition: ColumnElement[bool]) -> Cycle | None:
        newest = (CYCLES.c.started_at.desc(), CYCLES.c.slot.desc())
        return self._one(select(CYCLES).where(condition).order_by(*newest).limit(1), {})

    def _one(self, query: Select[tuple[str, ...]], named: Mapping[str, str]) -> Cycle | None:
        with self._database.reading() as connection:
            row = connection.execute(query, named).one_or_none()
        return _cycle(row) if row else None


def of_day(day: str) -> ColumnElement[bool]:
    """The slots of a day such as `2009-06-01`; none for a text of any other kind."""
    return CYCLES.c.slot.startswith(f"{day}-") if _DAY.fullmatch(day) else false()


def _standing(cycle: Cycle) -> Standing:
    return Standing.FINISHED if cycle.state is CycleState.FINISHED else Standing.INTERRUPTED


def _cycle(row: Row[tuple[str, ...]]) -> Cycle:
    known = row._mapping
    return Cycle(
        cycle_id=known["cycle_id"],
        account=known["account"],
        slot=known["slot"],
        mode=known["mode"],
        as_of=datetime.fromisoformat(known["as_of"]),
        symbols=tuple(parse(known["symbols"])),
        state=CycleState(known["state"]),
        outcome=known["outcome"],
        result=known["result"],
        started_at=datetime.fromisoformat(known["started_at"]),
        finished_at=datetime.fromisoformat(known["finished_at"]) if known["finished_at"] else None,
    )
