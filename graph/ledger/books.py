"""What the broker made of our orders, and every fill, each booked once."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, select, true, update

from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import canonical_fact, stamp
from perun.graph.ledger.positions import note_step
from perun.graph.ledger.schema import FILLS, ORDERS
from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.orders import Fill, Order, OrderStatus, Side

_ENDED: Final = [status.value for status in OrderStatus if status.is_terminal]


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
        named = _named(account, order.client_order_id)
        with self._database.writing() as connection:
            if insert_new(connection, ORDERS, row):
                return order
            known = _order(connection.execute(select(ORDERS).where(named).with_for_update()).one())
            if not _is_step_back(known, order):
                connection.execute(update(ORDERS).where(named).values(row))
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
        return next((order for _, order in self._orders(_named(account, client_order_id))), None)

    def orders(self, account: str, symbol: str | None = None) -> list[Order]:
        """Every order of the account, or of one symbol in it, oldest submission first."""
        # The symbol stands in the body alone. Its text is canonical, and within a text of the broker's a quotation
        # mark is escaped: nothing else reads so.
        named = true() if symbol is None else ORDERS.c.body.contains(f'"symbol":"{symbol}"', autoescape=True)
        found = [order for _, order in self._orders((ORDERS.c.account == account) & named)]
        return sorted(found, key=lambda order: (order.submitted_at, order.client_order_id))

    def submitted_since(self, account: str, since: datetime | None) -> list[Order]:
        """The account's orders submitted at that instant or later, protective stops included; None for all."""
        lately = true() if since is None else ORDERS.c.submitted_at >= stamp(since)
        return [order for _, order in self._orders((ORDERS.c.account == account) & lately)]

    def unfinished(self, account: str) -> list[Order]:
        """The account's orders to which something may still happen, as far as is known here."""
        return [order for _, order in self._orders((ORDERS.c.account == account) & ORDERS.c.status.not_in(_ENDED))]

    def newest_submission(self, account: str) -> datetime | None:
        """When the newest order that is known here was submitted; None without any."""
        return self._newest(select(func.max(ORDERS.c.submitted_at)).where(ORDERS.c.account == account))

    def newest_fill(self, account: str) -> datetime | None:
        """When the newest fill that is booked here happened; None when there is none."""
        return self._newest(select(func.max(FILLS.c.at)).where(FILLS.c.account == account))

    def find_order(self, client_order_id: str) -> list[tuple[str, Order]]:
        """Every account that has an order with that client order id, with the order."""
        return self._orders(ORDERS.c.client_order_id == client_order_id)

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

    def _newest(self, query: Select[Any]) -> datetime | None:
        with self._database.reading() as connection:
            newest = connection.execute(query).scalar_one()
        return None if newest is None else datetime.fromisoformat(newest)

    def _orders(self, condition: ColumnElement[bool]) -> list[tuple[str, Order]]:
        with self._database.reading() as connection:
            found = connection.execute(select(ORDERS).where(condition).order_by(ORDERS.c.account)).all()
        return [(row.account, _order(row)) for row in found]


def _is_step_back(known: Order, news: Order) -> bool:
    if news.filled_qty < known.filled_qty:
        return True
    if not known.status.is_terminal or news.status is known.status:
        return False
    return not news.status.is_terminal or news.filled_qty == known.filled_qty


def _named(account: str, client_order_id: str) -> ColumnElement[bool]:
    return (ORDERS.c.account == account) & (ORDERS.c.client_order_id == client_order_id)


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
