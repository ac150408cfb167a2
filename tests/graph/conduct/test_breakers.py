"""The breakers: what latches the desk, what does not, and what ends a latch."""

from datetime import timedelta
from decimal import Decimal

import pytest

from perun.graph.breakers import measure_anew
from perun.graph.ledger.intents import IntentState
from perun.graph.ledger.latches import Kind
from perun.graph.watch import Watch
from perun.tools.domain.orders import Leg
from perun.tools.domain.standing import TradingState
from support.exchange import buy, cleared, sell
from support.gate import percent
from support.valued_desk import Opened, ValuedDesk, less

ACTIVE, REDUCING, HALTED = TradingState


def test_when_one_print_is_sixty_percent_off_then_nothing_latches_and_the_high_water_mark_stays(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15), daily_loss=percent(3), weekly_loss=percent(6))
    desk.look(40_000, minutes=5)
    assert (desk.state, desk.changes()) == (ACTIVE, [])
    mark = desk.look(100_000, minutes=5)
    assert (desk.state, mark.high_water, mark.day_start) == (ACTIVE, 100_000, 100_000)
    desk.look(100_000, minutes=5)
    assert desk.changes() == []


def test_when_a_fall_is_there_at_a_later_instant_too_then_the_drawdown_halts_the_desk(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    desk.look(84_000, minutes=5)
    desk.look(84_500, minutes=5)
    assert desk.changes() == [("drawdown", HALTED)]
    assert desk.reason == "fall from the high-water mark of 100000 US dollars: 15.5% to 84500, of 15% allowed"


def test_when_the_account_recovers_then_a_drawdown_stays_latched(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    desk.look(80_000, minutes=5, times=2)
    desk.look(120_000, minutes=5, times=3)
    desk.next_session()
    desk.look(minutes=5, times=2)
    assert desk.state is HALTED


def test_when_the_account_is_read_again_at_the_same_instant_then_that_confirms_nothing(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    desk.look(40_000, minutes=5)
    desk.look(40_000, times=3)
    assert desk.state is ACTIVE


def test_when_a_fall_is_read_on_the_closing_instant_then_it_counts_at_once(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    desk.book.is_closing = True
    desk.look(80_000, minutes=5)
    assert desk.state is HALTED


@pytest.mark.parametrize(
    ("limit", "dollars", "state"),
    [
        ("max_drawdown", Decimal(85_000), ACTIVE),
        ("max_drawdown", less(85_000), HALTED),
        ("daily_loss", Decimal(85_000), ACTIVE),
        ("daily_loss", less(85_000), REDUCING),
        ("weekly_loss", Decimal(85_000), ACTIVE),
        ("weekly_loss", less(85_000), REDUCING),
    ],
)
def test_when_a_loss_is_at_its_limit_then_it_passes_and_a_cent_beyond_it_latches(
    opened: Opened, limit: str, dollars: Decimal, state: TradingState
) -> None:
    desk = opened(**{limit: percent(15)})
    desk.look(str(dollars), minutes=5, times=2)
    assert desk.state is state


def test_when_the_account_jumps_up_for_one_reading_then_the_high_water_mark_does_not_rise(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    assert desk.look(160_000, minutes=5).high_water == 100_000
    assert desk.look(100_000, minutes=5).high_water == 100_000
    desk.look(minutes=5, times=2)
    assert desk.state is ACTIVE


def test_when_a_rise_is_there_at_a_later_instant_too_then_the_high_water_mark_follows(opened: Opened) -> None:
    desk = opened()
    desk.look(110_000, minutes=5)
    assert desk.look(108_000, minutes=5).high_water == 108_000


def test_when_the_session_is_lost_then_the_desk_reduces_until_the_next_one(opened: Opened) -> None:
    desk = opened(daily_loss=percent(3))
    desk.look(96_000, minutes=5, times=2)
    desk.look(99_900, minutes=5, times=2)
    assert desk.state is REDUCING, "a recovery does not end it"
    desk.next_session()
    mark = desk.look(minutes=5)
    assert (desk.state, mark.day_start) == (ACTIVE, 99_900)
    assert desk.changes() == [("daily_loss", REDUCING), ("daily_loss", ACTIVE)]


def test_when_the_market_is_closed_then_the_session_before_goes_on(opened: Opened) -> None:
    desk = opened(daily_loss=percent(3))
    desk.look(96_000, minutes=5, times=2)
    desk.next_session()
    desk.book.is_open = False
    desk.look(minutes=5, times=2)
    assert desk.state is REDUCING


def test_when_five_sessions_lose_a_little_each_then_the_week_latches_and_ends_within_its_limit(opened: Opened) -> None:
    desk = opened(weekly_loss=percent(6), daily_loss=percent(3))
    for equity in (98_500, 97_000, 95_500, 93_900):
        desk.next_session()
        desk.look(equity, minutes=5, times=2)
    assert desk.changes() == [("weekly_loss", REDUCING)]
    desk.next_session()
    desk.look(94_000, minutes=5, times=2)
    assert desk.state is ACTIVE, "the first of those sessions is no longer among the last five"


def test_when_the_account_is_worth_nothing_then_the_desk_is_halted_at_once(opened: Opened) -> None:
    desk = opened()
    desk.look(0)
    assert desk.changes()[0] == ("equity", HALTED)


def test_when_a_breaker_halts_then_our_working_entries_are_cancelled_and_stops_and_strangers_stay(
    opened: Opened,
) -> None:
    desk = opened(max_drawdown=percent(15))
    for id_, terms in (("perun-x-AAPL-entry-1", buy(1, limit="90")), ("somebody", buy(1, limit="90"))):
        desk.exchange.submit(cleared(terms.model_copy(update={"client_order_id": id_})))
    desk.ledger.intents.write(
        desk.account, "c", buy(1, id="perun-x-AAPL-entry-1"), Leg.ENTRY, 1, IntentState.ACKED, desk.now()
    )
    desk.look(80_000, minutes=5)
    assert len(desk.book.working_orders()) == 2
    desk.look(80_000, minutes=5)
    assert [order.client_order_id for order in desk.book.working_orders()] == ["somebody"]


def refuse(desk: ValuedDesk, *states: IntentState, leg: Leg = Leg.ENTRY) -> None:
    for number, state in enumerate(states, start=len(desk.ledger.intents.with_prefix(desk.account, "perun-"))):
        desk.look(minutes=1)
        terms = sell(1, id=f"perun-{number}")
        desk.ledger.intents.write(desk.account, f"c{number}", terms, leg, 1, state, desk.now())


REJECTED, FILLED, NOT_SENT = IntentState.REJECTED, IntentState.FILLED, IntentState.NOT_SENT


@pytest.mark.parametrize(
    ("states", "leg", "state"),
    [
        ((REJECTED,) * 2, Leg.ENTRY, ACTIVE),
        ((REJECTED,) * 3, Leg.ENTRY, REDUCING),
        ((REJECTED,) * 3, Leg.EXIT, REDUCING),
        ((REJECTED,) * 3, Leg.PROTECTION, ACTIVE),
        ((REJECTED, REJECTED, FILLED, REJECTED), Leg.ENTRY, ACTIVE),
        ((REJECTED, REJECTED, NOT_SENT, REJECTED), Leg.ENTRY, REDUCING),
    ],
)
def test_when_the_broker_refuses_one_order_after_another_then_the_desk_reduces(
    opened: Opened, states: tuple[IntentState, ...], leg: Leg, state: TradingState
) -> None:
    desk = opened(max_consecutive_rejects=3)
    refuse(desk, *states, leg=leg)
    desk.look(minutes=1)
    assert desk.state is state


def test_when_a_person_resumed_after_refusals_then_only_new_ones_count(opened: Opened) -> None:
    desk = opened(max_consecutive_rejects=3)
    refuse(desk, *(REJECTED,) * 3)
    desk.look(minutes=1)
    desk.watch.lift([Kind.REJECTS], "called the broker", "a person", desk.counter.recorder)
    refuse(desk, *(REJECTED,) * 2)
    desk.look(minutes=1)
    assert desk.state is ACTIVE
    refuse(desk, REJECTED)
    desk.look(minutes=1)
    assert desk.state is REDUCING


@pytest.mark.parametrize("kind", [Kind.DRAWDOWN, Kind.DAILY_LOSS, Kind.WEEKLY_LOSS])
def test_when_a_person_resumed_then_the_same_loss_does_not_latch_again_and_a_further_one_does(
    opened: Opened, kind: Kind
) -> None:
    desk = opened(
        **{"max_drawdown" if kind is Kind.DRAWDOWN else kind.value: percent(15)},
    )
    desk.look(80_000, minutes=5, times=2)
    lifted = desk.watch.lift(list(Kind), "understood", "a person", desk.counter.recorder)
    assert [latch.kind for latch in lifted] == [kind]
    measure_anew(desk.counter, lifted)
    desk.look(minutes=5, times=3)
    assert desk.state is ACTIVE
    desk.look(67_000, minutes=5, times=2)
    assert desk.state is not ACTIVE


def test_when_a_week_was_resumed_then_its_loss_does_not_come_back_with_the_next_session(opened: Opened) -> None:
    desk = opened(weekly_loss=percent(15))
    desk.look(80_000, minutes=5, times=2)
    lifted = desk.watch.lift(list(Kind), "understood", "a person", desk.counter.recorder)
    measure_anew(desk.counter, lifted)
    desk.next_session()
    assert desk.look(minutes=5, times=2).week_start == 80_000
    assert desk.state is ACTIVE


def test_when_several_latches_stand_then_the_strictest_counts_and_the_reason_names_each(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15), daily_loss=percent(3))
    desk.look(80_000, minutes=5, times=2)
    assert desk.state is HALTED
    assert desk.reason == (
        "fall from the high-water mark of 100000 US dollars: 20% to 80000, of 15% allowed; "
        "loss in the session since 100000 US dollars: 20% to 80000, of 3% allowed"
    )
    desk.next_session()
    desk.look(minutes=5)
    assert [latch.kind for latch in desk.watch.latches()] == [Kind.DRAWDOWN]


def test_when_a_halted_desk_is_eased_then_it_reduces_here_and_stays_halted_for_everybody_else(opened: Opened) -> None:
    desk = opened()
    desk.watch.tighten(HALTED, "stop", "a person", desk.counter.recorder, Kind.PERSON)
    elsewhere = Watch(desk.ledger, desk.account, desk.halt_file, desk)
    with desk.watch.eased("flatten", "a person", desk.counter.recorder):
        assert (desk.state, elsewhere.state()) == (REDUCING, HALTED)
        desk.watch.tighten(HALTED, "an alarm", "execute", desk.counter.recorder)
        assert desk.state is HALTED, "what is found meanwhile counts"
    assert desk.state is HALTED
    assert [state for _, state in desk.changes()] == [HALTED, REDUCING, HALTED, HALTED]


def test_when_an_order_has_been_in_doubt_for_more_than_five_minutes_then_the_desk_only_reduces(opened: Opened) -> None:
    desk = opened()
    intent = buy(1, id="perun-x-AAPL-entry-1"), Leg.ENTRY, 1, IntentState.UNKNOWN, desk.now()
    desk.ledger.intents.write(desk.account, "c", *intent)
    desk.book.instant += timedelta(minutes=5)
    assert desk.state is ACTIVE
    desk.book.instant += timedelta(seconds=1)
    (latch,) = desk.watch.latches()
    assert (desk.state, latch.kind) == (REDUCING, Kind.DOUBT)
