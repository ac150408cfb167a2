"""What the exchange refuses by the look of a ticket: types, times in force, classes, increments."""

from typing import Any

import pytest

from perun.tools.brokerage.embedded.form import check_form
from perun.tools.brokerage.embedded.refusing import INVALID, MALFORMED, Refused
from perun.tools.brokerage.embedded.ticket import StopLoss, Ticket
from perun.tools.domain.orders import OrderClass, OrderTerms, OrderType, TimeInForce
from support.exchange import buy, sell, ticket

PRICES = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": "90"},
    OrderType.STOP: {"stop_price": "110"},
    OrderType.STOP_LIMIT: {"stop_price": "110", "limit_price": "111"},
    OrderType.TRAILING_STOP: {"trail_price": "1"},
}
BRACKET = {"order_class": "bracket", "take_profit": "110", "stop_loss": "90"}
OCO = {"order_class": "oco", "type": "limit", "take_profit": "110", "stop_loss": "90"}


def refused(asked: Ticket) -> tuple[int, int]:
    with pytest.raises(Refused) as refusal:
        check_form(asked)
    return refusal.value.status, refusal.value.code


@pytest.mark.parametrize("type_", OrderType)
@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_when_a_simple_order_is_asked_for_then_only_day_and_gtc_are_served(
    type_: OrderType, time_in_force: TimeInForce
) -> None:
    asked = ticket(buy(), type=type_, time_in_force=time_in_force, **PRICES[type_])
    if time_in_force in {TimeInForce.DAY, TimeInForce.GTC}:
        check_form(asked)
    else:
        assert refused(asked) == INVALID


@pytest.mark.parametrize("type_", OrderType)
def test_when_a_price_is_missing_or_too_many_then_the_ticket_is_malformed(type_: OrderType) -> None:
    for name in PRICES[type_]:
        assert refused(ticket(buy(), type=type_, **{**PRICES[type_], name: None})) == MALFORMED
    for name in {"limit_price", "stop_price", "trail_price", "trail_percent"} - set(PRICES[type_]):
        assert refused(ticket(buy(), type=type_, **{**PRICES[type_], name: "5"})) == MALFORMED


@pytest.mark.parametrize("type_", OrderType)
@pytest.mark.parametrize("class_", [OrderClass.BRACKET, OrderClass.OTO])
def test_when_an_entry_carries_exits_then_it_enters_at_the_market_or_at_a_limit(
    type_: OrderType, class_: OrderClass
) -> None:
    exits = {"stop_loss": "80"} if class_ is OrderClass.OTO else {"stop_loss": "80", "take_profit": "120"}
    asked = ticket(buy(), type=type_, order_class=class_, **exits, **PRICES[type_])
    if type_ in {OrderType.MARKET, OrderType.LIMIT}:
        check_form(asked)
    else:
        assert refused(asked) == INVALID


@pytest.mark.parametrize(
    ("terms", "more"),
    [
        (buy(), {"order_class": "bracket", "stop_loss": "90"}),
        (buy(), {"order_class": "bracket", "take_profit": "110"}),
        (buy(), {"order_class": "oto"}),
        (buy(), {**BRACKET, "order_class": "oto"}),
        (buy(), {**BRACKET, "order_class": "simple"}),
        (buy(), {**BRACKET, "take_profit": "90"}),
        (sell(), BRACKET),
        (sell(), {"order_class": "oto", "stop_loss": "90"}),
        (buy(), OCO),
        (sell(), {**OCO, "type": "market"}),
        (sell(), {**OCO, "take_profit": None}),
        (buy(), {**BRACKET, "take_profit": "110.001"}),
        (buy(), {"order_class": "oto", "stop_loss": "90.001"}),
        (buy("1.5"), {}),
        (buy(), {"type": "trailing_stop", "trail_percent": "100"}),
    ],
    ids=[
        "bracket without target",
        "bracket without stop",
        "oto without exit",
        "oto with two exits",
        "simple with exits",
        "target not above the stop",
        "bracket that sells",
        "oto that sells",
        "two exits that buy",
        "two exits at the market",
        "two exits without target",
        "sub-penny target",
        "sub-penny stop",
        "part of a share",
        "trail of everything",
    ],
)
def test_when_a_ticket_contradicts_itself_then_it_is_invalid(terms: OrderTerms, more: dict[str, Any]) -> None:
    assert refused(ticket(terms, **more)) == INVALID


def test_when_the_limit_of_a_stop_lies_above_it_then_the_ticket_is_invalid() -> None:
    loss = StopLoss(stop_price="90", limit_price="91")  # type: ignore[arg-type] # pydantic reads texts
    assert refused(ticket(buy(), order_class="oto").model_copy(update={"stop_loss": loss})) == INVALID


@pytest.mark.parametrize(("terms", "more"), [(buy(), BRACKET), (sell(), OCO), (buy(limit="0.1234"), {})])
def test_when_a_ticket_is_whole_then_it_passes(terms: OrderTerms, more: dict[str, Any]) -> None:
    check_form(ticket(terms, **more))
