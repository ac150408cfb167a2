"""Whatever happens to orders, and in whatever order, ledger and exchange agree on what the desk did."""

import tempfile
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from perun.graph.bookkeeping import OURS
from perun.graph.ledger.intents import IntentState
from perun.graph.reconciling import PATIENCE
from perun.graph.watch import OLD
from perun.tools.domain.errors import OrderRejected
from perun.tools.domain.orders import Leg, Order, Side
from perun.tools.domain.standing import TradingState
from perun.tools.risk.facts import unguarded
from support.exchange import buy, pass_session, sell, ticket
from support.lossy_desk import SYMBOLS, LossyDesk, Mishap, Wish


class OrderLife(RuleBasedStateMachine):
    """A desk and an exchange, a wire that loses things, and people who meddle with both ends."""

    wishes: Bundle[Wish] = Bundle("wishes")
    slots = st.integers(0, 2)
    symbols = st.sampled_from(SYMBOLS)
    legs = st.sampled_from([Leg.ENTRY, Leg.EXIT])
    mishaps = st.sampled_from([*[Mishap.NONE] * 6, *[Mishap.REQUEST_LOST] * 3, *Mishap])
    looks = st.sampled_from([*[0] * 20, 1, 2, 3])

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.desk = LossyDesk(Path(self.place.name), partial_fill_percent=40)
        self.strangers = 0

    def teardown(self) -> None:
        self.desk.close()
        self.place.cleanup()

    @initialize(bought=st.sets(symbols), sessions=st.integers(1, 4))
    def start_with_positions(self, bought: set[str], sessions: int) -> None:
        for symbol in sorted(bought):
            self.desk.ask_for(Wish(-1, symbol, Leg.ENTRY))
        for _ in range(sessions):
            pass_session(self.desk.exchange)

    @rule(target=wishes, slot=slots, symbol=symbols, leg=legs, mishap=mishaps, look=looks)
    def propose(self, slot: int, symbol: str, leg: Leg, mishap: Mishap, look: int) -> Wish:
        wish = Wish(slot, symbol, leg)
        self.desk.ask_for(wish, mishap, look)
        return wish

    @rule(wish=wishes, mishap=mishaps)
    def run_the_same_slot_again(self, wish: Wish, mishap: Mishap) -> None:
        self.desk.ask_for(wish, mishap)

    @precondition(lambda self: self.desk.has_another_session)
    @rule(slot=slots, symbol=symbols, leg=legs, mishap=mishaps)
    def run_a_cycle_that_was_interrupted(self, slot: int, symbol: str, leg: Leg, mishap: Mishap) -> None:
        self.desk.ask_for(Wish(slot, symbol, leg), mishap)
        self.desk.ask_for(Wish(slot, symbol, leg))
        pass_session(self.desk.exchange)
        self.reconcile(minute=False, mishap=Mishap.NONE)

    @precondition(lambda self: self.desk.has_another_session)
    @rule()
    def pass_a_session(self) -> None:
        pass_session(self.desk.exchange)

    @rule(number=st.integers(0, 9), stops_only=st.booleans())
    def cancel_by_hand(self, number: int, stops_only: bool) -> None:
        working = [each for each in self.desk.book.working_orders() if _is_stop_of_ours(each) or not stops_only]
        if working:
            self.desk.exchange.cancel(working[number % len(working)].client_order_id)

    @rule(symbol=symbols, qty=st.integers(1, 30), side=st.sampled_from([buy, sell]))
    def trade_by_hand(self, symbol: str, qty: int, side: Any) -> None:
        self.strangers += 1
        with suppress(OrderRejected):
            self.desk.exchange.take_ticket(ticket(side(qty, symbol, id=f"hand-{self.strangers}")))

    @rule()
    def restart(self) -> None:
        self.desk.restart()

    @rule(by_file=st.booleans())
    def halt(self, by_file: bool) -> None:
        if by_file:
            self.desk.halt_file.touch()
        else:
            self.desk.halt()

    @precondition(lambda self: self.desk.watch.standing().state is TradingState.HALTED)
    @rule()
    def resume(self) -> None:
        self.desk.halt_file.unlink(missing_ok=True)
        if not self.desk.watch.doubts():
            self.desk.ledger.latches.resume(self.desk.account, "a person said so", "a test", self.desk.now())

    @rule()
    def wait_until_doubts_are_old(self) -> None:
        self.desk.wait(OLD + timedelta(seconds=1))

    @rule(minute=st.booleans(), mishap=mishaps)
    def reconcile(self, minute: bool, mishap: Mishap) -> None:
        desk = self.desk
        desk.wait(PATIENCE if minute else timedelta(0))
        desk.turned_away.clear()
        with desk.going_wrong(mishap):
            desk.reconcile()
            self.check_agreement()
            self.check_protection()
            if not desk.turned_away:  # a stop that was turned away is tried again each time
                desk.mishap = Mishap.NONE
                before = self.everything()
                desk.reconcile()
                assert self.everything() == before, "twice is once"

    def check_agreement(self) -> None:
        desk = self.desk
        assert set(desk.ledger.books.fills(desk.account)) == set(desk.book.fills())
        states = {each.state for each in desk.ledger.intents.open_intents(desk.account)}
        assert IntentState.SUBMITTING not in states, "what a dead process left is settled"

    def check_protection(self) -> None:
        """Only shares for which we never had a stop, which are in doubt, or whose stop was refused, may be without."""
        portfolio, standing = self.desk.book.portfolio(), self.desk.watch.standing()
        known = {order.symbol for order in self.desk.book.orders() if _is_stop_of_ours(order)}
        for symbol in known.difference(self.desk.turned_away):
            assert unguarded(portfolio, symbol) == 0 or standing.doubts_about(symbol), f"{symbol} is without a stop"

    def everything(self) -> list[Any]:
        ledger, account, book = self.desk.ledger, self.desk.account, self.desk.book
        records = [ledger.events.read(self.desk.name), ledger.intents.with_prefix(account, OURS)]
        ours = [ledger.books.orders(account), ledger.books.fills(account), ledger.adjustments.all(account)]
        return [*records, *ours, book.orders(), book.fills()]

    @invariant()
    def positions_are_the_sum_of_fills(self) -> None:
        held: Counter[str] = Counter()
        for fill in self.desk.book.fills():
            held[fill.symbol] += int(fill.qty if fill.side is Side.BUY else -fill.qty)
        assert {each.symbol: each.qty for each in self.desk.book.positions()} == {s: q for s, q in held.items() if q}

    @invariant()
    def the_ledger_books_no_fill_that_the_exchange_does_not_know(self) -> None:
        assert set(self.desk.ledger.books.fills(self.desk.account)) <= set(self.desk.book.fills())

    @invariant()
    def nothing_is_sent_twice_and_a_slot_has_one_order_a_leg(self) -> None:
        assert len({each.terms.client_order_id for each in self.desk.sent}) == len(self.desk.sent)
        wishes = [each.wish for each in self.desk.accepted if each.wish]
        assert len(set(wishes)) == len(wishes)

    @invariant()
    def a_halted_desk_sends_protection_alone_and_a_reducing_one_only_sells(self) -> None:
        for each in self.desk.sent:
            assert each.state is not TradingState.HALTED or each.is_protection
            assert each.state is TradingState.ACTIVE or each.terms.side is Side.SELL

    @invariant()
    def every_order_of_ours_has_its_intent(self) -> None:
        for order in self.desk.book.orders():
            if order.client_order_id.startswith(OURS) and order.parent is None:
                intent = self.desk.ledger.intents.get(self.desk.account, order.client_order_id)
                assert intent is not None
                assert (intent.symbol, intent.terms.qty) == (order.symbol, order.qty)


def _is_stop_of_ours(order: Order) -> bool:
    return order.stop_price is not None and (order.parent or order.client_order_id).startswith(OURS)


def play(examples: int, steps: int) -> None:
    terms = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(OrderLife, settings=terms)


@pytest.mark.timeout(600)  # a failure takes minutes to be told in few steps
def test_when_orders_live_through_anything_then_ledger_and_exchange_agree() -> None:
    play(examples=25, steps=20)
