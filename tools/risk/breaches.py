"""Refusal as data: the stable code of every rule, and how a check is written."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final

from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.verdicts import Check, as_said

_FOUR_PLACES: Final = Decimal("0.0001")
_ABSURD: Final = Decimal(10) ** 15


Number = Decimal | int


class Code(StrEnum):
    """The stable name of a rule. Other programs rely on these; add, never rename."""

    # A. Validity of the instruction
    MIN_CONFIDENCE = "MIN_CONFIDENCE"
    NO_SHORT_SELLING = "NO_SHORT_SELLING"
    TRADABLE_ASSET = "TRADABLE_ASSET"
    MINIMUM_QUANTITY = "MINIMUM_QUANTITY"
    MINIMUM_NOTIONAL = "MINIMUM_NOTIONAL"
    PROTECTIVE_STOP = "PROTECTIVE_STOP"
    DECISION_EXPIRED = "DECISION_EXPIRED"
    ADVISER_VETO = "ADVISER_VETO"

    # B. Erroneous and duplicative orders
    MAX_ORDER_QUANTITY = "MAX_ORDER_QUANTITY"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    PRICE_COLLAR = "PRICE_COLLAR"
    MAX_SPREAD = "MAX_SPREAD"
    MAX_PARTICIPATION = "MAX_PARTICIPATION"
    STALE_MARKET_DATA = "STALE_MARKET_DATA"
    MARKET_DATA_INVALID = "MARKET_DATA_INVALID"
    PRICE_JUMP = "PRICE_JUMP"
    DUPLICATE_ORDER_ID = "DUPLICATE_ORDER_ID"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    MAX_ORDERS_PER_MINUTE = "MAX_ORDERS_PER_MINUTE"
    MAX_ORDERS_PER_DAY = "MAX_ORDERS_PER_DAY"
    MAX_NOTIONAL_PER_HOUR = "MAX_NOTIONAL_PER_HOUR"
    MAX_ROUND_TRIPS = "MAX_ROUND_TRIPS"
    MAX_TURNOVER = "MAX_TURNOVER"

    # C. Capital and exposure
    RISK_PER_TRADE = "RISK_PER_TRADE"
    MAX_POSITION_SIZE = "MAX_POSITION_SIZE"
    MAX_OPEN_POSITIONS = "MAX_OPEN_POSITIONS"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    BUYING_POWER = "BUYING_POWER"
    CASH_FLOOR = "CASH_FLOOR"
    NET_EXPOSURE = "NET_EXPOSURE"
    LEVERAGE = "LEVERAGE"
    SECTOR_EXPOSURE = "SECTOR_EXPOSURE"
    CLUSTER_EXPOSURE = "CLUSTER_EXPOSURE"
    PORTFOLIO_HEAT = "PORTFOLIO_HEAT"
    VALUE_AT_RISK = "VALUE_AT_RISK"
    MARGIN_CUSHION = "MARGIN_CUSHION"
    MAX_ADDS = "MAX_ADDS"
    AVERAGING_DOWN = "AVERAGING_DOWN"

    # D. Losses
    DAILY_LOSS = "DAILY_LOSS"
    MAX_DRAWDOWN = "MAX_DRAWDOWN"
    WEEKLY_LOSS = "WEEKLY_LOSS"
    COOLDOWN = "COOLDOWN"
    STOP_OUTS = "STOP_OUTS"
    LOSSES_IN_A_ROW = "LOSSES_IN_A_ROW"
    UNPROTECTED_POSITION = "UNPROTECTED_POSITION"

    # E. Market state and regulation
    MARKET_OPEN = "MARKET_OPEN"
    AFTER_OPEN = "AFTER_OPEN"
    BEFORE_CLOSE = "BEFORE_CLOSE"
    TRADING_HALT = "TRADING_HALT"
    RESTRICTED_SYMBOL = "RESTRICTED_SYMBOL"
    SELF_CROSS = "SELF_CROSS"
    WASH_SALE = "WASH_SALE"
    CORPORATE_ACTION = "CORPORATE_ACTION"
    ACCOUNT_ACTIVE = "ACCOUNT_ACTIVE"

    # F. System state
    TRADING_STATE = "TRADING_STATE"
    UNRESOLVED_ORDER = "UNRESOLVED_ORDER"
    UNEXPLAINED_DIFFERENCE = "UNEXPLAINED_DIFFERENCE"
    CLOCK_SKEW = "CLOCK_SKEW"

    # What is not known, or cannot be true
    MISSING_PORTFOLIO = "MISSING_PORTFOLIO"
    MISSING_EQUITY = "MISSING_EQUITY"
    MISSING_HISTORY = "MISSING_HISTORY"
    MISSING_DECISION_TIME = "MISSING_DECISION_TIME"
    MISSING_QUOTE = "MISSING_QUOTE"
    MISSING_VOLATILITY = "MISSING_VOLATILITY"
    MISSING_PREVIOUS_CLOSE = "MISSING_PREVIOUS_CLOSE"
    MISSING_VOLUME = "MISSING_VOLUME"
    MISSING_ASSET = "MISSING_ASSET"
    MISSING_ORDER_PRICE = "MISSING_ORDER_PRICE"
    CONTRADICTING_POSITION = "CONTRADICTING_POSITION"


def at_most(code: Code, measured: Number, allowed: Number) -> Check:
    """A check that passes up to and including `allowed`."""
    return Check(code, measured, allowed, measured <= allowed)


def at_least(code: Code, measured: Number, allowed: Number) -> Check:
    """A check that passes from `allowed` upwards."""
    return Check(code, measured, allowed, measured >= allowed, wording=_from_upwards)


def ratio_at_most(code: Code, ratio: Decimal, allowed: Decimal) -> Check:
    """A check of a ratio that passes up to and including `allowed`; it is written to four places."""
    return Check(code, ratio, allowed, ratio <= allowed, wording=_to_four_places)


def ratio_at_least(code: Code, ratio: Decimal, allowed: Decimal) -> Check:
    """A check of a ratio that passes from `allowed` upwards, written likewise."""
    return Check(code, ratio, allowed, ratio >= allowed, wording=_to_four_places_upwards)


def between_nought_and(code: Code, measured: Number, allowed: Number) -> Check:
    """A check that passes from zero up to and including `allowed`."""
    if measured < ZERO:
        return Check(code, measured, f"0 to {allowed}", passed=False)
    return Check(code, measured, allowed, measured <= allowed)


def holds(code: Code, passed: bool, measured: str, allowed: str) -> Check:
    """A check of something that is not a number."""
    return Check(code, measured, allowed, passed)


def missing(code: Code, what: str) -> Check:
    """A fact that is not known: it denies, it never becomes a default."""
    return Check(code, "unknown", what, passed=False)


def _from_upwards(measured: Number, allowed: Number) -> tuple[str, str]:
    found, bound = as_said(measured, allowed)
    return found, f">= {bound}"


def _to_four_places(ratio: Decimal, allowed: Decimal) -> tuple[str, str]:
    return plain(_rounded_away(ratio, allowed)), plain(allowed)


def _to_four_places_upwards(ratio: Decimal, allowed: Decimal) -> tuple[str, str]:
    return plain(-_rounded_away(-ratio, -allowed)), f">= {plain(allowed)}"


def _rounded_away(ratio: Decimal, limit: Decimal) -> Decimal:
    """A ratio to four places, away from its limit: then a breach looks like one, and only a breach.

    One that is absurdly large, because what it was divided by is next to nothing, stays as it is.
    """
    if abs(ratio) > _ABSURD:
        return ratio
    return ratio.quantize(_FOUR_PLACES, ROUND_CEILING if ratio > limit else ROUND_FLOOR)
