"""Marks: what the account was worth at each look, and from where its losses are measured since."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Row, Select, bindparam, func, insert, select

from perun.graph.ledger.database import Database
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import MARKS
from perun.tools.domain.money import cents, plain

# Built once: putting a statement together costs more than sending it, and every look at the account asks these.
_OURS: Final = select(MARKS).where(MARKS.c.account == bindparam("of_account"))
_LAST: Final = _OURS.order_by(MARKS.c.number.desc()).limit(1)
_FIRST_OF_DAY: Final = (
    _OURS.where(MARKS.c.number >= bindparam("anew"), MARKS.c.day == bindparam("of_day"))
    .order_by(MARKS.c.number)
    .limit(1)
)
_DAYS_BEFORE: Final = (
    select(MARKS.c.day)
    .where(
        MARKS.c.account == bindparam("of_account"),
        MARKS.c.number >= bindparam("anew"),
        MARKS.c.day < bindparam("before"),
    )
    .distinct()
    .order_by(MARKS.c.day.desc())
    .limit(bindparam("most"))
)
_NUMBERS: Final = select(func.coalesce(func.max(MARKS.c.number), 0)).where(MARKS.c.account == bindparam("of_account"))
_TAKE: Final = insert(MARKS)


@dataclass(frozen=True, slots=True)
class Mark:
    """One look at an account; every amount is in US dollars."""

    number: int
    """1 for an account's first mark, then one more for each."""
    at: datetime
    """The market's time."""
    day: date
    """The session to which it belongs."""
    equity: Decimal
    cash: Decimal
    paid: Decimal
    """What came into the account in all, less what went out: the difference of two marks is the flow between them."""
    scale: Decimal
    """How many times larger flows alone made the account since it was first looked at."""
    settled: Decimal | None
    """The equity that two readings agree on; None when this mark stands alone."""
    high_water: Decimal | None
    """The highest equity ever settled, or what it was set to when a person resumed."""
    day_start: Decimal | None
    """Equity before this session."""
    week_start: Decimal | None
    """Equity five sessions ago, or as far back as is known."""
    anew: int
    """The mark from which on the losses of the week count."""

    def paid_since(self, earlier: "Mark") -> Decimal:
        """Deposits less withdrawals since an earlier mark."""
        return self.paid - earlier.paid

    def scaled(self, amount: Decimal, earlier: "Mark") -> Decimal:
        """What an amount of an earlier mark comes to in this one: a loss of so many percent stays one of as many."""
        return cents(amount * self.scale / earlier.scale)


class Marks:
    """The ledger's book of marks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, account: str) -> Mark | None:
        """The account's newest mark."""
        return self._one(_LAST, of_account=account)

    def week_before(self, mark: Mark, account: str, sessions: int) -> Mark | None:
        """The first mark of the session that lies so many sessions before the mark's, or of the first one known."""
        named = {"of_account": account, "anew": mark.anew, "before": mark.day.isoformat(), "most": sessions}
        with self._database.reading() as connection:
            known = connection.execute(_DAYS_BEFORE, named).scalars().all()
        return self._one(_FIRST_OF_DAY, of_account=account, anew=mark.anew, of_day=known[-1]) if known else None

    def take(self, account: str, mark: Mark, now: datetime) -> Mark:
        """Note a mark, with the next number.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        with self._database.writing() as connection:
            number = connection.execute(_NUMBERS, {"of_account": account}).scalar_one() + 1
            taken = replace(mark, number=number, anew=mark.anew or number)
            connection.execute(_TAKE, {"account": account, "noted_at": stamp(now), **_columns(taken)})
        return taken

    def _one(self, query: Select[tuple[str, ...]], **named: str | int) -> Mark | None:
        with self._database.reading() as connection:
            row = connection.execute(query, named).one_or_none()
        return _mark(row) if row else None


def _columns(mark: Mark) -> dict[str, str | int | None]:
    amounts = {name: plain(value) for name, value in asdict(mark).items() if isinstance(value, Decimal)}
    return {**asdict(mark), "at": stamp(mark.at), "day": mark.day.isoformat(), **amounts}


def _mark(row: Row[tuple[str, ...]]) -> Mark:
    return Mark(
        number=row.number,
        at=datetime.fromisoformat(row.at),
        day=date.fromisoformat(row.day),
        equity=Decimal(row.equity),
        cash=Decimal(row.cash),
        paid=Decimal(row.paid),
        scale=Decimal(row.scale),
        settled=_amount(row.settled),
        high_water=_amount(row.high_water),
        day_start=_amount(row.day_start),
        week_start=_amount(row.week_start),
        anew=row.anew,
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
