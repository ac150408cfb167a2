"""The price at which an order trades against a bar, worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from perun.tools.brokerage.embedded.matching import Moment, reference_price, watched
from perun.tools.domain.orders import Order, OrderTerms, OrderType
from support.exchange import buy, sell, working
from support.market import made_bars

OPEN, INTRADAY = Moment.OPEN, Moment.INTRADAY
(BAR,) = made_bars([(100, 110, 90, 105)])

CASES = [
    ("a market buy takes the open", buy(), "100", None),
    ("a market sell takes the open", sell(), "100", None),
    ("a buy limit above the open takes the better open", buy(limit="104"), "100", "104"),
    ("a buy limit at the open takes the open", buy(limit="100"), "100", "100"),
    ("a buy limit inside the day waits for its limit", buy(limit="95"), None, "95"),
    ("a buy limit at the low is reached", buy(limit="90"), None, "90"),
    ("a buy limit under the low is not reached", buy(limit="89.99"), None, None),
    ("a sell limit below the open takes the better open", sell(limit="96"), "100", "96"),
    ("a sell limit at the open takes the open", sell(limit="100"), "100", "100"),
    ("a sell limit inside the day waits for its limit", sell(limit="108"), None, "108"),
    ("a sell limit at the high is reached", sell(limit="110"), None, "110"),
    ("a sell limit over the high is not reached", sell(limit="110.01"), None, None),
    ("a sell stop over the open is gapped through", sell(stop="103"), "100", "103"),
    ("a sell stop at the open triggers there", sell(stop="100"), "100", "100"),
    ("a sell stop inside the day triggers at the stop", sell(stop="97"), None, "97"),
    ("a sell stop at the low triggers", sell(stop="90"), None, "90"),
    ("a sell stop under the low sleeps", sell(stop="89.99"), None, None),
    ("a buy stop under the open is gapped through", buy(stop="98"), "100", "98"),
    ("a buy stop at the open triggers there", buy(stop="100"), "100", "100"),
    ("a buy stop inside the day triggers at the stop", buy(stop="107"), None, "107"),
    ("a buy stop at the high triggers", buy(stop="110"), None, "110"),
    ("a buy stop over the high sleeps", buy(stop="110.01"), None, None),
    ("a sell stop-limit reached at the open within its limit trades there", sell(stop="103", limit="99"), "100", "103"),
    ("a sell stop-limit inside the day trades at its stop", sell(stop="97", limit="96"), None, "97"),
    ("a sell stop-limit with its limit above its stop only wakes", sell(stop="97", limit="98"), None, None),
    ("a sell stop-limit under the low sleeps", sell(stop="89", limit="88"), None, None),
    ("a buy stop-limit inside the day trades at its stop", buy(stop="107", limit="108"), None, "107"),
    ("a buy stop-limit over the high sleeps", buy(stop="111", limit="112"), None, None),
]


@pytest.mark.parametrize(
    ("terms", "at_open", "intraday"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_when_an_order_meets_a_bar_then_it_trades_where_the_trader_expects(
    terms: OrderTerms, at_open: str | None, intraday: str | None
) -> None:
    order = working(terms)
    expected = [Decimal(price) if price else None for price in (at_open, intraday)]
    assert [reference_price(order, BAR, OPEN), reference_price(order, BAR, INTRADAY)] == expected


def trailing(side: Any = sell, **more: Any) -> Order:
    """A trailing stop ten dollars away from 105."""
    stop = "95" if side is sell else "115"
    distance = {"trail_price": Decimal(10)} if not more else {}
    facts = {"type": OrderType.TRAILING_STOP, "high_water": Decimal(105), **distance, **more}
    return working(side(stop=stop), **facts)


@pytest.mark.parametrize(
    ("order", "bar", "at_open", "intraday"),
    [
        (trailing(), (94, 99, 93, 98), "94", "95"),
        (trailing(), (100, 104, 95, 104), None, "95"),
        (trailing(), (100, 112, 99, 111), None, "102"),
        (trailing(), (100, 108, 99, 107), None, None),
        (trailing(trail_percent=Decimal(5)), (100, 120, 100, 118), None, "114"),
        (trailing(buy), (116, 117, 115, 116), "116", "115"),
        (trailing(buy), (100, 114, 90, 95), None, "100"),
        (trailing(buy), (100, 101, 97, 99), None, None),
    ],
    ids=[
        "opens through it",
        "falls to where it stands",
        "rises, and could have fallen to where it followed",
        "rises, and did not fall so far",
        "follows by a share of the high",
        "a buy opens through it",
        "a buy falls, and could have risen to where it followed",
        "a buy sleeps",
    ],
)
def test_when_a_trailing_stop_meets_a_bar_then_it_trades_where_the_trader_fears(
    order: Order, bar: tuple[int, ...], at_open: str | None, intraday: str | None
) -> None:
    (day,) = made_bars([bar])
    expected = [Decimal(price) if price else None for price in (at_open, intraday)]
    assert [reference_price(order, day, OPEN), reference_price(order, day, INTRADAY)] == expected


def test_when_a_trailing_stop_does_not_trade_then_it_follows_the_best_price_and_never_goes_back() -> None:
    (up,), (down,) = made_bars([(106, 112, 105, 110)]), made_bars([(109, 110, 106, 107)])
    order = watched(watched(trailing(), up, OPEN), up, INTRADAY)
    assert (order.high_water, order.stop_price) == (112, 102)
    assert watched(watched(order, down, OPEN), down, INTRADAY) == order


def test_when_a_stop_limit_was_reached_beyond_its_limit_then_it_goes_on_as_a_limit_order() -> None:
    order = watched(working(sell(stop="103", limit="102")), BAR, OPEN)
    assert order.triggered
    assert reference_price(order, BAR, INTRADAY) == 102, "the high came back to it"
