"""What fills make of positions: average cost, gains, adds; in whatever order the fills come."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.conduct import Closing
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Order, OrderStatus, OrderType, Side, TimeInForce

START = datetime(2026, 11, 23, 15, tzinfo=UTC)
accounts = (f"account-{number}" for number in count())
FEW_ROWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(number: int, side: Side, qty: int, price: str, **changes: Any) -> Fill:
    return Fill(
        **{
            "fill_id": f"f{number:03d}",
            "client_order_id": f"order-{number}",
            "symbol": "AAPL",
            "side": side,
            "qty": Decimal(qty),
            "price": Decimal(price),
            "commission": Decimal(1),
            "at": START + timedelta(minutes=number),
            **changes,
        }
    )


def bought(number: int, qty: int, price: str, **changes: Any) -> Fill:
    return fill(number, Side.BUY, qty, price, **changes)


def sold(number: int, qty: int, price: str, **changes: Any) -> Fill:
    return fill(number, Side.SELL, qty, price, **changes)


def closings(ledger: Ledger, *fills: Fill, account: str = "acc") -> tuple[Closing, ...]:
    for each in fills:
        ledger.books.book_fill(account, each)
    return ledger.positions.closings(account, START)


def gains(*fills: Fill, ledger: Ledger) -> list[Decimal]:
    return [closing.gain for closing in closings(ledger, *fills)]


def test_when_shares_are_sold_then_the_gain_is_measured_against_their_average_cost_after_commissions(
    ledger: Ledger,
) -> None:
    fills = bought(1, 10, "100"), bought(2, 10, "110"), sold(3, 5, "120"), sold(4, 15, "90")
    # 20 shares for 2102 are 105.10 each.
    assert gains(*fills, ledger=ledger) == [Decimal("73.50"), Decimal("-227.50")]


def test_when_a_position_was_closed_then_the_next_one_has_a_cost_of_its_own(ledger: Ledger) -> None:
    fills = bought(1, 10, "100"), sold(2, 10, "50"), bought(3, 10, "10"), sold(4, 10, "11")
    assert gains(*fills, ledger=ledger) == [Decimal(-502), Decimal(8)]


def test_when_more_is_sold_than_fills_explain_then_only_the_known_shares_gain(ledger: Ledger) -> None:
    assert gains(bought(1, 10, "100"), sold(2, 30, "101"), sold(3, 5, "200"), ledger=ledger) == [8, 0]


def test_when_a_sale_is_older_than_asked_for_then_it_is_left_out(ledger: Ledger) -> None:
    closings(ledger, bought(1, 10, "100"), sold(2, 5, "101"), sold(3, 5, "102"))
    assert [closing.at for closing in ledger.positions.closings("acc", START + timedelta(minutes=3))] == [
        START + timedelta(minutes=3)
    ]


@pytest.mark.parametrize(("parent", "stopped"), [("entry", True), (None, False)])
def test_when_a_protective_stop_sold_then_the_closing_says_so(
    ledger: Ledger, parent: str | None, stopped: bool
) -> None:
    stop = Order(
        client_order_id="order-2",
        broker_order_id="b",
        symbol="AAPL",
        side=Side.SELL,
        qty=Decimal(10),
        type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.FILLED,
        parent=parent,
        submitted_at=START,
    )
    ledger.books.note_order("acc", stop, START)
    (closing,) = closings(ledger, bought(1, 10, "100"), sold(2, 10, "90"))
    assert (closing.symbol, closing.gain, closing.stopped) == ("AAPL", -102, stopped)


def test_when_orders_enlarge_an_open_position_then_each_counts_once_and_a_new_position_starts_at_none(
    ledger: Ledger,
) -> None:
    closings(
        ledger,
        bought(1, 10, "100", client_order_id="first"),
        bought(2, 10, "100", client_order_id="first"),
        bought(3, 10, "100", client_order_id="second"),
        bought(4, 10, "100", symbol="IBM"),
        bought(5, 10, "100", client_order_id="second"),
        bought(6, 10, "100", client_order_id="third"),
        bought(7, 10, "100", symbol="GOOG"),
        sold(8, 10, "100", symbol="GOOG"),
    )
    assert ledger.positions.adds("acc") == {"AAPL": 2, "IBM": 0}
    closings(ledger, sold(9, 50, "100"), bought(10, 1, "100"))
    assert ledger.positions.adds("acc") == {"AAPL": 0, "IBM": 0}


MOVES = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 20), st.integers(1, 500)), min_size=1, max_size=12)


@FEW_ROWS
@given(moves=MOVES, data=st.data())
def test_when_fills_come_in_any_order_then_positions_are_those_of_their_own_order(
    ledger: Ledger, moves: list[tuple[Side, int, int]], data: st.DataObject
) -> None:
    fills = [fill(number, side, qty, str(price)) for number, (side, qty, price) in enumerate(moves)]
    one, other = next(accounts), next(accounts)
    in_order = closings(ledger, *fills, account=one)
    assert closings(ledger, *data.draw(st.permutations(fills)), account=other) == in_order
    assert ledger.positions.adds(one) == ledger.positions.adds(other)


@FEW_ROWS
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 500), st.integers(1, 20)), min_size=1, max_size=8))
def test_when_all_was_sold_again_then_the_gains_are_the_cash_that_came_in(
    ledger: Ledger, purchases: list[tuple[int, int, int]]
) -> None:
    account, held, fills = next(accounts), 0, []
    for number, (qty, price, part) in enumerate(purchases):
        held += qty
        fills.append(bought(2 * number, qty, str(price)))
        sale = min(part, held) if number < len(purchases) - 1 else held
        held -= sale
        fills.append(sold(2 * number + 1, sale, str(price + part)))
    gained = sum((closing.gain for closing in closings(ledger, *fills, account=account)), ZERO)
    assert abs(gained - sum(each.cash_flow for each in fills)) <= Decimal("0.01") * len(fills)


def test_when_a_fill_is_booked_again_then_positions_stay_as_they_are(ledger: Ledger) -> None:
    once = closings(ledger, bought(1, 10, "100"), sold(2, 5, "101"))
    assert closings(ledger, bought(1, 10, "100"), sold(2, 5, "101")) == once
