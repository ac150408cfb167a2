"""A desk before its gate: short ways to say a situation, and a second opinion on limits that asks no gate code.

Example:
    The plain desk holds nothing and has $100,000; AAPL asks 100 and moves 2.5 a day. `WIDE` limits never bind, so a
    test narrows the one that it is about.

        decision = clear(entry(), situation(), limits(max_order_notional=Decimal(1040)))
        assert decision.order.terms.qty == 10          # ten shares at the ask and 4% of collar
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from perun.tools.domain.market import MarketClock, Quote
from perun.tools.domain.money import Percent
from perun.tools.domain.orders import Order, OrderTerms, OrderType, Side
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.signals import Action, Advice, Ruling, TradingSignal
from perun.tools.domain.standing import ACTIVE, Standing
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, Proposal
from perun.tools.risk.limits import Limits

NOW = datetime(2024, 3, 1, 15, 0, tzinfo=UTC)
CASH = Decimal(100_000)
ASK = Decimal(100)
ATR = Decimal("2.5")
STOP = Decimal(95)
"""The plain desk's stop: two average true ranges below the ask."""
WORST = Decimal(104)
"""What the plain desk counts a share at: the ask and the collar."""


def percent(number: int | str | Decimal) -> Percent:
    """`percent("0.5")` is half a hundredth."""
    return Percent(Decimal(number))


WIDE: dict[str, Any] = {
    "min_confidence": 0.0,
    "risk_per_trade": percent(1000),
    "max_position": percent(1000),
    "max_open_positions": 100,
    "max_order_notional": Decimal(10) ** 9,
    "max_gross_exposure": percent(1000),
    "price_collar": percent(4),
    "max_quote_age_seconds": 60,
    "stop_atr_multiple": Decimal(2),
}


def limits(**changes: Any) -> Limits:
    """Limits that never bind on the plain desk, but for the changes."""
    return Limits(**{**WIDE, **changes})


def quote(symbol: str = "AAPL", ask: Decimal | str = ASK, **changes: Any) -> Quote:
    """A quote of this instant whose bid and last are the ask."""
    return Quote(**{"symbol": symbol, "bid": ask, "ask": ask, "last": ask, "at": NOW, **changes})


def aged(age: timedelta) -> Quote:
    """A quote for AAPL that is this old; one from the future when the age is negative."""
    return quote(at=NOW - age)


def position(
    symbol: str = "AAPL", qty: int | str | Decimal = 10, price: Decimal | str = ASK, **changes: Any
) -> Position:
    """Shares bought at what they are worth now."""
    qty, price = Decimal(qty), Decimal(price)
    facts = {"avg_entry_price": price, "current_price": price, "market_value": qty * price, "unrealized_pl": 0}
    return Position(**{"symbol": symbol, "qty": qty, "qty_available": qty, **facts, **changes})


def order(side: Side = Side.BUY, symbol: str = "AAPL", qty: int | str = 10, **changes: Any) -> Order:
    """An order that works at the broker."""
    facts: dict[str, Any] = {"id": "working", "type": OrderType.MARKET, "status": "new", **changes}
    name = facts.pop("id")
    return Order(
        client_order_id=name,
        broker_order_id=f"broker-{name}",
        symbol=symbol,
        side=side,
        qty=qty,
        time_in_force="day",
        submitted_at=NOW,
        **facts,
    )


def protective_stop(symbol: str = "AAPL", qty: int | str = 10, **changes: Any) -> Order:
    """The stop that came with an entry and guards its shares."""
    facts = {"id": "entry-stop", "type": OrderType.STOP, "stop_price": STOP, "parent": "entry"}
    return order(Side.SELL, symbol, qty, **{**facts, **changes})


def portfolio(positions: Sequence[Position] = (), orders: Sequence[Order] = (), **account: Any) -> Portfolio:
    """An account that may trade, with $100,000 of equity and buying power whatever it holds."""
    facts = {"account_id": "test", "status": "ACTIVE", "last_equity": CASH}
    money = {"cash": CASH, "equity": CASH, "buying_power": CASH}
    return Portfolio(
        account=Account(**{**facts, **money, **account}), positions=tuple(positions), working_orders=tuple(orders)
    )


def situation(
    *,
    positions: Sequence[Position] = (),
    orders: Sequence[Order] = (),
    quotes: Sequence[Quote] | None = None,
    atr: dict[str, Decimal] | None = None,
    is_open: bool = True,
    standing: Standing = ACTIVE,
    **account: Any,
) -> Situation:
    """The plain desk at `NOW`, but for what is said; without words it knows the price and range of AAPL alone."""
    known = (quote(),) if quotes is None else tuple(quotes)
    return Situation(
        portfolio=portfolio(positions, orders, **account),
        clock=MarketClock(now=NOW, is_open=is_open, next_open=NOW, next_close=NOW + timedelta(hours=1)),
        quotes={each.symbol: each for each in known},
        atr={each.symbol: ATR for each in known} if atr is None else atr,
        standing=standing,
    )


def advised(ruling: Ruling, keep: int | str, symbol: str = "AAPL") -> Advice:
    """The risk manager's word."""
    return Advice(symbol=symbol, ruling=ruling, keep=percent(keep), reason="said in a test")


def entry(symbol: str = "AAPL", confidence: float = 0.9, **more: Any) -> Proposal:
    """A BUY: `entry("IBM", ceiling=Decimal(5))`, `entry(advice=advised(Ruling.VETO, 0))`."""
    return _proposal(Action.BUY, symbol, confidence, **more)


def exit_(symbol: str = "AAPL", confidence: float = 0.9, **more: Any) -> Proposal:
    """A SELL, said as `entry` is."""
    return _proposal(Action.SELL, symbol, confidence, **more)


def _proposal(action: Action, symbol: str, confidence: float, *, id: str | None = None, **more: Any) -> Proposal:
    signal = TradingSignal(symbol=symbol, action=action, confidence=confidence, rationale="asked in a test")
    return Proposal(signal=signal, client_order_id=id or f"{symbol}-{action.lower()}", **more)


def terms_of(decision: Cleared | Denied) -> OrderTerms:
    """The cleared terms; an AssertionError with the breaches when there are none."""
    assert isinstance(decision, Cleared), f"denied: {decision.verdict.breaches}"
    return decision.order.terms


def breaches_of(decision: Cleared | Denied) -> set[str]:
    """The codes of a denial; an AssertionError when it was none."""
    assert isinstance(decision, Denied), "it was cleared"
    return {check.code for check in decision.verdict.breaches}


def said(verdict: Verdict, code: str) -> tuple[str, str, bool]:
    """(measured, allowed, passed) of the one check with that code."""
    (check,) = (check for check in verdict.checks if check.code == code)
    return check.measured, check.allowed, check.passed


def broken_limits(terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms] = ()) -> set[str]:
    """What an order would break, worked out anew in exact fractions from the nouns alone: it calls no gate code.

    Args:
        terms: the order in question.
        desk: what was known when the batch was judged.
        lines: the limits in force.
        sent: orders of the same batch that go before it.
    """
    account = desk.portfolio.account
    facts = {
        "goes to a closed market": not desk.clock.is_open,
        "goes to an account that may not trade": account.trading_blocked or account.status != "ACTIVE",
    }
    if terms.side is Side.SELL:
        facts |= _broken_by_sale(terms, desk, sent)
    else:
        facts |= _broken_by_purchase(terms, desk, lines, sent) | _broken_by_price(
            desk.quotes[terms.symbol], desk, lines
        )
    return {name for name, broken in facts.items() if broken}


def _broken_by_sale(terms: OrderTerms, desk: Situation, sent: Sequence[OrderTerms]) -> dict[str, bool]:
    held = sum(Fraction(each.qty) for each in desk.portfolio.positions if each.symbol == terms.symbol)
    leaving = sum(Fraction(each.qty) for each in sent if (each.symbol, each.side) == (terms.symbol, Side.SELL))
    for each in desk.portfolio.working_orders:
        if (each.symbol, each.side) == (terms.symbol, Side.SELL) and each.parent is None:
            leaving += Fraction(each.qty - each.filled_qty)
    return {"sells more than is held": terms.qty > held - leaving}


def _broken_by_price(known: Quote, desk: Situation, lines: Limits) -> dict[str, bool]:
    age = desk.clock.now - known.at
    return {
        "rests on a stale price": not timedelta(0) <= age <= timedelta(seconds=lines.max_quote_age_seconds),
        "rests on a price that cannot be": known.bid > known.ask,
    }


def _broken_by_purchase(
    terms: OrderTerms, desk: Situation, lines: Limits, sent: Sequence[OrderTerms]
) -> dict[str, bool]:
    equity, ask = Fraction(desk.portfolio.account.equity), Fraction(desk.quotes[terms.symbol].ask)
    bought = [each for each in sent if each.side is Side.BUY]
    book = _book(desk)
    for each in (*bought, terms):
        book[each.symbol] = book.get(each.symbol, Fraction(0)) + _cost(each, desk, lines)
    spent = sum(_cost(each, desk, lines) for each in (*bought, terms))
    stop = Fraction(terms.stop_loss or 0)
    return {
        "is on the deny list": terms.symbol in lines.restricted,
        "is not a whole number of shares": Fraction(terms.qty).denominator != 1 or terms.qty < 1,
        "has no stop below the price": not 0 < stop < ask,
        "risks too much": Fraction(terms.qty) * (ask - stop) > _part(lines.risk_per_trade, equity),
        "is too large": _cost(terms, desk, lines) > Fraction(lines.max_order_notional),
        "makes too large a position": book[terms.symbol] > _part(lines.max_position, equity),
        "makes too many positions": len(book) > lines.max_open_positions,
        "makes too large a book": sum(book.values()) > _part(lines.max_gross_exposure, equity),
        "cannot be paid": spent > Fraction(desk.portfolio.account.buying_power),
    }


def _book(desk: Situation) -> dict[str, Fraction]:
    """Dollars by symbol: positions at their value, and working purchases at the dearest price that is known."""
    values: dict[str, Fraction] = {}
    for held in desk.portfolio.positions:
        values[held.symbol] = values.get(held.symbol, Fraction(0)) + abs(Fraction(held.market_value))
    for each in desk.portfolio.working_orders:
        if each.side is Side.BUY:
            prices = [each.limit_price, each.stop_price, desk.quotes[each.symbol].ask]
            dearest = max(Fraction(price) for price in prices if price)
            values[each.symbol] = values.get(each.symbol, Fraction(0)) + Fraction(each.qty - each.filled_qty) * dearest
    return values


def _cost(terms: OrderTerms, desk: Situation, lines: Limits) -> Fraction:
    ask = Fraction(desk.quotes[terms.symbol].ask)
    return Fraction(terms.qty) * (ask + _part(lines.price_collar, ask))


def _part(share: Percent, whole: Fraction) -> Fraction:
    return Fraction(share.root) * whole / 100
