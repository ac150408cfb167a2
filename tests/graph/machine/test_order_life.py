"""Whatever happens to orders, and in whatever order, ledger and exchange agree on what the desk did."""

import tempfile
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

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
from perun.tools.brokerage.embedded.replacing import Change
from perun.tools.domain.errors import OrderRejected
from perun.tools.domain.money import CENT
from perun.tools.domain.orders import Leg, Order, Side
from perun.tools.domain.standing import TradingState
from perun.tools.risk.facts import unguarded
from support.exchange import buy, pass_session, sell, ticket
from support.lossy_desk import SYMBOLS, LossyDesk, Wish
from support.mishaps import Mishap

TRIES = 3
"""How often an order may be handed in that is known not to have left."""
MUST_HAPPEN = {
    *(f"an order is {status}" for status in ("filled", "filled in part", "canceled", "expired", "replaced")),
    *("ACTIVE: buy", "ACTIVE: sell", "REDUCING: sell", "a request arrived late"),
    *(f"reconciliation: {what}" for what in ("resolved", "in_doubt", "adjusted", "protected", "exited", "unprotected")),
}
"""What the long run must have met, else its invariants say nothing of it. Stops while HALTED come in most runs only."""


class OrderLife(RuleBasedStateMachine):
    """A desk and an exchange, a wire that loses things, and people who meddle with both ends."""

    wishes: Bundle[Wish] = Bundle("wishes")
    slots = st.integers(0, 6)
    symbols = st.sampled_from(SYMBOLS)
    legs = st.sampled_from([Leg.ENTRY, Leg.EXIT])
    mishaps = st.sampled_from([*[Mishap.NONE] * 16, *[Mishap.REQUEST_LOST] * 2, *[Mishap.LATE] * 3, *Mishap])

    seen: ClassVar[Counter[str]] = Counter()
    """What happened in all examples together."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.desk = LossyDesk(Path(self.place.name), partial_fill_percent=40)
        self.strangers = 0
        self.meddled: set[str] = set()
        """Symbols in which somebody else traded."""

    def teardown(self) -> None:
        self.seen.update(self.desk.seen)
        orders = self.desk.book.orders()
        self.seen.update(f"an order is {order.status}" for order in orders)
        self.seen.update("an order is filled in part" for order in orders if 0 < order.filled_qty < order.qty)
        self.desk.close()
        self.place.cleanup()

    @initialize(bought=st.sets(symbols), sessions=st.integers(1, 4))
    def start_with_positions(self, bought: set[str], sessions: int) -> None:
        for symbol in sorted(bought):
            self.desk.ask_for(Wish(-1, symbol, Leg.ENTRY))
        for _ in range(sessions):
            pass_session(self.desk.exchange)

    @rule(target=wishes, slot=slots, symbol=symbols, leg=legs, mishap=mishaps)
    def propose(self, slot: int, symbol: str, leg: Leg, mishap: Mishap) -> Wish:
        wish = Wish(slot, symbol, leg)
        self.desk.ask_for(wish, mishap)
        return wish

    @rule(slot=slots, symbol=symbols, leg=legs, look=st.integers(1, 3))
    def halt_while_it_is_sent(self, slot: int, symbol: str, leg: Leg, look: int) -> None:
        self.desk.ask_for(Wish(slot, symbol, leg), halt_at_look=look)
        self.resume()

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

    @rule(number=st.integers(0, 9), mishap=st.sampled_from([*[Mishap.REJECTED_AT_FIRST] * 6, *Mishap]))
    def lose_a_stop_and_reconcile(self, number: int, mishap: Mishap) -> None:
        self.cancel_by_hand(number, stops_only=True)
        self.reconcile(minute=False, mishap=mishap)

    @precondition(lambda self: self.desk.has_another_session)
    @rule(symbol=symbols, qty=st.integers(1, 30), side=st.sampled_from([buy, sell]))
    def trade_by_hand(self, symbol: str, qty: int, side: Any) -> None:
        self.strangers += 1
        self.meddled.add(symbol)
        with suppress(OrderRejected):
            self.desk.exchange.take_ticket(ticket(side(qty, symbol, id=f"hand-{self.strangers}")))

    @rule(number=st.integers(0, 9), cents=st.integers(-300, 300).filter(bool))
    def replace_by_hand(self, number: int, cents: int) -> None:
        stops = [each for each in self.desk.book.working_orders() if each.stop_price is not None]
        if stops:
            self.strangers += 1
            stop = stops[number % len(stops)]
            self.meddled.add(stop.symbol)
            change = Change(client_order_id=f"hand-{self.strangers}", stop_price=_moved(stop, cents))
            with suppress(OrderRejected):
                self.desk.exchange.replace_order(stop.broker_order_id, change)

    @rule(symbol=symbols)
    def stop_trading(self, symbol: str) -> None:
        self.desk.stop_trading_in(symbol)

    @rule()
    def suspend_the_account_or_free_it(self) -> None:
        self.desk.exchange.suspend(not self.desk.is_suspended)

    @precondition(lambda self: self.desk.on_their_way and self.desk.has_another_session)
    @rule()
    def deliver_what_is_late(self) -> None:
        self.desk.deliver()

    @precondition(lambda self: self.desk.has_another_session)
    @rule(slot=slots, symbol=symbols, leg=legs, arrives=st.booleans())
    def send_what_nobody_waits_for(self, slot: int, symbol: str, leg: Leg, arrives: bool) -> None:
        self.desk.ask_for(Wish(slot, symbol, leg), Mishap.DIES_LATE)
        self.reconcile(minute=False, mishap=Mishap.NONE)
        if arrives:
            self.desk.deliver()
        self.reconcile(minute=True, mishap=Mishap.NONE)

    @precondition(lambda self: self.desk.book.positions())
    @rule(slot=slots, symbol=symbols, number=st.integers(0, 9))
    def wish_while_reducing(self, slot: int, symbol: str, number: int) -> None:
        self.desk.tighten(TradingState.REDUCING)
        held = [position.symbol for position in self.desk.book.positions()]
        self.desk.ask_for(Wish(slot, symbol, Leg.ENTRY))
        self.desk.ask_for(Wish(slot, held[number % len(held)], Leg.EXIT))

    @precondition(lambda self: self.desk.watch.standing().state is not TradingState.ACTIVE)
    @rule()
    def resume(self) -> None:
        self.desk.halt_file.unlink(missing_ok=True)
        if not self.desk.watch.doubts():
            self.desk.ledger.latches.resume(self.desk.account, "a person said so", "a test", self.desk.now())

    @precondition(lambda self: self.desk.watch.doubts())
    @rule()
    def wait_until_doubts_are_old(self) -> None:
        self.desk.wait(OLD + timedelta(seconds=1))

    @rule(minute=st.booleans(), mishap=mishaps)
    def reconcile(self, minute: bool, mishap: Mishap) -> None:
        desk = self.desk
        desk.wait(PATIENCE if minute else timedelta(0))
        with desk.going_wrong(mishap):
            desk.reconcile()
        found = desk.reconcile()
        self.check_agreement()
        self.check_protection([*found.unprotected, *found.in_doubt])
        before = self.everything()
        desk.reconcile()
        assert self.everything() == before, "twice is once"

    def check_agreement(self) -> None:
        desk = self.desk
        assert set(desk.ledger.books.fills(desk.account)) == set(desk.book.fills())
        states = {each.state for each in desk.ledger.intents.open_intents(desk.account)}
        assert IntentState.SUBMITTING not in states, "what a dead process left is settled"

    def check_protection(self, told: list[str]) -> None:
        """Shares without a stop are told of, and there are none where nobody stood in the desk's way."""
        desk, portfolio = self.desk, self.desk.book.portfolio()
        active = desk.watch.standing().state is TradingState.ACTIVE
        free = active and desk.has_another_session and not desk.is_suspended
        for position in portfolio.positions:
            symbol = position.symbol
            if unguarded(portfolio, symbol) > 0:
                assert any(symbol in line for line in told), f"nobody says that {symbol} is without a stop"
                assert not free or symbol in {*desk.turned_away, *self.meddled} or self.in_doubt(symbol)

    def in_doubt(self, symbol: str) -> bool:
        return self.desk.watch.standing().doubts_about(symbol)

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
    def nothing_that_may_stand_is_sent_again_and_a_slot_has_one_order_a_leg(self) -> None:
        asked = Counter(each.terms.client_order_id for each in self.desk.sent if each.may_stand)
        tries = Counter(each.terms.client_order_id for each in self.desk.sent)
        assert max(asked.values(), default=0) <= 1
        assert max(tries.values(), default=0) <= TRIES
        stands = {order.client_order_id for order in self.desk.book.orders()}
        wishes = [each.wish for each in self.desk.accepted if each.wish and each.terms.client_order_id in stands]
        assert len(set(wishes)) == len(wishes)

    @invariant()
    def what_may_still_come_is_not_given_up(self) -> None:
        for id_ in self.desk.on_their_way:
            intent = self.desk.ledger.intents.get(self.desk.account, id_)
            assert intent is not None
            assert not intent.state.is_terminal

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


def _moved(stop: Order, cents: int) -> Decimal:
    assert stop.stop_price is not None
    return max(CENT, stop.stop_price + cents * CENT)


def _is_stop_of_ours(order: Order) -> bool:
    return order.stop_price is not None and (order.parent or order.client_order_id).startswith(OURS)


def play(examples: int, steps: int, **more: Any) -> Counter[str]:
    """Let so many desks live for so many steps; what happened to them."""
    OrderLife.seen.clear()
    terms = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    run_state_machine_as_test(OrderLife, settings=terms)
    return OrderLife.seen


@pytest.mark.timeout(600)  # a failure takes minutes to be told in few steps
def test_when_orders_live_through_anything_then_ledger_and_exchange_agree() -> None:
    play(examples=15, steps=20)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_when_many_orders_live_long_then_ledger_and_exchange_agree_and_nothing_was_left_out() -> None:
    seen = play(examples=120, steps=40)
    print(f"what happened: {dict(seen.most_common())}")
    assert {what for what in MUST_HAPPEN if not seen[what]} == set()
