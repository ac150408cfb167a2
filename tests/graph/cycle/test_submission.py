"""Orders at most once, whatever the broker's answer: the real exchange behind a hand that loses answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.agents.roles import ROSTER
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import Floor, run_cycle
from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import PATIENCE, Findings, reconcile
from perun.graph.submission import OrderDesk
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.clock import Clock, StoppedClock
from perun.tools.domain.errors import (
    BrokerUnavailable,
    ClientIdConflict,
    KeyRefused,
    NotSent,
    OrderRejected,
    SubmitUnclear,
)
from perun.tools.domain.orders import ClearedOrder, Order
from perun.tools.domain.standing import TradingState
from support.floor import cycle, parts, settings

SYMBOLS = ("AAPL",)
Fault = Callable[[EmbeddedWriter, ClearedOrder], Order]


def lost_answer(writer: EmbeddedWriter, order: ClearedOrder) -> Order:
    writer.submit(order)
    raise SubmitUnclear("the connection broke")


def lost_request(writer: EmbeddedWriter, order: ClearedOrder) -> Order:
    raise SubmitUnclear("the connection broke")


def raising(error: Exception) -> Fault:
    def fault(writer: EmbeddedWriter, order: ClearedOrder) -> Order:
        raise error

    return fault


class FaultyHand(EmbeddedWriter):
    """Submits by the fault; counts how often it was asked to."""

    def __init__(self, exchange: Any, fault: Fault) -> None:
        super().__init__(exchange)
        self._fault, self._honest = fault, EmbeddedWriter(exchange)
        self.submitted = 0

    def submit(self, order: ClearedOrder) -> Order:
        self.submitted += 1
        return self._fault(self._honest, order)


@contextmanager
def floor_with(folder: Path, fault: Fault, clock: Clock | None = None) -> Iterator[tuple[Floor, FaultyHand]]:
    """The desk with that hand; waits are not waited."""
    with open_floor(settings(folder), parts()) as floor:
        writer = FaultyHand(floor.book._exchange, fault)
        broker = GatedBroker(floor.book, writer, floor.market, floor.limits, floor.hand.watch.standing)
        hand = replace(floor.hand, broker=broker, wait=lambda seconds: None)
        yield replace(floor, hand=hand, clock=clock or floor.clock), writer


def intent_of(floor: Floor, document: dict[str, Any]) -> Any:
    (intent,) = [each for each in floor.hand.ledger.intents.of_cycle(document["cycle_id"])]
    return intent


def entries(floor: Floor) -> list[Order]:
    return [order for order in floor.book.orders() if order.parent is None]


def reconciled(floor: Floor) -> Findings:
    stream = f"desk:{floor.account}"
    recorder = EventRecorder(floor.hand.ledger, stream, floor.clock)
    hand = floor.hand
    desk = OrderDesk(floor.book, hand.ledger, floor.account, hand.watch, recorder, floor.clock, hand.wait)
    return reconcile(stream, desk, hand.broker)


def test_when_the_answer_is_lost_but_the_order_came_then_it_is_found_adopted_and_filled(tmp_path: Path) -> None:
    with floor_with(tmp_path, lost_answer) as (floor, writer):
        document = run_cycle(floor, SYMBOLS)
        assert document["orders"][0]["status"] == "filled"
        assert document["outcome"] == "traded"
        assert intent_of(floor, document).state is IntentState.FILLED
        assert len(entries(floor)) == writer.submitted == 1


def test_when_the_request_is_lost_then_the_order_is_in_doubt_and_its_symbol_is_locked(tmp_path: Path) -> None:
    with floor_with(tmp_path, lost_request) as (floor, writer):
        document = run_cycle(floor, SYMBOLS, "a")
        assert (document["outcome"], document["orders"]) == ("degraded", [])
        assert intent_of(floor, document).state is IntentState.UNKNOWN
        again = run_cycle(floor, SYMBOLS, "b")
        assert "UNRESOLVED_ORDER" in {breach["code"] for breach in again["verdicts"][0]["breaches"]}
        assert writer.submitted == 1


def test_when_an_order_in_doubt_was_not_found_after_a_minute_then_it_never_came_and_is_not_sent_again(
    tmp_path: Path,
) -> None:
    with floor_with(tmp_path, lost_request) as (floor, writer):
        document = run_cycle(floor, SYMBOLS, "a")
        assert reconciled(floor).in_doubt
        late = replace(floor, clock=StoppedClock(floor.clock.now() + PATIENCE))
        assert reconciled(late).resolved
        assert intent_of(floor, document).state is IntentState.NOT_SENT
        assert run_cycle(floor, SYMBOLS, "a")["outcome"] == "duplicate"
        assert writer.submitted == 1


def test_when_an_order_comes_late_then_reconciliation_adopts_it(tmp_path: Path) -> None:
    late: list[ClearedOrder] = []

    def delayed(writer: EmbeddedWriter, order: ClearedOrder) -> Order:
        late.append(order)
        raise SubmitUnclear("slow")

    with floor_with(tmp_path, delayed) as (floor, _):
        document = run_cycle(floor, SYMBOLS, "a")
        EmbeddedWriter(floor.book._exchange).submit(late[0])
        reconciled(floor)
        assert intent_of(floor, document).state is IntentState.ACKED


@pytest.mark.parametrize(
    ("error", "state", "halted", "posts"),
    [
        (OrderRejected(403, 40310000, "insufficient buying power"), IntentState.REJECTED, False, 1),
        (NotSent("connection refused"), IntentState.NOT_SENT, False, 3),
        (KeyRefused("the paper account does not accept the key"), IntentState.REJECTED, True, 1),
        (ClientIdConflict("another order has our id"), IntentState.REJECTED, True, 1),
    ],
    ids=["rejected", "not sent", "key refused", "id conflict"],
)
def test_when_the_broker_refuses_then_the_intent_ends_and_only_what_is_alarming_halts(
    tmp_path: Path, error: Exception, state: IntentState, halted: bool, posts: int
) -> None:
    with floor_with(tmp_path, raising(error)) as (floor, writer):
        document = run_cycle(floor, SYMBOLS)
        assert (document["outcome"], document["orders"]) == ("degraded", [])
        assert intent_of(floor, document).state is state
        assert (floor.hand.watch.standing().state is TradingState.HALTED) is halted
        assert writer.submitted == posts


def test_when_the_broker_is_silent_before_anything_was_sent_then_there_is_no_intent(tmp_path: Path) -> None:
    class Deaf:
        """A gated broker whose facts cannot be read."""

        def place(self, *_: object) -> Order:
            raise BrokerUnavailable("no answer")

        protect = cancel = place

    with open_floor(settings(tmp_path), parts()) as floor:
        deaf = replace(floor, hand=replace(floor.hand, broker=Deaf()))
        document = run_cycle(deaf, SYMBOLS)
        assert document["outcome"] == "degraded"
        assert floor.hand.ledger.intents.of_cycle(document["cycle_id"]) == []


def test_when_a_stop_vanishes_then_the_next_cycle_puts_it_back_where_it_stood(tmp_path: Path) -> None:
    cycle(tmp_path, symbols=SYMBOLS)
    with open_floor(settings(tmp_path), parts()) as floor:
        (stop,) = floor.book.working_orders()
        EmbeddedWriter(floor.book._exchange).cancel(stop.client_order_id)
    cycle(tmp_path, symbols=SYMBOLS)
    with open_floor(settings(tmp_path), parts()) as floor:
        (restored,) = floor.book.working_orders()
    assert (restored.stop_price, restored.qty) == (stop.stop_price, stop.qty)
    assert restored.client_order_id == "perun-protect-AAPL-1-20090602T2000Z"


class Seller:
    """A mind that wants to be out of everything it holds."""

    name = "seller"

    def reply(self, question: Question) -> Reply:
        reply = Baseline().reply(question)
        return replace(reply, text=reply.text.replace('"HOLD"', '"SELL"')) if question.role == "trader" else reply


def test_when_an_exit_is_refused_after_its_stop_was_freed_then_the_stop_is_back_before_the_market_goes_on(
    tmp_path: Path,
) -> None:
    def no_exits(writer: EmbeddedWriter, order: ClearedOrder) -> Order:
        if order.terms.client_order_id.endswith("-exit-1"):
            raise OrderRejected(403, 40310000, "not today")
        return writer.submit(order)

    cycle(tmp_path, symbols=SYMBOLS)
    with floor_with(tmp_path, no_exits) as (floor, _):
        document = run_cycle(replace(floor, minds=dict.fromkeys(ROSTER, Seller())), SYMBOLS)
        assert document["outcome"] == "degraded"
        (stop,) = floor.book.working_orders()
        assert stop.client_order_id.startswith("perun-protect-AAPL-1-")
        assert document["as_of"] == f"{stop.submitted_at:%Y-%m-%dT%H:%M:%SZ}", "the session was played after that"


def test_when_a_reconciliation_runs_twice_then_the_second_changes_nothing(tmp_path: Path) -> None:
    cycle(tmp_path)
    with open_floor(settings(tmp_path), parts()) as floor:
        reconciled(floor)
        before = floor.hand.ledger.events.read(f"desk:{floor.account}")
        found = reconciled(floor).document()
        assert floor.hand.ledger.events.read(f"desk:{floor.account}") == before
        assert found == {
            "schema": "perun.reconcile/1", "clean": True, "resolved": [], "in_doubt": [], "adjusted": [],
            "external": [], "protected": [], "trimmed": [], "exited": [], "unprotected": [],
        }  # fmt: skip
        assert [(each.symbol, each.amount) for each in floor.hand.ledger.adjustments.all(floor.account)] == [
            ("", 100000)
        ]
