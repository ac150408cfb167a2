"""Refusal as data: the stable code of every rule, and how a check is written."""

from decimal import Decimal
from enum import StrEnum

from perun.tools.domain.money import plain
from perun.tools.domain.verdicts import Check


class Code(StrEnum):
    """The stable name of a rule. Other programs rely on these; add, never rename."""

    TRADING_STATE = "TRADING_STATE"
    UNRESOLVED_ORDER = "UNRESOLVED_ORDER"
    ACCOUNT_ACTIVE = "ACCOUNT_ACTIVE"
    MARKET_OPEN = "MARKET_OPEN"
    MIN_CONFIDENCE = "MIN_CONFIDENCE"
    NO_SHORT_SELLING = "NO_SHORT_SELLING"
    MINIMUM_QUANTITY = "MINIMUM_QUANTITY"
    RESTRICTED_SYMBOL = "RESTRICTED_SYMBOL"
    ADVISER_VETO = "ADVISER_VETO"
    STALE_MARKET_DATA = "STALE_MARKET_DATA"
    MARKET_DATA_INVALID = "MARKET_DATA_INVALID"
    PROTECTIVE_STOP = "PROTECTIVE_STOP"
    RISK_PER_TRADE = "RISK_PER_TRADE"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    MAX_POSITION_SIZE = "MAX_POSITION_SIZE"
    MAX_OPEN_POSITIONS = "MAX_OPEN_POSITIONS"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    BUYING_POWER = "BUYING_POWER"
    MISSING_PORTFOLIO = "MISSING_PORTFOLIO"
    MISSING_EQUITY = "MISSING_EQUITY"
    MISSING_QUOTE = "MISSING_QUOTE"
    MISSING_VOLATILITY = "MISSING_VOLATILITY"
    MISSING_ORDER_PRICE = "MISSING_ORDER_PRICE"
    CONTRADICTING_POSITION = "CONTRADICTING_POSITION"


def at_most(code: Code, measured: Decimal, allowed: Decimal) -> Check:
    """A check that passes up to and including `allowed`."""
    return Check(code=code, measured=plain(measured), allowed=plain(allowed), passed=measured <= allowed)


def at_least(code: Code, measured: Decimal, allowed: Decimal) -> Check:
    """A check that passes from `allowed` upwards."""
    return Check(code=code, measured=plain(measured), allowed=f">= {plain(allowed)}", passed=measured >= allowed)


def holds(code: Code, passed: bool, measured: str, allowed: str) -> Check:
    """A check of something that is not a number."""
    return Check(code=code, measured=measured, allowed=allowed, passed=passed)


def missing(code: Code, what: str) -> Check:
    """A fact that is not known: it denies, it never becomes a default."""
    return Check(code=code, measured="unknown", allowed=what, passed=False)
