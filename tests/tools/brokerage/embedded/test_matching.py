"""The price at which an order trades against a bar, worked out by hand."""

from decimal import Decimal

import pytest

from perun.tools.brokerage.embedded.matching import Moment, reference_price
from perun.tools.domain.orders import OrderTerms
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
