"""From rows to conduct: what counts as sent, at which time and worth, and how far back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.ledger.intents import IntentState
from perun.tools.domain.conduct import Conduct
from perun.tools.domain.orders import Fill, Leg, Order, OrderTerms, OrderType, Side, TimeInForce
from support.valued_desk import OPENING, ValuedDesk

ENTRY = "perun-x-AAPL-entry-1"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ValuedDesk]:
    """A desk that was looked at once, on a Monday at 15:00 UTC."""
    with ValuedDesk(tmp_path) as opened:
        opened.look(100_000)
        yield opened


def conduct(desk: ValuedDesk) -> Conduct:
    known = desk.watch.standing().conduct
    assert known is not None
    return known


def note(desk: ValuedDesk, id_: str, **changes: Any) -> None:
    """The broker told of an order, long after it was submitted."""
    order = Order(
        **{
            "client_order_id": id_,
            "broker_order_id": f"b-{id_}",
            "symbol": "AAPL",
            "side": Side.BUY,
            "qty": Decimal(10),
            "type": OrderType.MARKET,
            "time_in_force": TimeInForce.DAY,
            "status": "accepted",
            "submitted_at": OPENING,
            **changes,
        }
    )
    desk.ledger.books.note_order(desk.account, order, OPENING + timedelta(days=300))


def intend(desk: ValuedDesk, state: IntentState, leg: Leg = Leg.ENTRY, **changes: Any) -> None:
    facts = {"client_order_id": ENTRY, "symbol": "AAPL", "side": Side.BUY, "qty": 10, "stop_loss": 90, **changes}
    desk.ledger.intents.write(desk.account, "c", OrderTerms(**facts), leg, 1, state, OPENING)


def fill(desk: ValuedDesk, price: int, side: Side = Side.BUY, at: datetime = OPENING) -> None:
    number = len(desk.ledger.books.fills(desk.account))
    desk.ledger.books.book_fill(
        desk.account,
        Fill(fill_id=f"f{number}", client_order_id=ENTRY, symbol="AAPL", side=side, qty=10, price=price, at=at),
    )


def test_when_orders_were_submitted_then_they_count_at_the_market_s_time_oldest_first(desk: ValuedDesk) -> None:
    note(desk, "perun-late", submitted_at=OPENING + timedelta(minutes=2))
    note(desk, "perun-early", submitted_at=OPENING + timedelta(minutes=1), side=Side.SELL)
    sent = conduct(desk).sent
    assert [(each.client_order_id, each.side) for each in sent] == [("perun-early", "sell"), ("perun-late", "buy")]
    assert sent[0].at == OPENING + timedelta(minutes=1)


@pytest.mark.parametrize("status", ["filled", "canceled", "rejected", "expired", "new"])
def test_when_an_order_came_to_any_end_then_it_was_sent_all_the_same(desk: ValuedDesk, status: str) -> None:
    note(desk, "perun-x", status=status)
    assert len(conduct(desk).sent) == 1


def test_when_a_stop_protects_or_somebody_else_ordered_then_it_is_not_counted(desk: ValuedDesk) -> None:
    stop = {"side": Side.SELL, "type": OrderType.STOP, "stop_price": Decimal(90)}
    note(desk, "perun-protect-AAPL-1", **stop)
    note(desk, "made-by-the-broker", parent=ENTRY, **stop)
    note(desk, "somebody-else")
    assert conduct(desk).sent == ()


def test_when_orders_are_older_than_the_day_before_then_they_are_left_out(desk: ValuedDesk) -> None:
    midnight_in_new_york = OPENING.replace(day=22, hour=5)
    note(desk, "perun-then", submitted_at=midnight_in_new_york)
    note(desk, "perun-before", submitted_at=midnight_in_new_york - timedelta(seconds=1))
    assert [each.client_order_id for each in conduct(desk).sent] == ["perun-then"]


@pytest.mark.parametrize(
    ("changes", "notional"),
    [
        ({"filled_qty": 10, "filled_avg_price": 101, "status": "filled"}, 1010),
        ({"limit_price": 99}, 990),
        ({}, 900),
    ],
    ids=["filled", "with a limit", "without a price: its stop"],
)
def test_when_an_order_is_counted_then_at_its_fill_or_the_nearest_price_that_is_known(
    desk: ValuedDesk, changes: dict[str, Any], notional: int
) -> None:
    intend(desk, IntentState.ACKED)
    note(desk, ENTRY, **changes)
    assert [each.notional for each in conduct(desk).sent] == [notional]


def test_when_an_order_has_no_price_but_its_symbol_traded_then_the_last_fill_counts(desk: ValuedDesk) -> None:
    fill(desk, 50)
    note(desk, "perun-flatten", side=Side.SELL)
    assert conduct(desk).sent[0].notional == 500


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (IntentState.ACKED, 1),
        (IntentState.UNKNOWN, 1),
        (IntentState.SUBMITTING, 0),
        (IntentState.NOT_SENT, 0),
        (IntentState.DENIED, 0),
    ],
)
def test_when_an_order_was_sent_a_moment_ago_then_it_counts_before_the_broker_tells_of_it(
    desk: ValuedDesk, state: IntentState, count: int
) -> None:
    intend(desk, state)
    sent = conduct(desk).sent
    assert [(each.client_order_id, each.at, each.notional) for each in sent] == [(ENTRY, OPENING, 900)] * count


def test_when_the_broker_has_told_of_an_order_then_it_counts_once(desk: ValuedDesk) -> None:
    intend(desk, IntentState.ACKED)
    note(desk, ENTRY)
    assert len(conduct(desk).sent) == 1


def test_when_a_stop_was_put_back_a_moment_ago_then_it_is_not_counted(desk: ValuedDesk) -> None:
    intend(desk, IntentState.ACKED, Leg.PROTECTION)
    assert conduct(desk).sent == ()


def test_when_sales_are_older_than_a_month_then_they_are_left_out(desk: ValuedDesk) -> None:
    fill(desk, 100, at=OPENING - timedelta(days=40))
    fill(desk, 110, Side.SELL, at=OPENING - timedelta(days=32))
    fill(desk, 100, at=OPENING - timedelta(days=31))
    fill(desk, 90, Side.SELL, at=OPENING - timedelta(days=30))
    known = conduct(desk)
    assert [(closing.gain, closing.stopped) for closing in known.closings] == [(-100, False)]
    assert known.adds == {}


def test_when_shares_come_that_no_fill_explains_then_the_symbol_is_unexplained_and_dollars_never_are(
    desk: ValuedDesk,
) -> None:
    desk.ledger.adjustments.book(desk.account, "IBM", Decimal(3), "EXTERNAL", OPENING)
    desk.ledger.adjustments.book(desk.account, "", Decimal(3), "EXTERNAL", OPENING)
    assert conduct(desk).unexplained == ("IBM",)


def test_when_the_account_was_never_looked_at_then_no_loss_can_be_measured(tmp_path: Path) -> None:
    with ValuedDesk(tmp_path) as desk:
        known = conduct(desk)
    assert (known.day_start, known.week_start, known.high_water) == (None, None, None)
