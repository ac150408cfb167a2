"""Every share of ours under a stop, no more and no less; and what becomes of those that no stop can guard."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.ledger.intents import IntentState
from perun.graph.protecting import Guarding, last_stop, protect, shares_of
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.domain.errors import NotSent, OrderRejected
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.orders import Leg, Order, OrderStatus, OrderType, Side, TimeInForce
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.standing import TradingState
from support.counter import QUIET, Counter
from support.exchange import buy, sell, ticket
from support.gate import NOW, order

FALLEN = (99, 100, 94, 95)
"""Closes below the stop at 96."""
HIGHER = (104, 105, 103, 104)


def working(counter: Counter) -> list[tuple[str, Decimal]]:
    return [(each.client_order_id, each.open_qty) for each in counter.book.working_orders()]


def test_when_a_stop_vanishes_and_the_market_passes_it_then_the_shares_leave_at_the_market(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET, FALLEN, QUIET, QUIET]) as counter:
        counter.holding().lose_stop()
        counter.pass_session()
        found = counter.reconcile()
        assert found.exited == ["10 AAPL leave at the market: the market is at 95, not above the stop at 96"]
        assert (found.protected, found.unprotected) == ([], [])
        assert counter.hand.sent == ["perun-in", "perun-emergency-AAPL-1-20240123T2100Z"], "no stop was tried"
        told = [event for event in counter.events() if isinstance(event, ErrorNoted)]
        assert [(event.code, event.message) for event in told] == [("EMERGENCY_EXIT", found.exited[0])]
        before = counter.events()
        assert counter.reconcile().exited == []
        assert counter.events() == before, "while the exit works nothing more is done"
        counter.pass_session()
        counter.reconcile()
        assert counter.held() == 0


def test_when_the_desk_is_halted_then_no_emergency_exit_is_sent_and_the_shares_are_reported(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET, FALLEN, FALLEN, QUIET]) as counter:
        counter.holding().lose_stop()
        counter.pass_session()
        counter.watch.tighten(TradingState.HALTED, "a person said so", "a test", counter.recorder)
        (line,) = counter.reconcile().unprotected
        assert "TRADING_STATE HALTED" in line
        before = counter.events()
        assert counter.reconcile().unprotected == [line]
        assert (counter.hand.sent, counter.events()) == (["perun-in"], before)


def test_when_the_market_is_closed_then_the_shares_are_left_to_the_next_run(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET, FALLEN]) as counter:
        counter.holding().lose_stop()
        counter.pass_session()
        (line,) = counter.reconcile().unprotected
        assert line.endswith("no exit is sent now (MARKET_OPEN closed): the next run tries again")
        assert counter.hand.sent == ["perun-in"]


def test_when_the_account_is_suspended_then_the_shares_leave_once_it_is_free(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET, FALLEN, FALLEN, QUIET]) as counter:
        counter.holding().lose_stop()
        counter.pass_session()
        counter.exchange.suspend(True)
        (line,) = counter.reconcile().unprotected
        assert line.endswith("no exit is sent now (ACCOUNT_ACTIVE blocked): the next run tries again")
        counter.exchange.suspend(False)
        assert len(counter.reconcile().exited) == 1
        assert counter.hand.sent == ["perun-in", "perun-emergency-AAPL-1-20240123T2100Z"]


def test_when_the_broker_refuses_stop_and_exit_then_it_is_reported_and_not_asked_again_in_the_quarter_of_an_hour(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [QUIET] * 5) as counter:
        counter.holding().lose_stop()
        counter.hand.failing = [
            OrderRejected(403, 40310000, f"not {what}") for what in ("now", "now", "today", "today")
        ]
        (line,) = counter.reconcile().unprotected
        assert "its exit failed" in line
        refused = ["perun-protect-AAPL-1-20240122T2100Z", "perun-emergency-AAPL-1-20240122T2100Z"]
        assert counter.hand.sent == ["perun-in", *refused]
        before = counter.events()
        for _ in range(3):
            (line,) = counter.reconcile().unprotected
            assert "its exit is REJECTED" in line
        assert (counter.hand.sent, counter.events()) == (["perun-in", *refused], before)

        counter.pass_session()
        for _ in range(2):
            assert "not today" in counter.reconcile().unprotected[0]
        again = ["perun-protect-AAPL-2-20240123T2100Z", "perun-emergency-AAPL-2-20240123T2100Z"]
        assert counter.hand.sent == ["perun-in", *refused, *again]

        counter.pass_session()
        assert counter.reconcile().protected == ["10 AAPL at 96"], "the broker has thought better of it"
        assert working(counter) == [("perun-protect-AAPL-3-20240124T2100Z", 10)]


def test_when_a_stranger_s_purchase_stands_against_stop_and_exit_then_the_broker_is_asked_once_until_it_is_gone(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [QUIET] * 5) as counter:
        counter.holding().lose_stop()
        counter.exchange.take_ticket(ticket(buy(1, id="foreign", limit="50", tif=TimeInForce.GTC)))
        for _ in range(2):
            (line,) = counter.reconcile().unprotected
            assert "wash trade" in line
        assert counter.hand.sent == ["perun-in", "perun-protect-AAPL-1-20240122T2100Z"]
        counter.pass_session()
        counter.exchange.cancel("foreign")
        assert counter.reconcile().protected == ["10 AAPL at 96"]


def test_when_the_stop_is_refused_and_the_exit_is_not_then_the_shares_leave(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding().lose_stop()
        counter.hand.failing = [OrderRejected(422, 42210000, "no stops today")]
        (line,) = counter.reconcile().exited
        assert "no stops today" in line
        assert working(counter) == [("perun-emergency-AAPL-1-20240122T2100Z", 10)]


def test_when_the_stop_could_not_be_sent_then_the_shares_stay_and_the_next_reconciliation_tries_again(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding().lose_stop()
        counter.hand.failing = [NotSent("connection refused")] * 3
        found = counter.reconcile()
        assert (found.exited, len(found.unprotected)) == ([], 1)
        assert counter.reconcile().protected == ["10 AAPL at 96"]


def test_when_the_exit_could_not_be_sent_then_the_next_reconciliation_tries_again(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET, FALLEN, FALLEN, QUIET]) as counter:
        counter.holding().lose_stop()
        counter.pass_session()
        counter.hand.failing = [NotSent("connection refused")] * 3
        (line,) = counter.reconcile().unprotected
        assert "connection refused" in line
        assert len(counter.reconcile().exited) == 1
        assert working(counter) == [("perun-emergency-AAPL-2-20240123T2100Z", 10)]


def test_when_the_entry_whose_stop_is_newest_was_never_filled_then_the_stop_of_the_one_that_was_counts(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [HIGHER, HIGHER, HIGHER]) as counter:
        counter.holding()
        ((_, price),) = [(each.client_order_id, each.stop_price) for each in counter.stops()]
        counter.buy("perun-more")
        counter.exchange.cancel("perun-more")
        counter.reconcile()
        (newest,) = [each for each in counter.book.orders() if each.parent == "perun-more"]
        assert newest.stop_price != price
        counter.lose_stop()
        counter.reconcile()
        assert [(each.stop_price, each.qty) for each in counter.stops()] == [(price, 10)]


def stop_of(entry: str, price: int, **changes: Any) -> Order:
    return order(Side.SELL, id=f"{entry}-stop", type=OrderType.STOP, stop_price=price, parent=entry, **changes)


def test_when_a_stop_was_put_back_after_the_entry_then_it_counts_and_an_earlier_or_refused_one_does_not() -> None:
    filled = {"status": "filled", "filled_qty": 10}
    old = [order(id="perun-1", **filled), stop_of("perun-1", 90)]
    new = [order(id="perun-2", **filled), stop_of("perun-2", 95)]
    restored = order(Side.SELL, id="perun-protect-AAPL-1", type=OrderType.STOP, stop_price=93)
    later = restored.model_copy(update={"submitted_at": NOW + timedelta(days=1)})
    earlier = restored.model_copy(update={"submitted_at": NOW - timedelta(days=1)})
    refused = later.model_copy(update={"status": OrderStatus.REJECTED})
    assert last_stop([*old, *new]) == 95
    assert last_stop([*old, *new, later]) == 93
    assert last_stop([earlier, *old, *new]) == 95
    assert last_stop([*old, *new, refused]) == 95
    assert last_stop([order(id="perun-1"), stop_of("perun-1", 90)]) is None


def test_when_an_exit_sold_what_a_stranger_bought_too_then_later_shares_of_ours_are_still_ours() -> None:
    def done(side: Side, qty: int) -> Order:
        return order(side, qty=qty, filled_qty=qty, status="filled")

    assert shares_of([done(Side.BUY, 10), done(Side.SELL, 15), done(Side.BUY, 4)]) == 4


def test_when_shares_are_a_stranger_s_then_they_are_neither_guarded_nor_sold(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 6) as counter:
        counter.holding().sell()
        counter.pass_session()
        counter.exchange.take_ticket(ticket(buy(7, id="foreign")))
        counter.pass_session()
        found = counter.reconcile()
        assert found.unprotected == ["7 AAPL: somebody else's, and never under a stop of ours"]
        assert working(counter) == []


def test_when_an_entry_fills_in_part_and_ends_then_exactly_what_was_filled_is_under_its_stop(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4, partial_fill_percent=100) as counter:
        counter.holding()
        assert 0 < counter.held() < 10
        assert [(each.stop_price, each.open_qty) for each in counter.stops()] == [(96, counter.held())]


def test_when_an_entry_fills_in_part_and_goes_on_then_its_rest_is_given_up_for_a_stop(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4, partial_fill_percent=100) as counter:
        terms = buy(10, id="perun-in", stop_loss="96", tif=TimeInForce.GTC)
        state = IntentState.ACKED
        counter.ledger.intents.write(counter.account, "cycle:1", terms, Leg.ENTRY, 1, state, counter.now())
        counter.exchange.take_ticket(ticket(terms, order_class="oto", stop_loss="96"))
        counter.pass_session()
        held = counter.held()
        assert [each.status for each in counter.book.working_orders()] == [
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.HELD,
        ]
        found = counter.reconcile()
        assert found.trimmed == [f"perun-in: {10 - held} AAPL do not match what is held"]
        assert working(counter) == [("perun-protect-AAPL-1-20240122T2100Z", held)]
        assert counter.ledger.intents.open_intents(counter.account)[0].client_order_id.startswith(
            "perun-protect-AAPL-1-"
        )


def test_when_an_exit_sells_a_part_then_the_rest_is_guarded_again_before_they_trade(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding().sell(ceiling=4)
        assert working(counter) == [("perun-out", 4)]
        protect("cycle:1", counter.desk, counter.broker, Guarding(), {"AAPL"})
        assert working(counter) == [("perun-out", 4), ("perun-protect-AAPL-1-20240122T2100Z", 6)]
        counter.pass_session()
        assert (counter.held(), working(counter)) == (6, [("perun-protect-AAPL-1-20240122T2100Z", 6)])


def test_when_an_exit_fills_in_part_and_ends_then_what_is_left_is_under_the_stop_again(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 6, partial_fill_percent=100) as counter:
        counter.holding()
        counter.holding("perun-more")
        before = counter.held()
        counter.sell()
        counter.pass_session()
        counter.reconcile()
        assert 0 < counter.held() < before
        assert sum(each.open_qty for each in counter.stops()) == counter.held()


class SplitBook(EmbeddedBook):
    """Shows fewer shares than the exchange's own books: somebody merged them, or took them away."""

    left = Decimal(10)

    def portfolio(self) -> Portfolio:
        portfolio = super().portfolio()
        fewer = {"qty": self.left, "qty_available": self.left, "market_value": self.left * 100}
        positions = (position.model_copy(update=fewer) for position in portfolio.positions if self.left)
        return portfolio.model_copy(update={"positions": tuple(positions)})


@pytest.mark.parametrize(("left", "stops"), [(5, [5]), (0, [])])
def test_when_a_stop_is_for_more_than_is_held_then_it_is_put_back_for_what_is(
    tmp_path: Path, left: int, stops: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Counter(tmp_path, [QUIET] * 4, book=SplitBook) as counter:
        counter.holding()
        monkeypatch.setattr(SplitBook, "left", Decimal(left))
        found = counter.reconcile()
        assert found.trimmed == ["perun-in-stop: 10 AAPL do not match what is held"]
        assert [each.open_qty for each in counter.stops()] == stops
        assert counter.reconcile().trimmed == []


def test_when_shares_are_bare_beside_guarded_ones_then_an_exit_of_the_bare_ones_leaves_the_stop(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding()
        counter.exchange.take_ticket(ticket(buy(5, id="foreign")))
        counter.pass_session()
        counter.sell(ceiling=5)
        assert working(counter) == [("perun-in-stop", 10), ("perun-out", 5)]


def test_when_a_stranger_sells_too_then_the_exit_is_no_larger_than_what_is_available(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding().lose_stop()
        counter.exchange.take_ticket(ticket(sell(4, id="foreign", limit="200", tif=TimeInForce.GTC)))
        counter.sell()
        assert working(counter) == [("foreign", 4), ("perun-out", 6)]
