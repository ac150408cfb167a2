"""What one look at the desk's standing costs with thousands of orders in the ledger: no verdict, a measurement."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.ledger.marks import Mark
from perun.graph.ledger.notation import canonical_fact, fingerprint, stamp
from perun.graph.ledger.schema import FILLS, INTENTS, ORDERS
from perun.graph.watch import Watch
from perun.tools.domain.clock import SystemClock, stopwatch
from perun.tools.domain.orders import Fill, Leg, Order, OrderTerms, Side
from support.exchange import buy, sell, working

ORDERS_IN_ALL = 5000
LOOKS = 50
START = datetime(2020, 1, 1, 15, tzinfo=UTC)
EVERY = timedelta(hours=6)
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
HUNDRED = Decimal(100)


def fill_up(ledger: Ledger) -> None:
    """Orders with their intents and fills, bought and sold in turn, written at once: a book takes them one by one."""
    terms = [_terms(number) for number in range(ORDERS_IN_ALL)]
    with ledger.books._database.writing() as connection:
        for table, rows in (
            (INTENTS, [_intent(number, each) for number, each in enumerate(terms)]),
            (ORDERS, [_order(number, each) for number, each in enumerate(terms)]),
            (FILLS, [_fill(number, each) for number, each in enumerate(terms)]),
        ):
            connection.execute(insert(table), rows)
    for number in range(ORDERS_IN_ALL, ORDERS_IN_ALL + len(SYMBOLS)):
        each = _terms(number)
        at = START + number * EVERY
        fact = {"fill_id": f"f{number:06d}", "client_order_id": each.client_order_id, "symbol": each.symbol}
        ledger.books.book_fill("acc", Fill(**fact, side=each.side, qty=each.qty, price=HUNDRED, at=at))


def _terms(number: int) -> OrderTerms:
    way = buy if number // len(SYMBOLS) % 2 == 0 else sell
    return way(10, SYMBOLS[number % len(SYMBOLS)], id=f"perun-{number:06d}")


def _intent(number: int, terms: OrderTerms) -> dict[str, object]:
    body = canonical_fact(terms)
    return {
        "account": "acc", "client_order_id": terms.client_order_id, "cycle_id": f"c{number}", "symbol": terms.symbol,
        "leg": Leg.ENTRY.value, "attempt": 1, "state": IntentState.FILLED.value, "body": body,
        "body_hash": fingerprint(body), "detail": "", "updated_at": stamp(START + number * EVERY),
    }  # fmt: skip


def _order(number: int, terms: OrderTerms) -> dict[str, object]:
    at = START + number * EVERY
    filled = {"status": "filled", "filled_qty": terms.qty, "filled_avg_price": HUNDRED, "submitted_at": at}
    order = Order.model_validate({**dict(working(terms)), **filled})
    return {
        "account": "acc", "client_order_id": terms.client_order_id, "body": canonical_fact(order), "status": "filled",
        "filled_qty": "10", "updated_at": stamp(at), "submitted_at": stamp(at),
    }  # fmt: skip


def _fill(number: int, terms: OrderTerms) -> dict[str, object]:
    return {
        "account": "acc", "fill_id": f"f{number:06d}", "client_order_id": terms.client_order_id,
        "symbol": terms.symbol, "side": terms.side.value, "qty": "10", "price": "100", "commission": "0",
        "at": stamp(START + number * EVERY),
    }  # fmt: skip


def test_a_look_at_the_standing(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.db", SystemClock()) as ledger:
        fill_up(ledger)
        at = START + ORDERS_IN_ALL * EVERY
        worth = {"equity": HUNDRED, "cash": HUNDRED, "paid": HUNDRED, "settled": HUNDRED, "high_water": HUNDRED}
        mark = Mark(0, at, at.date(), scale=Decimal(1), day_start=HUNDRED, week_start=HUNDRED, anew=0, **worth)
        ledger.marks.take("acc", mark, at)
        watch = Watch(ledger, "acc", tmp_path / "HALT", SystemClock())
        seconds = []
        for _ in range(LOOKS):
            started = stopwatch()
            conduct = watch.standing().conduct
            seconds.append(stopwatch() - started)
    assert conduct is not None
    assert conduct.closings, "there is something to read"
    assert {sent.side for sent in conduct.sent} <= {Side.BUY, Side.SELL}
    print(
        f"\nstanding with {ORDERS_IN_ALL} orders: first {seconds[0] * 1000:.1f} ms, "
        f"median {median(seconds) * 1000:.1f} ms ({len(conduct.sent)} sent, {len(conduct.closings)} closings)"
    )
