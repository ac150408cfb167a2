"""Books that move while they are read: what fills between two requests is news on its way, not somebody else's."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from perun.graph.app.wiring import open_floor
from perun.graph.comparing import LOOKS, compare
from perun.graph.cycle import Floor, run_cycle
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import reconcile
from perun.graph.submission import OrderDesk
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import SubmitUnclear
from perun.tools.domain.orders import ClearedOrder, Order
from perun.tools.domain.portfolio import Portfolio
from support.floor import parts, settings

SYMBOLS = ("AAPL",)


class Between:
    """The embedded broker's books; each time before its portfolio is read, something happens there."""

    def __init__(self, book: Any, *happenings: Callable[[], object]) -> None:
        self._book, self._happenings = book, list(happenings)
        self.looks = 0

    def portfolio(self) -> Portfolio:
        self.looks += 1
        if self._happenings:
            self._happenings.pop(0)()
        portfolio: Portfolio = self._book.portfolio()
        return portfolio

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)


class Slow(EmbeddedWriter):
    """A hand whose requests are still on their way when it gives up."""

    sent: list[ClearedOrder]

    def submit(self, order: ClearedOrder) -> Order:
        self.sent.append(order)
        raise SubmitUnclear("the connection broke")


def desk_of(floor: Floor, book: Any) -> OrderDesk:
    recorder = EventRecorder(floor.hand.ledger, f"desk:{floor.account}", floor.clock)
    return OrderDesk(book, floor.hand.ledger, floor.account, floor.hand.watch, recorder, floor.clock, floor.hand.wait)


def test_when_an_order_fills_between_its_list_and_the_positions_then_it_is_booked_as_ours_and_nobody_elses(
    tmp_path: Path,
) -> None:
    with open_floor(settings(tmp_path), parts()) as floor:
        exchange = floor.book._exchange  # type: ignore[attr-defined] # the broker's side of the table
        hand, slow = EmbeddedWriter(exchange), Slow(exchange)
        slow.sent = []
        broker = GatedBroker(floor.book, slow, floor.market, floor.limits, floor.hand.watch.standing)
        run_cycle(replace(floor, hand=replace(floor.hand, broker=broker, wait=lambda seconds: None)), SYMBOLS, "a")

        def comes_and_fills() -> None:
            hand.submit(slow.sent[0])
            exchange.advance(floor.book.clock().now)

        findings = reconcile("now", desk_of(floor, Between(floor.book, comes_and_fills)), broker)

        booked = floor.hand.ledger.adjustments.all(floor.account)
        assert [each.reason for each in booked] == ["opening balance"]
        assert findings.adjusted == []
        (held,) = floor.book.portfolio().positions
        assert floor.hand.ledger.books.tally(floor.account).shares == {"AAPL": held.qty}


def test_when_both_looks_agree_on_a_difference_then_it_is_booked_once(tmp_path: Path) -> None:
    with open_floor(settings(tmp_path), parts()) as floor:
        book = Between(floor.book)
        assert compare(desk_of(floor, book))[1] == ["cash 100000: opening balance"]
        assert compare(desk_of(floor, book))[1] == []
        assert book.looks == 3, "what agrees is looked at once"


def test_when_the_account_moves_at_every_look_then_nothing_is_booked_until_it_rests(tmp_path: Path) -> None:
    class Restless(Between):
        """Another dollar at each look."""

        def portfolio(self) -> Portfolio:
            seen = super().portfolio()
            cash = seen.account.cash + Decimal(self.looks)
            return seen.model_copy(update={"account": seen.account.model_copy(update={"cash": cash})})

    with open_floor(settings(tmp_path), parts()) as floor:
        book = Restless(floor.book)
        assert compare(desk_of(floor, book))[1] == []
        assert book.looks == LOOKS
        assert floor.hand.ledger.adjustments.all(floor.account) == []
        assert compare(desk_of(floor, floor.book))[1] == ["cash 100000: opening balance"]
