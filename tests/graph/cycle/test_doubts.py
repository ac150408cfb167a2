"""Orders of which nobody knows whether they reached the broker: how long, what is locked meanwhile, who is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.wiring import open_floor
from perun.graph.cycle import Floor, run_cycle
from perun.graph.ledger.intents import IntentState
from perun.graph.reconciling import PATIENCE
from perun.graph.submission import Submission
from perun.graph.watch import OLD, Watch
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import BrokerUnavailable, SubmitUnclear
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.orders import ClearedOrder, Leg, Order
from perun.tools.domain.standing import TradingState
from perun.tools.risk.gate import Denied
from support.counter import QUIET, Counter
from support.exchange import buy, ticket
from support.floor import parts, settings
from support.gate import breaches_of, entry


def left_behind(counter: Counter, id: str = "perun-lost") -> None:
    """A process wrote the intent and died before it knew of an answer."""
    terms, state = buy(10, id=id, stop_loss="96"), IntentState.SUBMITTING
    counter.ledger.intents.write(counter.account, "cycle:1", terms, Leg.ENTRY, 1, state, counter.now())


def state_of(counter: Counter, id: str = "perun-lost") -> IntentState | None:
    intent = counter.desk.intent(id)
    return intent and intent.state


def asked_again(counter: Counter) -> set[str]:
    proposal = entry(id="perun-other", decided_at=counter.book.clock().now)
    answer = counter.broker.place(proposal, Submission("cycle:2", counter.desk))
    assert isinstance(answer, Denied)
    return breaches_of(answer)


def test_when_a_process_died_while_sending_then_its_order_is_in_doubt_and_the_symbol_locked(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        counter.hand.settles_at_once = False
        left_behind(counter)
        (line,) = counter.reconcile().in_doubt
        assert line == "perun-lost is not at the broker, and may still come"
        (doubt,) = counter.watch.standing().doubts
        assert (doubt.client_order_id, doubt.entering) == ("perun-lost", 10), "its worst case is reserved"
        assert "UNRESOLVED_ORDER" in asked_again(counter)
        told = [event.code for event in counter.events() if isinstance(event, ErrorNoted)]
        assert told == ["AMBIGUOUS_SUBMIT"]


def test_when_patience_ends_then_it_never_came_and_the_time_counts_from_the_writing(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        counter.hand.settles_at_once = False
        left_behind(counter)
        for _ in range(3):
            counter.sleep((PATIENCE / 4).total_seconds())
            counter.reconcile()
            assert state_of(counter) is IntentState.UNKNOWN
        counter.sleep((PATIENCE / 4).total_seconds())
        assert counter.reconcile().resolved == ["perun-lost never came to the broker"]
        assert (state_of(counter), counter.hand.sent) == (IntentState.NOT_SENT, [])


def test_when_the_order_arrives_late_then_it_is_adopted_and_there_is_no_second_one(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        counter.hand.settles_at_once = False
        left_behind(counter)
        counter.reconcile()
        counter.exchange.take_ticket(ticket(buy(10, id="perun-lost"), order_class="oto", stop_loss="96"))
        counter.reconcile()
        assert (state_of(counter), counter.watch.doubts()) == (IntentState.ACKED, [])
        assert [order.client_order_id for order in counter.book.orders()] == ["perun-lost", "perun-lost-stop"]


def test_when_nothing_can_be_on_a_wire_then_what_a_dead_process_left_is_settled_at_once(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        left_behind(counter)
        assert counter.reconcile().resolved == ["perun-lost never came to the broker"]
        assert state_of(counter) is IntentState.NOT_SENT


class ForgetfulBook(EmbeddedBook):
    """Lists every order, and knows none by its client id."""

    def order(self, client_order_id: str) -> Order | None:
        return None


def test_when_only_the_list_of_orders_shows_it_then_it_stays_in_doubt(tmp_path: Path) -> None:
    """A list that is late is no proof of absence, a list that shows it is a proof of presence."""
    with Counter(tmp_path, [QUIET] * 3, book=ForgetfulBook) as counter:
        left_behind(counter)
        counter.desk.move("perun-lost", IntentState.UNKNOWN, "no answer")
        counter.sleep(PATIENCE.total_seconds())
        counter.reconcile()
        assert state_of(counter) is IntentState.NOT_SENT
    (tmp_path / "listed").mkdir()
    with Counter(tmp_path / "listed", [QUIET] * 3, book=ForgetfulBook) as counter:
        terms = buy(10, id="perun-lost", stop_loss="96")
        left_behind(counter)
        counter.desk.move("perun-lost", IntentState.UNKNOWN, "no answer")
        counter.sleep(PATIENCE.total_seconds())
        counter.exchange.take_ticket(ticket(terms, order_class="oto", stop_loss="96"))
        counter.reconcile()
        assert state_of(counter) is IntentState.ACKED, "the books of the broker have it"


def test_when_another_order_stands_under_our_id_then_the_desk_is_halted(tmp_path: Path) -> None:
    with Counter(tmp_path, [QUIET] * 3) as counter:
        left_behind(counter)
        counter.desk.move("perun-lost", IntentState.UNKNOWN, "no answer")
        counter.exchange.take_ticket(ticket(buy(11, id="perun-lost")))
        errand = Submission("cycle:1", counter.desk)
        assert errand.look_up("perun-lost", pauses=(0.0,))
        assert state_of(counter) is IntentState.REJECTED
        standing = counter.watch.standing()
        assert standing.state is TradingState.HALTED
        assert errand.troubles == [standing.reason]
        assert "another order under perun-lost" in standing.reason


class LostRequests(EmbeddedWriter):
    """Nothing that is sent for AAPL arrives."""

    def submit(self, order: ClearedOrder) -> Order:
        if order.terms.symbol == "AAPL":
            raise SubmitUnclear("the connection broke")
        return super().submit(order)


class MuteAboutApple(EmbeddedBook):
    """Tells everything but what became of one order."""

    def order(self, client_order_id: str) -> Order | None:
        if "AAPL" in client_order_id:
            raise BrokerUnavailable("no answer to that")
        return super().order(client_order_id)


@contextmanager
def floor_at(folder: Path, now: datetime) -> Iterator[Floor]:
    """The whole desk, whose requests for AAPL are lost and can be looked up by nobody."""
    with open_floor(settings(folder), parts()) as floor:
        clock, exchange = StoppedClock(now), _exchange_of(floor)
        book, watch = MuteAboutApple(exchange), Watch(floor.hand.ledger, floor.account, folder / "HALT", clock)
        broker = GatedBroker(book, LostRequests(exchange), floor.market, floor.limits, watch.standing)
        hand = replace(floor.hand, broker=broker, watch=watch, wait=lambda seconds: None)
        yield replace(floor, book=book, hand=hand, clock=clock)


def _exchange_of(floor: Floor) -> Exchange:
    assert isinstance(floor.book, EmbeddedBook)
    return floor.book._exchange


def breaches(document: dict[str, Any]) -> set[str]:
    return {breach["code"] for verdict in document["verdicts"] for breach in verdict["breaches"]}


def test_when_an_order_is_in_doubt_for_more_than_five_minutes_then_cycles_go_on_and_only_reduce(tmp_path: Path) -> None:
    with open_floor(settings(tmp_path), parts()) as floor:
        began = floor.clock.now()
    with floor_at(tmp_path, began) as floor:
        assert run_cycle(floor, ("AAPL",), "a")["outcome"] == "degraded"
    with floor_at(tmp_path, began + OLD) as floor:
        codes = breaches(run_cycle(floor, ("AAPL",), "b"))
        assert "UNRESOLVED_ORDER" in codes
        assert "TRADING_STATE" not in codes
    with floor_at(tmp_path, began + OLD + timedelta(seconds=1)) as floor:
        codes = breaches(run_cycle(floor, ("IBM",), "c"))
        assert floor.hand.watch.standing().state is TradingState.REDUCING
    assert "TRADING_STATE" in codes, "not in another symbol either"


@pytest.mark.parametrize("looks", [1, 3])
def test_when_an_order_in_doubt_is_looked_for_again_and_again_then_its_doubt_ages_all_the_same(
    tmp_path: Path, looks: int
) -> None:
    with Counter(tmp_path, [QUIET] * 3, book=ForgetfulBook) as counter:
        left_behind(counter)
        for _ in range(looks):
            Submission("cycle:1", counter.desk).look_up("perun-lost", pauses=(0.0,))
            counter.sleep((OLD / looks).total_seconds() + 1)
        assert counter.watch.standing().state is TradingState.REDUCING
