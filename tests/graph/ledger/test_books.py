from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.orders import Fill, Order, OrderStatus, OrderType, Side, TimeInForce

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROW_PER_EXAMPLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
names = (f"order-{number}" for number in count())


def order(name: str, status: OrderStatus, filled: int = 0, minutes: int = 0, reason: str = "") -> Order:
    return Order(
        client_order_id=name,
        broker_order_id=f"b-{name}",
        symbol="AAPL",
        side=Side.BUY,
        qty=Decimal(10),
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        status=status,
        filled_qty=Decimal(filled),
        submitted_at=NOW + timedelta(minutes=minutes),
        reason=reason,
    )


def fill(fill_id: str, minutes: int = 0) -> Fill:
    return Fill(
        fill_id=fill_id,
        client_order_id="a",
        symbol="AAPL",
        side=Side.BUY,
        qty=Decimal("1E+1"),
        price=Decimal("101.2500"),
        commission=Decimal("0.35"),
        at=NOW + timedelta(minutes=minutes),
    )


def history(end: OrderStatus) -> list[tuple[OrderStatus, int]]:
    last = 10 if end is OrderStatus.FILLED else 7
    partial = OrderStatus.PARTIALLY_FILLED
    return [(OrderStatus.ACCEPTED, 0), (OrderStatus.NEW, 0), (partial, 3), (partial, 7), (end, last)]


ENDS = st.sampled_from([status for status in OrderStatus if status.is_terminal])
NEWS = st.tuples(st.sampled_from(OrderStatus), st.integers(0, 10))


@ROW_PER_EXAMPLE
@given(end=ENDS, data=st.data())
def test_when_news_of_an_order_comes_in_any_order_then_its_end_is_what_stands(ledger: Ledger, end, data) -> None:
    name = next(names)
    for status, filled in data.draw(st.permutations(history(end))):
        ledger.books.note_order("acc", order(name, status, filled), NOW)

    stands = ledger.books.order("acc", name)
    assert (stands.status, stands.filled_qty) == history(end)[-1]


@ROW_PER_EXAMPLE
@given(st.lists(NEWS, min_size=2, max_size=8))
def test_when_any_news_comes_then_an_order_never_leaves_its_end_nor_loses_filled_shares(ledger: Ledger, news) -> None:
    name = next(names)
    before = ledger.books.note_order("acc", order(name, *news[0]), NOW)
    for status, filled in news[1:]:
        after = ledger.books.note_order("acc", order(name, status, filled), NOW)
        assert after == ledger.books.order("acc", name)
        assert after.filled_qty >= before.filled_qty
        if before.status.is_terminal:
            assert after.status.is_terminal
            assert after.status is before.status or after.filled_qty > before.filled_qty
        before = after


def test_when_the_broker_says_more_of_an_order_that_stands_still_then_the_newer_word_is_kept(ledger: Ledger) -> None:
    ledger.books.note_order("acc", order("a", OrderStatus.CANCELED), NOW)
    ledger.books.note_order("acc", order("a", OrderStatus.CANCELED, reason="by the desk"), NOW)

    assert ledger.books.order("acc", "a").reason == "by the desk"


def test_when_orders_are_listed_then_they_come_by_submission_and_only_the_account_s_own(ledger: Ledger) -> None:
    second, first = order("a", OrderStatus.NEW, minutes=5), order("b", OrderStatus.NEW)
    foreign = order("a", OrderStatus.REJECTED)
    ledger.books.note_order("acc", second, NOW)
    ledger.books.note_order("acc", first, NOW)
    ledger.books.note_order("other", foreign, NOW)

    assert ledger.books.orders("acc") == [first, second]
    assert ledger.books.find_order("a") == [("acc", second), ("other", foreign)]
    assert ledger.books.order("acc", "nobody") is None


def test_when_a_fill_is_booked_twice_then_it_counts_once(ledger: Ledger) -> None:
    assert [ledger.books.book_fill("acc", fill("f1")) for _ in range(2)] == [True, False]
    assert ledger.books.book_fill("other", fill("f1")) is True

    assert ledger.books.fills("acc") == [fill("f1")]


def test_when_fills_are_listed_then_they_come_oldest_first_and_exact(ledger: Ledger) -> None:
    for each in (fill("f3", 2), fill("f1", 1), fill("f2", 0)):
        ledger.books.book_fill("acc", each)

    booked = ledger.books.fills("acc")
    assert booked == [fill("f2", 0), fill("f1", 1), fill("f3", 2)]
    assert booked[0].cash_flow == Decimal("-1012.85")


@pytest.mark.parametrize("status", list(OrderStatus))
def test_when_an_order_is_noted_then_it_is_read_back_as_it_was(ledger: Ledger, status: OrderStatus) -> None:
    noted = order("a", status, 3)

    assert ledger.books.note_order("acc", noted, NOW) == ledger.books.order("acc", "a") == noted
