"""What each fill made of its position: shares held, what they cost, and what a sale gained."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, insert, select, update

from perun.graph.ledger.database import Database
from perun.graph.ledger.notation import stamp
from perun.graph.ledger.schema import FILLS, ORDERS, POSITION_STEPS
from perun.tools.domain.conduct import Closing
from perun.tools.domain.money import ZERO, cents, plain
from perun.tools.domain.orders import Order, Side

_NEWEST: Final = 1
# Built once: putting a statement together costs more than sending it, and every look at the desk asks these.
_OURS: Final = select(POSITION_STEPS).where(POSITION_STEPS.c.account == bindparam("of_account"))
_SOLD_SINCE: Final = _OURS.where(POSITION_STEPS.c.at >= bindparam("since"), POSITION_STEPS.c.gain.is_not(None))
_STANDING: Final = _OURS.where(POSITION_STEPS.c.newest == _NEWEST)


@dataclass(frozen=True, slots=True)
class Step:
    """A position after one of its fills."""

    fill_id: str
    symbol: str
    at: str
    """The market's time, as the ledger writes instants: texts sort as instants do."""
    held: Decimal
    """Shares that fills explain; never below zero."""
    cost: Decimal
    """US dollars that those shares cost, commissions included."""
    adds: int
    """Buying orders since the position was opened, the first one not counted."""
    entry: str
    """Client order id of the last buying order."""
    gain: Decimal | None
    """For a sale, in US dollars after commissions; shares of unknown cost gain nothing. None for a purchase."""
    stopped: bool
    """True when a protective stop sold."""


class Positions:
    """The ledger's book of what positions were and what closing them gained."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def closings(self, account: str, since: datetime) -> tuple[Closing, ...]:
        """Sales from that instant of the market on, oldest first."""
        return tuple(
            Closing(symbol=step.symbol, gain=cents(step.gain), stopped=step.stopped, at=datetime.fromisoformat(step.at))
            for step in self._select(_SOLD_SINCE, of_account=account, since=stamp(since))
            if step.gain is not None
        )

    def adds(self, account: str) -> dict[str, int]:
        """Orders that enlarged each position that is open."""
        return {step.symbol: step.adds for step in self._select(_STANDING, of_account=account) if step.held}

    def last_price(self, account: str, symbol: str) -> Decimal | None:
        """US dollars a share at the symbol's last fill."""
        query = select(FILLS.c.price).where(FILLS.c.account == account, FILLS.c.symbol == symbol)
        with self._database.reading() as connection:
            price = connection.execute(query.order_by(FILLS.c.at.desc()).limit(1)).scalar_one_or_none()
        return None if price is None else Decimal(price)

    def _select(self, query: Select[tuple[str, ...]], **named: str) -> list[Step]:
        # Sorted here: told to sort, SQLite prefers the index of the order to the one of the condition, and reads all.
        with self._database.reading() as connection:
            steps = [_step(row) for row in connection.execute(query, named)]
        return sorted(steps, key=lambda step: (step.at, step.fill_id))


def note_step(connection: Connection, account: str, symbol: str, at: datetime, fill_id: str) -> None:
    """Go one step on after a fill was booked, in the same transaction.

    A fill that comes late changes the steps after it: then the symbol's steps are taken once more from its first fill.
    """
    of_symbol = (POSITION_STEPS.c.account == account) & (POSITION_STEPS.c.symbol == symbol)
    newest = of_symbol & (POSITION_STEPS.c.newest == _NEWEST)
    row = connection.execute(select(POSITION_STEPS).where(newest)).one_or_none()
    before = _step(row) if row else None
    if before is None or (before.at, before.fill_id) > (stamp(at), fill_id):
        connection.execute(delete(POSITION_STEPS).where(of_symbol))
        steps = list(_steps(None, _fills(connection, FILLS.c.account == account, FILLS.c.symbol == symbol)))
    else:
        connection.execute(update(POSITION_STEPS).where(newest).values(newest=0))
        steps = list(_steps(before, _fills(connection, FILLS.c.account == account, FILLS.c.fill_id == fill_id)))
    rows = [{**_columns(step), "account": account, "newest": int(step is steps[-1])} for step in steps]
    connection.execute(insert(POSITION_STEPS), rows)


def _fills(connection: Connection, *conditions: ColumnElement[bool]) -> list[Row[tuple[str, ...]]]:
    """Fills, each with the body of its order, oldest first."""
    its_order = (ORDERS.c.account == FILLS.c.account) & (ORDERS.c.client_order_id == FILLS.c.client_order_id)
    query = select(FILLS, ORDERS.c.body).outerjoin(ORDERS, its_order).where(*conditions)
    return list(connection.execute(query.order_by(FILLS.c.at, FILLS.c.fill_id)).all())


def _steps(before: Step | None, fills: Iterable[Row[tuple[str, ...]]]) -> Iterable[Step]:
    for fill in fills:
        before = _bought(before, fill) if fill.side == Side.BUY else _sold(before, fill)
        yield before


def _bought(before: Step | None, fill: Row[tuple[str, ...]]) -> Step:
    qty, paid = Decimal(fill.qty), Decimal(fill.qty) * Decimal(fill.price) + Decimal(fill.commission)
    name, held, adds = fill.client_order_id, ZERO, 0
    if before is not None and before.held:
        held, paid = before.held, before.cost + paid
        adds = before.adds + (name != before.entry)
    return Step(fill.fill_id, fill.symbol, fill.at, held + qty, paid, adds, name, gain=None, stopped=False)


def _sold(before: Step | None, fill: Row[tuple[str, ...]]) -> Step:
    held, cost = (before.held, before.cost) if before else (ZERO, ZERO)
    qty = min(Decimal(fill.qty), held)
    gone = cost * qty / held if held else ZERO
    gain = qty * Decimal(fill.price) - gone - Decimal(fill.commission) if qty else ZERO
    adds, entry = (before.adds, before.entry) if before else (0, "")
    stopped = fill.body is not None and Order.model_validate_json(fill.body).is_protective
    return Step(fill.fill_id, fill.symbol, fill.at, held - qty, cost - gone, adds, entry, gain, stopped)


def _columns(step: Step) -> dict[str, str | int | None]:
    amounts = {"held": plain(step.held), "cost": plain(step.cost)}
    gain = None if step.gain is None else plain(step.gain)
    return {**asdict(step), **amounts, "gain": gain, "stopped": int(step.stopped)}


def _step(row: Row[tuple[str, ...]]) -> Step:
    return Step(
        fill_id=row.fill_id,
        symbol=row.symbol,
        at=row.at,
        held=Decimal(row.held),
        cost=Decimal(row.cost),
        adds=row.adds,
        entry=row.entry,
        gain=None if row.gain is None else Decimal(row.gain),
        stopped=bool(row.stopped),
    )
