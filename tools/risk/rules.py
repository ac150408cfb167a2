"""The rules: each a pure question to the facts, answered with the measured and the allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from perun.tools.domain.signals import Action, Advice, Ruling, TradingSignal
from perun.tools.domain.standing import TradingState
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_least, at_most, holds
from perun.tools.risk.facts import EntryFacts, Situation
from perun.tools.risk.limits import Limits
from perun.tools.risk.sizing import EntryPlan

_RATIO: Final = Decimal("0.0001")


@dataclass(frozen=True)
class Case:
    """One signal before the gate: what is wished, how many shares, and in which situation."""

    signal: TradingSignal
    qty: Decimal
    situation: Situation
    limits: Limits


@dataclass(frozen=True)
class EntryCase(Case):
    """A case that would open or enlarge a position."""

    facts: EntryFacts
    plan: EntryPlan
    advice: Advice | None

    @property
    def notional(self) -> Decimal:
        """Dollars of the order at its worst price."""
        return self.qty * self.plan.worst


def trading_state(case: Case) -> Check:
    """R58: HALTED lets nothing out, REDUCING only what reduces."""
    state = case.situation.standing.state
    entry = case.signal.action is Action.BUY
    passed = state is TradingState.ACTIVE or (state is TradingState.REDUCING and not entry)
    return holds(Code.TRADING_STATE, passed=passed, measured=state, allowed="ACTIVE" if entry else "ACTIVE or REDUCING")


def unresolved_order(case: Case) -> Check:
    """R60: no order in this symbol is in doubt; while one is, not even the position is known."""
    doubted = case.situation.standing.doubts_about(case.signal.symbol)
    return holds(Code.UNRESOLVED_ORDER, passed=not doubted, measured="in doubt" if doubted else "none", allowed="none")


def account_active(case: Case) -> Check:
    """R57: the broker lets the account trade."""
    account = case.situation.portfolio.account
    measured = "blocked" if account.trading_blocked else account.status
    return holds(Code.ACCOUNT_ACTIVE, passed=measured == "ACTIVE", measured=measured, allowed="ACTIVE")


def market_open(case: Case) -> Check:
    """R47: the broker's clock says that the market is open."""
    is_open = case.situation.clock.is_open
    return holds(Code.MARKET_OPEN, passed=is_open, measured="open" if is_open else "closed", allowed="open")


def minimum_confidence(case: Case) -> Check:
    """The signal is as confident as the desk asks for."""
    return at_least(Code.MIN_CONFIDENCE, Decimal(str(case.signal.confidence)), Decimal(str(case.limits.min_confidence)))


def no_short_selling(case: Case) -> Check:
    """R08, R09: a sale reduces what is held and not being sold already, and no more."""
    return at_most(Code.NO_SHORT_SELLING, case.qty, case.situation.sellable(case.signal.symbol))


def minimum_quantity(case: EntryCase) -> Check:
    """R06: at least one whole share is left after every limit."""
    return at_least(Code.MINIMUM_QUANTITY, case.plan.qty, Decimal(1))


def restricted_symbol(case: EntryCase) -> Check:
    """R49: the deny list wins."""
    listed = case.signal.symbol in case.limits.restricted
    return holds(
        Code.RESTRICTED_SYMBOL, passed=not listed, measured="listed" if listed else "not listed", allowed="not listed"
    )


def adviser_veto(case: EntryCase) -> Check:
    """The risk manager did not veto the entry."""
    ruling = case.advice.ruling if case.advice else Ruling.APPROVE
    return holds(Code.ADVISER_VETO, passed=ruling is not Ruling.VETO, measured=ruling, allowed="approve or shrink")


def fresh_price(case: EntryCase) -> Check:
    """R16: the quote is young enough, and not from the future."""
    age, most = case.facts.quote_age_seconds, Decimal(case.limits.max_quote_age_seconds)
    check = at_most(Code.STALE_MARKET_DATA, age, most)
    return check if age >= 0 else check.model_copy(update={"passed": False, "allowed": f"0 to {most}"})


def sane_price(case: EntryCase) -> Check:
    """R17: the bid is not above the ask."""
    quote = case.facts.quote
    return at_most(Code.MARKET_DATA_INVALID, quote.bid, quote.ask)


def protective_stop(case: EntryCase) -> Check:
    """R34, R07: a stop exists, above zero and at least a cent below the entry."""
    stop, highest = case.plan.stop, case.plan.reference - Decimal("0.01")
    return holds(
        Code.PROTECTIVE_STOP, passed=0 < stop <= highest, measured=str(stop), allowed=f"above 0, at most {highest}"
    )


def risk_per_trade(case: EntryCase) -> Check:
    """R34: what would be lost between entry and stop, in dollars."""
    loss = case.qty * (case.plan.reference - case.plan.stop)
    return at_most(Code.RISK_PER_TRADE, loss, case.limits.risk_per_trade.of(case.facts.equity))


def max_order_notional(case: EntryCase) -> Check:
    """R12: dollars in one order at its worst price."""
    return at_most(Code.MAX_ORDER_NOTIONAL, case.notional, case.limits.max_order_notional)


def max_position_size(case: EntryCase) -> Check:
    """R27: the symbol's share of equity, working orders included, as a ratio."""
    return _share_of_equity(
        Code.MAX_POSITION_SIZE, case, case.facts.symbol_exposure, case.limits.max_position.of(Decimal(1))
    )


def max_open_positions(case: EntryCase) -> Check:
    """R28: symbols with a position or a working entry, this one included."""
    symbols = case.facts.open_symbols | {case.signal.symbol}
    return at_most(Code.MAX_OPEN_POSITIONS, Decimal(len(symbols)), Decimal(case.limits.max_open_positions))


def gross_exposure(case: EntryCase) -> Check:
    """R29: everything held and on its way as a ratio of equity."""
    return _share_of_equity(
        Code.GROSS_EXPOSURE, case, case.facts.gross_exposure, case.limits.max_gross_exposure.of(Decimal(1))
    )


def buying_power(case: EntryCase) -> Check:
    """R25: the account can pay for the order at its worst price."""
    return at_most(Code.BUYING_POWER, case.notional, case.facts.buying_power)


def _share_of_equity(code: Code, case: EntryCase, exposure: Decimal, allowed: Decimal) -> Check:
    """Print the ratio to four places, rounded away from the limit: then a breach looks like one, and only a breach."""
    ratio = (exposure + case.notional) / case.facts.equity
    away = ROUND_CEILING if ratio > allowed else ROUND_FLOOR
    return at_most(code, ratio.quantize(_RATIO, away), allowed)


COMMON: Final[tuple[Callable[[Case], Check], ...]] = (
    trading_state,
    unresolved_order,
    account_active,
    market_open,
    minimum_confidence,
)
"""Asked of every order."""

EXIT_ONLY: Final[tuple[Callable[[Case], Check], ...]] = (no_short_selling,)
"""Asked of sales."""

ENTRY_ONLY: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    restricted_symbol,
    adviser_veto,
    fresh_price,
    sane_price,
    protective_stop,
    minimum_quantity,
    risk_per_trade,
    max_order_notional,
    max_position_size,
    max_open_positions,
    gross_exposure,
    buying_power,
)
"""Asked of orders that open or enlarge a position. An order that reduces risk is never held up by them."""
