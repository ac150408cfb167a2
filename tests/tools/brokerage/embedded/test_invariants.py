"""Whatever is ordered on whatever prices, the books add up."""

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.errors import OrderRejected
from perun.tools.domain.orders import Fill, OrderStatus, OrderTerms, Side, TimeInForce
from support.exchange import buy, exchange_at, pass_session, sell, ticket
from support.market import made_market

CASH = Decimal(20_000)
SYMBOLS = ("AAPL", "IBM")
SESSIONS = 4

price = st.integers(min_value=8_000, max_value=12_000).map(lambda hundredths: Decimal(hundredths) / 100)


@st.composite
def bars(draw: st.DrawFn) -> tuple[Decimal, ...] | None:
    if draw(st.integers(0, 9)) == 0:
        return None
    first, last, one, other = (draw(price) for _ in range(4))
    return first, max(first, last, one), min(first, last, other), last


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """What to ask for; the id comes when it is submitted."""
    kind = draw(st.sampled_from(["market", "limit", "stop", "trailing", "oto", "bracket", "oco"]))
    asked: dict[str, Any] = {
        "side": draw(st.sampled_from([buy, sell])),
        "qty": draw(st.integers(1, 120)),
        "symbol": draw(st.sampled_from(SYMBOLS)),
        "tif": draw(st.sampled_from([TimeInForce.DAY, TimeInForce.GTC])),
    }
    if kind in {"limit", "stop"}:
        asked[kind] = str(draw(price))
    below, above = draw(price) - 15, draw(price) + 15
    exits = {"stop_loss": below, "take_profit": above}
    asked["more"] = {
        "trailing": {"type": "trailing_stop", "trail_percent": draw(st.integers(1, 5))},
        "oto": {"order_class": "oto", "stop_loss": below},
        "bracket": {"order_class": "bracket", **exits},
        "oco": {"order_class": "oco", "type": "limit", **exits},
    }.get(kind, {})
    sides = {"oto": buy, "bracket": buy, "oco": sell}
    return asked | ({"side": sides[kind]} if kind in sides else {})


histories = st.lists(bars(), min_size=SESSIONS, max_size=SESSIONS)
days = st.lists(st.lists(orders(), max_size=5), min_size=SESSIONS, max_size=SESSIONS)


@settings(max_examples=60, deadline=None, database=None)
@given(
    history=st.tuples(histories, histories),
    asked=days,
    cancels=st.lists(st.integers(0, 5).map(lambda n: n == 0), min_size=90, max_size=90),
    percent=st.sampled_from([0, 70]),
)
def test_when_any_orders_meet_any_prices_then_the_books_add_up(
    history: tuple[list[Any], list[Any]], asked: list[list[dict[str, Any]]], cancels: list[bool], percent: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        market = made_market(folder / "market", {s: [100, *rows] for s, rows in zip(SYMBOLS, history, strict=True)})
        with exchange_at(folder, market, cash=CASH, partial_fill_percent=percent) as exchange:
            whims = iter(cancels)
            for number, wishes in enumerate(asked):
                for place_in_line, wish in enumerate(wishes):
                    submit(exchange, wish, f"{number}-{place_in_line}")
                for order in exchange.books().orders.values():
                    if next(whims, False) and not exchange.order(order.client_order_id).status.is_terminal:  # type: ignore[union-attr]  # it exists
                        exchange.cancel(order.client_order_id)
                check(exchange)
                pass_session(exchange)
                check(exchange)


def submit(exchange: Exchange, wish: dict[str, Any], name: str) -> None:
    side, more = wish["side"], wish["more"]
    terms: OrderTerms = side(**{key: value for key, value in wish.items() if key not in {"side", "more"}}, id=name)
    try:
        exchange.take_ticket(ticket(terms, **more))
    except OrderRejected:
        assert exchange.order(name) is None


def check(exchange: Exchange) -> None:
    portfolio, fills, orders_now = EmbeddedBook(exchange).portfolio(), exchange.fills(), exchange.orders()
    assert portfolio.account.cash == CASH + sum(fill.cash_flow for fill in fills)
    assert {p.symbol: p.qty for p in portfolio.positions} == held(fills)
    assert all(0 <= p.qty_available <= p.qty for p in portfolio.positions)
    assert portfolio.account.equity == portfolio.account.cash + sum(p.market_value for p in portfolio.positions)
    assert portfolio.account.buying_power >= 0
    filled: Counter[str] = Counter()
    for fill in fills:
        filled[fill.client_order_id] += fill.qty  # type: ignore[assignment]  # a counter of shares
    for order in orders_now:
        assert filled[order.client_order_id] == order.filled_qty <= order.qty
        assert (order.status is OrderStatus.FILLED) == (order.filled_qty == order.qty)
        assert order.status.is_terminal or order.open_qty > 0
        if order.limit_price is not None and order.filled_avg_price is not None:
            worse = order.filled_avg_price - order.limit_price
            assert worse <= 0 if order.side is Side.BUY else worse >= 0


def held(fills: tuple[Fill, ...]) -> dict[str, Decimal]:
    shares: dict[str, Decimal] = {}
    for fill in fills:
        signed = fill.qty if fill.side is Side.BUY else -fill.qty
        shares[fill.symbol] = shares.get(fill.symbol, Decimal(0)) + signed
        assert shares[fill.symbol] >= 0, "no position is ever negative"
    return {symbol: qty for symbol, qty in shares.items() if qty}
