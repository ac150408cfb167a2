"""The last step before the wire, on a real exchange: fresh facts, the gate, the journal, and only then an order."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.brokerage.observing import ATR_SESSIONS
from perun.tools.domain.errors import LedgerUnavailable, NotSent, OrderRejected
from perun.tools.domain.orders import Order, OrderStatus, Side
from perun.tools.domain.standing import ACTIVE
from perun.tools.market.recorded import RecordedMarket
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Denied, Proposal
from support.exchange import FREE, exchange_at, pass_session
from support.gate import breaches_of, exit_, limits, percent
from support.gate import entry as wished
from support.hands import Notes, PonderingHand, SilentBook, SlowHand, TornNotes
from support.market import FIRST_DAY, made_market, made_session, weekdays

QUIET = (100, 101, 99, 100)
"""A session whose true range is 2, so that the plain stop stands 4 below the price."""
FALL = (100, 100, 90, 95)
BEFORE = [QUIET] * (ATR_SESSIONS + 1)

DECIDED = made_session(weekdays(FIRST_DAY, ATR_SESSIONS + 1)[-1]).closes
"""When the exchange opens its account: all is decided on what was known then."""

TEN = {"max_order_notional": Decimal(1040)}
"""Ten shares at 100 and the collar."""


def entry(symbol: str = "AAPL", **more: Any) -> Proposal:
    """A BUY, decided when the account was opened."""
    return wished(symbol, decided_at=DECIDED, **more)


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    """AAPL falls through any stop in the second session to come; IBM stands; the recording ends two sessions later."""
    rows = {"AAPL": [*BEFORE, QUIET, FALL, QUIET, QUIET], "IBM": [*BEFORE, QUIET, QUIET, QUIET, QUIET]}
    return made_market(tmp_path / "market", rows)


@pytest.fixture
def exchange(tmp_path: Path, market: RecordedMarket) -> Iterator[Exchange]:
    with exchange_at(tmp_path, market, start=market.sessions()[ATR_SESSIONS].day, **FREE) as opened:
        yield opened


@pytest.fixture
def notes(exchange: Exchange) -> Notes:
    return Notes(exchange)


def gated(exchange: Exchange, market: RecordedMarket, **lines: Any) -> GatedBroker:
    return GatedBroker(EmbeddedBook(exchange), EmbeddedWriter(exchange), market, limits(**lines), lambda: ACTIVE)


@pytest.fixture
def broker(exchange: Exchange, market: RecordedMarket) -> GatedBroker:
    return gated(exchange, market, **TEN)


def placed(broker: GatedBroker, proposal: Proposal, notes: Notes) -> Order:
    order = broker.place(proposal, notes)
    assert isinstance(order, Order), breaches_of(order)
    return order


def status(exchange: Exchange, client_order_id: str) -> OrderStatus | None:
    order = exchange.order(client_order_id)
    return order and order.status


def held(exchange: Exchange, symbol: str = "AAPL") -> Decimal:
    return EmbeddedBook(exchange).portfolio().held(symbol)


@pytest.fixture
def ten_shares(exchange: Exchange, broker: GatedBroker, notes: Notes) -> None:
    """Ten AAPL, bought in the session before now, with their stop at 96."""
    placed(broker, entry(id="entry"), notes)
    pass_session(exchange)
    notes.intents.clear()
    notes.orders_then.clear()
    assert (held(exchange), status(exchange, "entry-stop")) == (10, OrderStatus.NEW)


def test_when_an_entry_is_cleared_then_it_is_sent_with_its_stop_and_its_journal_came_first(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    order = placed(broker, entry(id="entry"), notes)
    assert (order.side, order.qty, order.client_order_id) == (Side.BUY, 10, "entry")
    assert [each.client_order_id for each in exchange.orders()] == ["entry", "entry-stop"]
    assert [(each.client_order_id, each.qty, each.stop_loss) for each in notes.intents] == [("entry", 10, 96)]
    assert notes.orders_then == [()]


def test_when_the_journal_cannot_be_written_then_there_is_no_order(exchange: Exchange, broker: GatedBroker) -> None:
    with pytest.raises(LedgerUnavailable):
        broker.place(entry(), TornNotes())
    assert exchange.orders() == ()


@pytest.mark.usefixtures("ten_shares")
def test_when_the_journal_of_an_exit_cannot_be_written_then_nothing_is_sold(
    exchange: Exchange, broker: GatedBroker
) -> None:
    with pytest.raises(LedgerUnavailable):
        broker.place(exit_(id="exit"), TornNotes())
    assert exchange.order("exit") is None
    assert held(exchange) == 10


def test_when_an_entry_is_denied_then_nothing_is_written_and_nothing_is_sent(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    denied = gated(exchange, market, restricted=("AAPL",)).place(entry(), notes)
    assert isinstance(denied, Denied)
    assert breaches_of(denied) == {Code.RESTRICTED_SYMBOL}
    assert (notes.intents, exchange.orders()) == ([], ())


def test_when_the_account_changed_since_the_plan_then_the_entry_shrinks_to_the_room_that_is_left(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    """Ten were planned twice; the second finds the first on its way, and room for five more in the symbol."""
    broker = gated(exchange, market, max_position=percent("1.53"), **TEN)
    placed(broker, entry(id="first", ceiling=10), notes)
    assert placed(broker, entry(id="second", ceiling=10), notes).qty == 5


def test_when_more_room_has_come_since_the_plan_then_the_ceiling_still_holds(broker: GatedBroker, notes: Notes) -> None:
    assert placed(broker, entry(ceiling=4), notes).qty == 4


def test_when_an_entry_waits_for_its_session_then_its_held_stop_takes_no_room_from_the_next(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    """Two entries of one batch, with room for exactly both: the wire must not count the first one's stop as well."""
    broker = gated(exchange, market, max_gross_exposure=percent("2.08"), **TEN)
    assert placed(broker, entry("AAPL", ceiling=10), notes).qty == 10
    assert placed(broker, entry("IBM", ceiling=10), notes).qty == 10


@pytest.mark.usefixtures("ten_shares")
def test_when_an_exit_is_cleared_then_its_intent_is_durable_before_the_stop_goes_and_the_shares_are_sold(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    assert placed(broker, exit_(id="exit"), notes).qty == 10
    (then,) = notes.orders_then
    assert [(each.client_order_id, each.status) for each in then] == [
        ("entry", OrderStatus.FILLED),
        ("entry-stop", OrderStatus.NEW),
    ]
    assert status(exchange, "entry-stop") is OrderStatus.CANCELED
    pass_session(exchange)
    assert (status(exchange, "exit"), held(exchange)) == (OrderStatus.FILLED, 0)


@pytest.mark.usefixtures("ten_shares")
def test_when_an_exit_is_denied_then_the_stop_stays_in_its_place(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    denied = gated(exchange, market, min_confidence=0.6).place(exit_(confidence=0.5), notes)
    assert isinstance(denied, Denied)
    assert breaches_of(denied) == {Code.MIN_CONFIDENCE}
    assert (status(exchange, "entry-stop"), notes.intents) == (OrderStatus.NEW, [])


def test_when_the_market_has_closed_then_the_exit_is_denied_and_the_stop_stays(tmp_path: Path, notes: Notes) -> None:
    market = made_market(tmp_path / "short", {"AAPL": [*BEFORE, QUIET]})
    with exchange_at(tmp_path / "short", market, start=market.sessions()[ATR_SESSIONS].day, **FREE) as exchange:
        broker = gated(exchange, market, **TEN)
        placed(broker, entry(id="entry"), notes)
        pass_session(exchange)
        denied = broker.place(exit_(), notes)
        assert isinstance(denied, Denied)
        assert breaches_of(denied) == {Code.MARKET_OPEN}
        assert status(exchange, "entry-stop") is OrderStatus.NEW


@pytest.mark.usefixtures("ten_shares")
def test_when_the_stop_sold_the_shares_since_the_plan_then_the_exit_is_denied(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    pass_session(exchange)
    assert status(exchange, "entry-stop") is OrderStatus.FILLED
    denied = broker.place(exit_(ceiling=10), notes)
    assert isinstance(denied, Denied)
    assert breaches_of(denied) == {Code.NO_SHORT_SELLING}
    assert notes.intents == []


@pytest.mark.usefixtures("ten_shares")
def test_when_the_stop_sells_while_it_is_being_cancelled_then_the_second_look_denies_the_exit(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    broker = GatedBroker(EmbeddedBook(exchange), SlowHand(exchange), market, limits(), lambda: ACTIVE)
    denied = broker.place(exit_(), notes)
    assert isinstance(denied, Denied)
    assert breaches_of(denied) == {Code.NO_SHORT_SELLING}
    assert EmbeddedBook(exchange).order("AAPL-sell") is None


@pytest.mark.usefixtures("ten_shares")
def test_when_more_of_it_was_just_ordered_then_an_exit_ends_that_entry_too(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    placed(broker, entry(id="more"), notes)
    assert placed(broker, exit_(id="exit"), notes).qty == 10
    assert (status(exchange, "more"), status(exchange, "more-stop")) == (OrderStatus.CANCELED, OrderStatus.CANCELED)


@pytest.mark.usefixtures("ten_shares")
def test_when_an_exit_works_already_then_the_same_shares_are_not_sold_again(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    placed(broker, exit_(id="exit"), notes)
    denied = broker.place(exit_(id="again"), notes)
    assert isinstance(denied, Denied)
    assert breaches_of(denied) == {Code.NO_SHORT_SELLING}


@pytest.mark.usefixtures("ten_shares")
def test_when_one_symbol_is_sold_then_the_stop_of_another_stays(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    placed(broker, entry("IBM", id="other"), notes)
    placed(broker, exit_(), notes)
    assert status(exchange, "other-stop") is OrderStatus.HELD


def test_when_the_broker_refuses_for_good_then_the_refusal_comes_after_the_journal(
    exchange: Exchange, broker: GatedBroker, notes: Notes
) -> None:
    placed(broker, entry(id="taken"), notes)
    with pytest.raises(OrderRejected, match="must be unique"):
        broker.place(entry("IBM", id="taken"), notes)
    assert [each.symbol for each in notes.intents] == ["AAPL", "IBM"]
    assert len(exchange.orders()) == 2


@pytest.mark.usefixtures("ten_shares")
@pytest.mark.parametrize("asked", [entry(id="next"), exit_(id="next")], ids=["entry", "exit"])
def test_when_the_broker_does_not_tell_the_portfolio_then_nothing_is_sent_written_or_cancelled(
    exchange: Exchange, market: RecordedMarket, notes: Notes, asked: Proposal
) -> None:
    broker = GatedBroker(SilentBook(exchange), EmbeddedWriter(exchange), market, limits(), lambda: ACTIVE)
    with pytest.raises(NotSent):
        broker.place(asked, notes)
    assert (exchange.order("next"), notes.intents) == (None, [])
    assert status(exchange, "entry-stop") is OrderStatus.NEW


@pytest.mark.usefixtures("ten_shares")
def test_when_the_stop_is_still_being_cancelled_then_the_exit_is_not_sent_yet_and_goes_at_the_next_try(
    exchange: Exchange, market: RecordedMarket, notes: Notes
) -> None:
    broker = GatedBroker(EmbeddedBook(exchange), PonderingHand(exchange), market, limits(), lambda: ACTIVE)
    with pytest.raises(NotSent, match="still held by a stop that is being cancelled"):
        broker.place(exit_(id="exit"), notes)
    assert exchange.order("exit") is None
    assert placed(broker, exit_(id="exit"), notes).qty == 10
