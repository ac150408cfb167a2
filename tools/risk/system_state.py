"""F: is the desk itself in order? Rules R58 to R62."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from perun.tools.domain.standing import TradingState
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, holds
from perun.tools.risk.cases import Case, EntryCase

NOTABLE_SKEW: Final = Decimal(2)
"""Seconds beyond which a clock's difference is worth a person's look."""


def trading_state(case: Case) -> Check:
    """R23, R40 to R42, R58, R59: HALTED lets nothing out, REDUCING only what reduces."""
    state = case.situation.standing.state
    passed = state is TradingState.ACTIVE or (state is TradingState.REDUCING and not case.is_entry)
    allowed = "ACTIVE" if case.is_entry else "ACTIVE or REDUCING"
    return holds(Code.TRADING_STATE, passed=passed, measured=state, allowed=allowed)


def unresolved_order(case: Case) -> Check:
    """R60: no order in this symbol is in doubt; while one is, not even the position is known."""
    doubted = case.situation.standing.doubts_about(case.symbol)
    return holds(Code.UNRESOLVED_ORDER, passed=not doubted, measured="in doubt" if doubted else "none", allowed="none")


def explained_books(case: EntryCase) -> Check:
    """R60: no difference with the broker stands that no person has acknowledged, in whatever symbol."""
    found = ", ".join(sorted(symbol or "cash" for symbol in case.facts.conduct.unexplained))
    return holds(Code.UNEXPLAINED_DIFFERENCE, passed=not found, measured=found or "none", allowed="none")


def clock_skew(case: EntryCase) -> Check:
    """R62: seconds between the machine's clock and the broker's, either way; more than two are worth a look."""
    skew, most = case.situation.skew_seconds, case.limits.max_clock_skew_seconds
    if skew is None:
        return holds(Code.CLOCK_SKEW, passed=True, measured="a time of its own", allowed=f"at most {most} seconds")
    passed = abs(skew) <= most
    return Check(Code.CLOCK_SKEW, abs(skew), most, passed, warns=passed and abs(skew) > NOTABLE_SKEW)


SYSTEM_STATE: Final[tuple[Callable[[Case], Check], ...]] = (trading_state, unresolved_order)
"""Asked of every order."""

ENTRY_SYSTEM: Final[tuple[Callable[[EntryCase], Check], ...]] = (explained_books, clock_skew)
"""Asked of orders that open or enlarge a position."""
