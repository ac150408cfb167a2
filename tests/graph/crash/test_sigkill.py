"""A desk killed at a named point: its next process finds one order for each leg, and both sets of books agree.

Every process here is a real one on the real floor, and every kill is a SIGKILL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.orders import Order
from support.killing import KILLED, Cut, MortalDesk, Wish

MakeDesk = Callable[..., MortalDesk]

BUY = {"AAPL": Wish("BUY", 80), "IBM": Wish("BUY", 70)}
SELL = {"AAPL": Wish("SELL", 80), "IBM": Wish("SELL", 70)}
OTHERWISE = {"AAPL": Wish("BUY", 95, keep_percent=90), "IBM": Wish("SELL", 90), "MSFT": Wish("BUY", 99)}
"""What the mind wants when it is asked once more: more of the one, the contrary of the other, and a third."""
AFTER_THE_STOP = Cut("after the stop is cancelled")


@pytest.mark.parametrize(
    ("venue", "cut"),
    [
        ("embedded", Cut("after the intent")),
        ("embedded", Cut("accepted, not answered")),
        ("alpaca", Cut("on the wire", 2)),
        ("alpaca", Cut("before the writes of execute")),
    ],
    ids=str,
)
def test_when_an_entry_is_killed_and_the_mind_changes_then_its_slot_has_one_order_a_leg_and_both_books_agree(
    open_desk: MakeDesk, venue: str, cut: Cut
) -> None:
    desk = open_desk(venue)
    assert desk.run("s", BUY, cut) == KILLED
    desk.forget_checkpoints()
    assert desk.run("s", OTHERWISE) == 0
    assert desk.settle() == []
    assert {order.symbol for order in desk.books.asked_for()} <= {*BUY}, "the answers on record count"


@pytest.mark.parametrize("point", ["before the market moves", "on the wire"], ids=str)
def test_when_a_cycle_lost_its_checkpoints_after_its_orders_were_sent_then_its_result_still_names_them(
    open_desk: MakeDesk, point: str
) -> None:
    desk = open_desk("alpaca" if point == "on the wire" else "embedded")
    assert desk.run("s", BUY, Cut(point)) == KILLED
    desk.forget_checkpoints()
    desk.run("s", BUY)
    assert desk.settle() == []
    assert not desk.books.unnamed("s")


def test_when_a_mind_is_killed_before_its_answer_is_recorded_then_its_next_answer_counts_and_no_other_is_asked_again(
    open_desk: MakeDesk,
) -> None:
    desk = open_desk("embedded")
    trader = 3  # after two analysts
    assert desk.run("s", BUY, Cut("before an answer is recorded", trader)) == KILLED
    assert desk.run("s", {"AAPL": Wish("HOLD"), "IBM": Wish("BUY")}) == 0
    assert desk.settle() == []
    assert [order.symbol for order in desk.books.asked_for()] == ["IBM"]


@pytest.mark.parametrize("venue", ["embedded", "alpaca"])
def test_when_an_exit_is_killed_between_stop_and_sale_and_its_recovery_too_then_what_is_held_has_its_stop_back(
    open_desk: MakeDesk, venue: str
) -> None:
    desk = open_desk(venue)
    assert desk.run("in", BUY) == 0
    assert desk.run("out", SELL, AFTER_THE_STOP) == KILLED
    assert desk.run("out", OTHERWISE, Cut("accepted, not answered")) == KILLED
    assert desk.run("out", OTHERWISE) == 0
    assert desk.settle() == []


def test_when_a_process_is_killed_before_a_partly_filled_entry_has_its_stop_then_the_next_one_puts_it_there(
    open_desk: MakeDesk,
) -> None:
    desk = open_desk("embedded", partial_fill_percent=100)
    assert desk.run("s", BUY, Cut("before a stop is put back")) == KILLED
    assert desk.run("s", BUY) == 0
    assert desk.settle() == []
    assert all(order.filled_qty < order.qty for order in desk.books.asked_for())


def test_when_the_command_line_is_killed_before_the_answer_then_the_same_command_finds_its_order(
    open_desk: MakeDesk,
) -> None:
    desk, command = open_desk("embedded"), ("run", "--symbols", "AAPL,IBM", "--slot", "s", "--json")
    assert desk.perun(*command, slot="s", cut=Cut("accepted, not answered")) == KILLED
    assert desk.perun(*command, slot="s") == 0
    assert desk.settle() == []
    assert [order.client_order_id for order in desk.books.asked_for("AAPL")] == ["perun-embedded-s-AAPL-entry-1"]


def test_when_a_request_comes_to_the_broker_after_the_restart_then_its_symbol_was_locked_meanwhile(
    open_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk("alpaca")
    with held_back(monkeypatch):
        assert desk.run("s", BUY, Cut("on the wire")) == KILLED
        assert desk.run("s", BUY) == 0
        assert desk.run("later", BUY) == 0
    assert [order.client_order_id for order in desk.books.asked_for("AAPL")] == ["perun-alpaca-paper-s-AAPL-entry-1"]
    assert desk.settle() == []


@contextmanager
def held_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The served exchange takes the first order that comes only when the block ends; others it takes at once."""
    honest, let_go, taken, came = Exchange.take_ticket, Event(), Event(), Event()

    def late(exchange: Exchange, ticket: Ticket) -> Order:
        if came.is_set():
            return honest(exchange, ticket)
        came.set()
        let_go.wait(60)
        try:
            return honest(exchange, ticket)
        finally:
            taken.set()

    monkeypatch.setattr(Exchange, "take_ticket", late)
    try:
        yield
    finally:
        let_go.set()
    assert taken.wait(60)
