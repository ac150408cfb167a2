"""A desk before its gate: short ways to say a situation, a wish and what came of it.

Example:
    The plain desk holds nothing and has $100,000; AAPL asks 100 and moves 2.5 a day. `WIDE` limits never bind, so a
    test narrows the one that it is about.

        decision = clear(entry(), situation(), limits(max_order_notional=Decimal(1040)))
        assert decision.order.terms.qty == 10          # ten shares at the ask and 4% of collar
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from perun.tools.domain.market import Asset, MarketClock, Quote
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
VOLUME = Decimal(10) ** 12
"""The plain desk's average daily volume: more than any order asks for."""
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
    "max_order_quantity": 10**9,
    "max_spread": percent(1000),
    "max_participation": percent(1000),
    "max_price_jump": percent(1000),
    "duplicate_window_minutes": 0,
    "max_orders_per_minute": 10**6,
    "max_orders_per_day": 10**6,
    "max_notional_per_hour": Decimal(10) ** 12,
    "max_round_trips_per_day": 10**6,
    "max_consecutive_rejects": 10**6,
    "max_turnover": percent(1000),
    "decision_ttl_seconds": 10**6,
    "min_cash": percent(0),
    "max_net_exposure": percent(1000),
    "max_sector": percent(1000),
    "max_cluster": percent(1000),
    "cluster_correlation": Decimal("0.7"),
    "max_heat": percent(1000),
    "max_var": percent(1000),
    "min_margin_cushion": percent(0),
    "max_adds": 10**6,
    "max_add_loss": percent(1000),
    "daily_loss": percent(1000),
    "weekly_loss": percent(1000),
    "max_drawdown": percent(1000),
    "cooldown_minutes": 0,
    "max_stop_outs": 10**6,
    "max_losses_in_a_row": 10**6,
    "no_entry_first_minutes": 0,
    "no_entry_last_minutes": 0,
    "max_clock_skew_seconds": 10**6,
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


def asset(symbol: str = "AAPL", **changes: Any) -> Asset:
    """A US stock that may be traded."""
    return Asset(**{"symbol": symbol, "status": "active", "tradable": True, "halted": False, **changes})


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
    facts: dict[str, Any] | None = None,
    **account: Any,
) -> Situation:
    """The plain desk at `NOW`, but for what is said; without words it knows AAPL alone.

    Of each symbol that has a quote it knows a range, a previous close at the last price, a volume and the broker's
    listing; `facts` replaces any field of the situation.
    """
    known = (quote(),) if quotes is None else tuple(quotes)
    symbols = [each.symbol for each in known]
    told: dict[str, Any] = {
        "portfolio": portfolio(positions, orders, **account),
        "clock": MarketClock(now=NOW, is_open=is_open, next_open=NOW, next_close=NOW + timedelta(hours=1)),
        "quotes": {each.symbol: each for each in known},
        "atr": dict.fromkeys(symbols, ATR) if atr is None else atr,
        "previous_close": {each.symbol: each.last for each in known},
        "volume": dict.fromkeys(symbols, VOLUME),
        "assets": {symbol: asset(symbol) for symbol in symbols},
        "standing": standing,
    }
    return Situation(**{**told, **(facts or {})})


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
    names = {"client_order_id": id or f"{symbol}-{action.lower()}", "decided_at": NOW, **more}
    return Proposal(signal=signal, **names)


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
