"""What the ledger reads of the broker's books: only what may be news, and never less."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from perun.graph.bookkeeping import MARGIN
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.domain.errors import Halted
from perun.tools.domain.events import StateChanged
from perun.tools.domain.orders import Fill, Order, OrderStatus, TimeInForce
from perun.tools.domain.standing import TradingState
from support.counter import QUIET, Counter
from support.exchange import buy, ticket

MONTHS = 70
"""Sessions in which nobody looks."""


class WatchedBook(EmbeddedBook):
    """Remembers since when it was asked."""

    asked: list[datetime | None]
    shown: int

    def orders(self, since: datetime | None = None) -> tuple[Order, ...]:
        orders = tuple(super().orders(since))
        self.asked, self.shown = [*getattr(self, "asked", []), since], len(orders)
        return orders

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        fills = tuple(super().fills(since))
        self.shown += len(fills)
        return fills


def test_when_many_orders_have_ended_then_a_look_reads_the_newest_alone(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 40, book=WatchedBook) as counter:
        for number in range(30):
            counter.exchange.take_ticket(ticket(buy(1, id=f"foreign-{number}")))
            counter.pass_session()
            newest = counter.book.orders()[-1].submitted_at
            counter.reconcile()
        assert isinstance(counter.book, WatchedBook)
        assert counter.book.asked[-1] == newest - timedelta(days=1) - MARGIN, "an hour before what was known last"
        assert counter.book.shown <= 4, "the one just traded and the one before, each with its fill"
        assert len(counter.ledger.books.orders(counter.account)) == 30
        assert len(counter.ledger.books.fills(counter.account)) == 30


def test_when_the_desk_was_off_for_months_then_nothing_of_them_is_missed(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * (MONTHS + 4)) as counter:
        counter.holding()
        counter.exchange.take_ticket(ticket(buy(1, id="resting", limit="1", tif=TimeInForce.GTC)))
        counter.reconcile()
        for number in range(MONTHS):
            if number % 10 == 5:
                counter.exchange.take_ticket(ticket(buy(1, id=f"foreign-{number}")))
            counter.pass_session()
        counter.reconcile()
        books, account = counter.ledger.books, counter.account
        assert books.orders(account) == sorted(
            counter.book.orders(), key=lambda order: (order.submitted_at, order.client_order_id)
        )
        assert set(books.fills(account)) == set(counter.book.fills())
        expired = books.order(account, "resting")
        assert expired is not None
        assert expired.status is OrderStatus.EXPIRED, "it ended without anybody looking, and is no longer listed"


def test_when_nothing_is_new_then_a_look_writes_nothing(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        counter.holding()
        before = counter.events()
        counter.reconcile()
        assert counter.events() == before


class StaleBook(EmbeddedBook):
    """Shows how orders stood before they were filled, once it is told to."""

    stale: tuple[Order, ...] = ()

    def orders(self, since: datetime | None = None) -> tuple[Order, ...]:
        return self.stale or tuple(super().orders(since))

    def working_orders(self) -> tuple[Order, ...]:
        return () if self.stale else tuple(super().working_orders())


def test_when_news_is_older_than_what_is_known_then_it_is_no_event(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3, book=StaleBook) as counter:
        counter.buy()
        entry = counter.book.orders()[0]
        counter.pass_session()
        counter.reconcile()
        before = counter.events()
        assert isinstance(counter.book, StaleBook)
        counter.book.stale = (entry,)
        counter.reconcile()
        known = counter.ledger.books.order(counter.account, "perun-in")
        assert (known and known.status, counter.events()) == (OrderStatus.FILLED, before)


def test_when_the_broker_holds_an_order_of_ours_that_the_ledger_does_not_know_then_the_desk_is_halted_for_good(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [QUIET] * 4) as counter:
        counter.holding()
        counter.exchange.take_ticket(ticket(buy(1, id="perun-embedded-stranger")))
        for _ in range(2):
            with pytest.raises(Halted, match=r"perun-embedded-stranger, .* restore it from a backup") as stopped:
                counter.reconcile()
            assert stopped.value.exit_code == 3
        standing = counter.watch.standing()
        assert (standing.state, standing.reason) == (TradingState.HALTED, str(stopped.value))
        told = [event for event in counter.events() if isinstance(event, StateChanged)]
        assert [event.state for event in told] == [TradingState.HALTED], "latched once, however often it is seen"
        counter.pass_session()
        assert counter.buy("perun-next").denials


def test_when_a_stranger_s_order_came_since_the_last_look_then_an_older_known_one_does_not_hide_it(
    tmp_path: Path,
) -> None:
    with Counter(tmp_path, [QUIET] * 8) as counter:
        counter.holding()
        for number in range(3):
            counter.exchange.take_ticket(ticket(buy(1, id=f"foreign-{number}")))
            counter.pass_session()
        counter.exchange.take_ticket(ticket(buy(1, id="perun-theirs")))
        counter.pass_session()
        with pytest.raises(Halted, match="perun-theirs"):
            counter.reconcile()
