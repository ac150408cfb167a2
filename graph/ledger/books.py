"""What the broker made of our orders, and every fill, each booked once."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, select, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import canonical_fact, stamp
from perun.graph.ledger.positions import note_step
from perun.graph.ledger.schema import FILLS, ORDERS
from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.orders import Fill, Order, OrderStatus, Side

# Built once: putting a statement together costs more than sending it, and a cycle asks some forty times.
_OURS: Final = select(ORDERS).where(ORDERS.c.account == bindparam("of_account"))
_NAMED: Final = _OURS.where(ORDERS.c.client_order_id == bindparam("named"))
_UNFINISHED: Final = _OURS.where(ORDERS.c.status.not_in([each.value for each in OrderStatus if each.is_terminal]))
_SUBMITTED_SINCE: Final = _OURS.where(ORDERS.c.submitted_at >= bindparam("since"))
_ANYBODYS: Final = select(ORDERS).where(ORDERS.c.client_order_id == bindparam("named")).order_by(ORDERS.c.account)
_NEWEST_SUBMISSION: Final = select(func.max(ORDERS.c.submitted_at)).where(ORDERS.c.account == bindparam("of_account"))
_NEWEST_FILL: Final = select(func.max(FILLS.c.at)).where(FILLS.c.account == bindparam("of_account"))


@dataclass(frozen=True)
class Tally:
    """What all fills of an account come to."""

    shares: dict[str, Decimal]
    """By symbol; a symbol of which all was sold again is zero."""
    cash: Decimal
    """US dollars that came in, less what went out."""


class Books:
    """The ledger's orders and fills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_order(self, account: str, order: Order, now: datetime) -> Order:
        """Note what the broker says of an order, and return the order as it now stands here.

        News may come late and out of order; a step back is passed over: never from a terminal state to another (unless
        both are terminal and more was filled), never to a smaller filled quantity.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        row = {
            "account": account,
            "client_order_id": order.client_order_id,
            "body": canonical_fact(order),
            "status": order.status.value,
            "filled_qty": plain(order.filled_qty),
            "updated_at": stamp(now),
            "submitted_at": stamp(order.submitted_at),
        }
        named = {"of_account": account, "named": order.client_order_id}
        with self._database.writing() as connection:
            if insert_new(connection, ORDERS, row):
                return order
            known = _order(connection.execute(_NAMED.with_for_update(), named).one())
            if not _is_step_back(known, order):
                here = (ORDERS.c.account == account) & (ORDERS.c.client_order_id == order.client_order_id)
                connection.execute(update(ORDERS).where(here).values(row))
                return order
        return known

    def book_fill(self, account: str, fill: Fill) -> bool:
        """Book a fill; False when it was booked before.

        Raises:
            LedgerUnavailable: the database cannot be written.
        """
        row = {
            "account": account,
            "fill_id": fill.fill_id,
            "client_order_id": fill.client_order_id,
            "symbol": fill.symbol,
            "side": fill.side.value,
            "qty": plain(fill.qty),
            "price": plain(fill.price),
            "commission": plain(fill.commission),
            "at": stamp(fill.at),
        }
        with self._database.writing() as connection:
            if is_new := insert_new(connection, FILLS, row):
                note_step(connection, account, fill.symbol, fill.at, fill.fill_id)
            return is_new

    def order(self, account: str, client_order_id: str) -> Order | None:
        """The account's order with that client order id."""
        return next(iter(self._orders(_NAMED, of_account=account, named=client_order_id)), None)

    def orders(self, account: str, symbol: str | None = None) -> list[Order]:
        """Every order of the account, or of one symbol in it, oldest submission first."""
        # The symbol stands in the body alone. Its text is canonical, and within a text of the broker's a quotation
        # mark is escaped: nothing else reads so.
        said = f'"symbol":"{symbol}"'
        query = _OURS if symbol is None else _OURS.where(ORDERS.c.body.contains(said, autoescape=True))
        found = self._orders(query, of_account=account)
        return sorted(found, key=lambda order: (order.submitted_at, order.client_order_id))

    def submitted_since(self, account: str, since: datetime | None) -> list[Order]:
        """The account's orders submitted at that instant or later, protective stops included; None for all."""
        if since is None:
            return self._orders(_OURS, of_account=account)
        return self._orders(_SUBMITTED_SINCE, of_account=account, since=stamp(since))

    def unfinished(self, account: str) -> list[Order]:
        """The account's orders to which something may still happen, as far as is known here."""
        return self._orders(_UNFINISHED, of_account=account)

    def newest_submission(self, account: str) -> datetime | None:
        """When the newest order that is known here was submitted; None without any."""
        return self._newest(_NEWEST_SUBMISSION, account)

    def newest_fill(self, account: str) -> datetime | None:
        """When the newest fill that is booked here happened; None when there is none."""
        return self._newest(_NEWEST_FILL, account)

    def find_order(self, client_order_id: str) -> list[tuple[str, Order]]:
        """Every account that has an order with that client order id, with the order."""
        with self._database.reading() as connection:
            found = connection.execute(_ANYBODYS, {"named": client_order_id}).all()
        return [(row.account, _order(row)) for row in found]

    def fills(self, account: str) -> list[Fill]:
        """Every fill of the account, oldest first."""
        query = select(FILLS).where(FILLS.c.account == account).order_by(FILLS.c.at, FILLS.c.fill_id)
        with self._database.reading() as connection:
            return [_fill(row) for row in connection.execute(query)]

    def tally(self, account: str) -> Tally:
        """What the account's fills come to."""
        shares: dict[str, Decimal] = {}
        cash = ZERO
        columns = (FILLS.c.symbol, FILLS.c.side, FILLS.c.qty, FILLS.c.price, FILLS.c.commission)
        with self._database.reading() as connection:
            for symbol, side, qty, price, commission in connection.execute(
                select(*columns).where(FILLS.c.account == account)
            ):
                change = Decimal(qty) if side == Side.BUY else -Decimal(qty)
                shares[symbol] = shares.get(symbol, ZERO) + change
                cash -= change * Decimal(price) + Decimal(commission)
        return Tally(shares, cash)

    def _newest(self, query: Select[Any], account: str) -> datetime | None:
        with self._database.reading() as connection:
            newest = connection.execute(query, {"of_account": account}).scalar_one()
        return None if newest is None else datetime.fromisoformat(newest)

    def _orders(self, query: Select[Any], **named: str) -> list[Order]:
        with self._database.reading() as connection:
            found = connection.execute(query, named).all()
        return [_order(row) for row in found]


def _is_step_back(known: Order, news: Order) -> bool:
    if news.filled_qty < known.filled_qty:
        return True
    if not known.status.is_terminal or news.status is known.status:
        return False
    return not news.status.is_terminal or news.filled_qty == known.filled_qty


def _order(row: Row[tuple[str, ...]]) -> Order:
    return Order.model_validate_json(row.body)


def _fill(row: Row[tuple[str, ...]]) -> Fill:
    return Fill(
        fill_id=row.fill_id,
        client_order_id=row.client_order_id,
        symbol=row.symbol,
        side=Side(row.side),
        qty=Decimal(row.qty),
        price=Decimal(row.price),
        commission=Decimal(row.commission),
        at=datetime.fromisoformat(row.at),
    )
