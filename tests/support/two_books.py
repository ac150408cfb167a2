"""The ledger's books against the exchange's, read with plain SQL: nothing of what is checked is asked."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from perun.tools.domain.orders import Order, OrderType, Side

_DOUBTFUL = {"SUBMITTING", "UNKNOWN"}
_NEVER_SENT = {"NOT_SENT", "DENIED", "REJECTED"}


class _Fill(NamedTuple):
    client_order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal


@dataclass(frozen=True)
class TwoBooks:
    """Both sets of books of one account: the desk keeps the one file, the exchange the other."""

    ledger: Path
    exchange: Path

    def orders(self) -> list[Order]:
        """Every order that the exchange accepted, oldest first."""
        rows = self._read(self.exchange, "SELECT body FROM orders ORDER BY seq")
        return [Order.model_validate_json(body) for (body,) in rows]

    def asked_for(self, symbol: str = "") -> list[Order]:
        """Every entry and exit that the exchange accepted; of one symbol when it is named."""
        wanted = (order for order in self.orders() if order.parent is None and order.type is OrderType.MARKET)
        return [order for order in wanted if symbol in {"", order.symbol}]

    def holdings(self) -> dict[str, Decimal]:
        """Shares by symbol, by the exchange."""
        rows = self._read(self.exchange, "SELECT symbol, body FROM holdings")
        return {symbol: Decimal(json.loads(body)["qty"]) for symbol, body in rows}

    def day(self) -> str:
        """The session at whose close the exchange's clock stands."""
        [(body,)] = self._read(self.exchange, "SELECT body FROM standing")
        return str(json.loads(body)["day"])

    def intents(self) -> dict[str, str]:
        """The state of every intent."""
        return dict(self._read(self.ledger, "SELECT client_order_id, state FROM intents"))

    def doubts(self) -> list[str]:
        """Intents of which the ledger does not know whether they reached the exchange."""
        return [id_ for id_, state in self.intents().items() if state in _DOUBTFUL]

    def answered(self, slot: str) -> set[str]:
        """Role and symbol of every answer of a mind that stands in the slot's record."""
        rows = self._read(self.ledger, "SELECT stream, body FROM events WHERE kind = 'model.asked'")
        keys = (json.loads(body)["key"] for stream, body in rows if stream.endswith(f":{slot}"))
        return {key.rpartition(":")[0] for key in keys}

    def unnamed(self, slot: str) -> set[str]:
        """Entries and exits that the exchange accepted for the slot and that the slot's result does not name."""
        results = self._read(self.ledger, "SELECT slot, result FROM cycles")
        named = {order["client_order_id"] for each, result in results if each == slot for order in _orders(result)}
        accepted = {order.client_order_id for order in self.asked_for()}
        return {id_ for id_ in accepted if f"-{slot}-" in id_} - named

    def faults(self, *, stops: bool = True) -> list[str]:
        """All in which the two contradict each other or themselves; empty when nothing is wrong."""
        checks = [self._fill_faults, self._order_faults, self._intent_faults, self._slot_faults]
        checks += [self._stop_faults] if stops else []
        return [fault for check in checks for fault in check()]

    def _fill_faults(self) -> Iterator[str]:
        told = Counter(_fill(**json.loads(body)) for (body,) in self._read(self.exchange, "SELECT body FROM fills"))
        columns = "client_order_id, symbol, side, qty, price"
        booked = Counter(_fill(*row) for row in self._read(self.ledger, f"SELECT {columns} FROM fills"))
        if told != booked:
            yield f"fills: the exchange has also {told - booked}, the ledger has also {booked - told}"
        shares: dict[str, Decimal] = {}
        for fill, times in booked.items():
            change = times * (fill.qty if fill.side == Side.BUY else -fill.qty)
            shares[fill.symbol] = shares.get(fill.symbol, Decimal(0)) + change
        held = {symbol: qty for symbol, qty in shares.items() if qty}
        if held != self.holdings():
            yield f"positions: the fills make {held}, the exchange holds {self.holdings()}"
        adjusted = self._read(self.ledger, "SELECT symbol, amount, reason FROM adjustments")
        yield from (f"adjustment: {row}" for row in adjusted if row[2] != "opening balance")
        if sum(row[2] == "opening balance" for row in adjusted) > 1:
            yield f"opened twice: {adjusted}"

    def _order_faults(self) -> Iterator[str]:
        told = {order.client_order_id: (order.status.value, order.filled_qty) for order in self.orders()}
        rows = self._read(self.ledger, "SELECT client_order_id, status, filled_qty FROM orders")
        noted = {id_: (status, Decimal(qty)) for id_, status, qty in rows}
        for id_ in sorted(told.keys() | noted.keys()):
            if told.get(id_) != noted.get(id_):
                yield f"order {id_}: the exchange says {told.get(id_)}, the ledger {noted.get(id_)}"

    def _intent_faults(self) -> Iterator[str]:
        intents, accepted = self.intents(), {order.client_order_id for order in self.orders() if order.parent is None}
        unsent = {id_ for id_, state in intents.items() if state in _NEVER_SENT}
        sent = {id_ for id_, state in intents.items() if state not in _NEVER_SENT | _DOUBTFUL}
        yield from (f"accepted, but by the ledger never: {id_}" for id_ in accepted & unsent)
        yield from (f"accepted without an intent: {id_}" for id_ in accepted - intents.keys())
        yield from (f"never accepted, but by the ledger it was: {id_}" for id_ in sent - accepted)

    def _slot_faults(self) -> Iterator[str]:
        """More than one order for a slot, a symbol and a leg, whatever the attempt."""
        legs = Counter(order.client_order_id.rpartition("-")[0] for order in self.asked_for())
        yield from (f"{times} orders for {leg}" for leg, times in legs.items() if times > 1)

    def _stop_faults(self) -> Iterator[str]:
        """Shares that no working order to sell them guards, or more orders than shares."""
        working = [order for order in self.orders() if not order.status.is_terminal and order.side is Side.SELL]
        for symbol, held in self.holdings().items():
            guarded = sum(order.open_qty for order in working if order.symbol == symbol)
            if guarded != held:
                yield f"{held} {symbol} are held, and working stops or exits guard {guarded}"

    def _read(self, path: Path, query: str) -> list[tuple[Any, ...]]:
        """No rows while there is no such file or table yet: a process may die before it made them."""
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            return connection.execute(query).fetchall() if query.split("FROM ")[1].split()[0] in tables else []


def _orders(result: str | None) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = json.loads(result or "{}").get("orders", [])
    return orders


def _fill(client_order_id: str, symbol: str, side: str, qty: str, price: str, **_: Any) -> _Fill:
    return _Fill(client_order_id, symbol, side, Decimal(qty), Decimal(price))
