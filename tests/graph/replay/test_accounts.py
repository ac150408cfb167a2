"""An account from its fills: every close to the cent, and what was bought first is sold first."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from perun.graph.replay.accounts import curve, trades
from perun.tools.domain.market import Session
from perun.tools.domain.orders import Fill, Side

FIRST = date(2009, 6, 1)


def session(number: int) -> Session:
    day = FIRST + timedelta(days=number)
    opens = datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)
    return Session(day=day, opens=opens, closes=opens + timedelta(hours=6, minutes=30))


def fill(number: int, side: Side, qty: int, price: int, day: int, commission: str = "1") -> Fill:
    return Fill(
        fill_id=str(number),
        client_order_id=str(number),
        symbol="AAPL",
        side=side,
        qty=Decimal(qty),
        price=Decimal(price),
        commission=Decimal(commission),
        at=session(day).opens,
    )


def test_when_shares_are_bought_and_sold_then_each_close_has_cash_and_value_to_the_cent() -> None:
    fills = [fill(1, Side.BUY, 10, 100, 1), fill(2, Side.SELL, 4, 120, 2)]
    closes = {session(0).closes: 90, session(1).closes: 110, session(2).closes: 130}
    days = [session(0), session(1), session(2)]
    told = list(curve(Decimal(2000), fills, days, lambda symbol, at: Decimal(closes[at])))
    assert [(each.cash, each.exposure, each.equity) for each in told] == [
        (2000, 0, 2000),
        (999, 1100, 2099),
        (1478, 780, 2258),
    ]


def test_when_one_sale_closes_two_purchases_then_there_are_two_trades_oldest_first() -> None:
    fills = [fill(1, Side.BUY, 10, 100, 0), fill(2, Side.BUY, 10, 110, 1), fill(3, Side.SELL, 15, 120, 2, "3")]
    first, second = trades(fills)
    assert (first.qty, first.entry_price, first.commission, first.profit) == (10, 100, 3, 197)
    assert (second.qty, second.entry_price, second.commission) == (5, 110, Decimal("1.5"))
    assert second.profit == Decimal("48.5")
