"""Every pre-trade rule that a professional would expect, and where each is kept: by the gate, elsewhere, or not at all.

Numbers and standard names follow the catalogue that the desk was built from (R01 to R64, families A to F); X01 to X03
are the desk's own. `perun config rules` prints it, and a test holds it against the gate and its limits.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from perun.tools.risk.breaches import Code


class Family(StrEnum):
    """What a rule is about."""

    VALIDITY = "A. Validity of the instruction"
    ORDERS = "B. Erroneous and duplicative orders"
    EXPOSURE = "C. Capital and exposure"
    LOSSES = "D. Losses"
    MARKET = "E. Market state and regulation"
    SYSTEM = "F. System state"
    DESK = "X. The desk's own"


class Kept(StrEnum):
    """Where a rule is kept."""

    ALWAYS = "every order"
    """The gate asks it of entries and exits."""
    ENTRIES = "entries"
    """The gate asks it of what opens or enlarges a position; an exit is never held up by it."""
    EXITS = "exits"
    """The gate asks it of what reduces a position."""
    ELSEWHERE = "elsewhere"
    """Another part of the desk keeps it, so that the gate has nothing to ask; the note says which."""
    LEFT_OUT = "left out"
    """Nobody keeps it; the note says why."""


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue."""

    id: str
    name: str
    """Its standard name."""
    family: Family
    kept: Kept
    codes: tuple[Code, ...] = ()
    """Under which it is found in a verdict."""
    settings: tuple[str, ...] = ()
    """By which a person sets its limits."""
    note: str = ""
    """Why it is left out, where it is kept, or what of it is not measured."""


def _rule(id_: str, name: str, kept: Kept, codes: str = "", settings: str = "") -> Rule:
    """A row; its codes and settings are separated by blanks, its family follows from its place."""
    family = next(family for last, family in _FAMILIES.items() if id_ <= last)
    return Rule(id_, name, family, kept, tuple(map(Code, codes.split())), tuple(settings.split()), _NOTES.get(id_, ""))


_FAMILIES: Final = dict(zip(("R10", "R24", "R39", "R46", "R57", "R64", "X99"), Family, strict=True))
"""By the last rule of each."""
_NO_SHORTS: Final = "ALLOW_SHORT=true is refused: this version sells nothing short."
_NOTES: Final = {
    "R01": (
        "The nouns refuse NaN, infinities, unknown fields and sizes beyond reach: nothing of the kind comes "
        "as far as the gate."
    ),
    "R02": "An exit is not held up where the broker lists nothing.",
    "R03": (
        "The gate makes three forms of order: a market day entry with its stop, a market day exit, a GTC "
        "stop; all for the regular session."
    ),
    "R04": "Entries and stops are made of whole shares; an exit sells what is held.",
    "R05": "Every stop is put on the price grid, towards the entry.",
    "R06": "A share, and a dollar.",
    "R10": "The age of single pieces of evidence is not measured.",
    "R11": "One limit for all symbols.",
    "R12": "A market order counts at the ask and the collar.",
    "R13": "Ask against last trade; the desk sends no limit prices.",
    "R15": "In shares; in dollars it would be the same cap at the same price.",
    "R16": "The age of the last trade is not told and not measured.",
    "R18": "The ledger and the broker refuse it as well.",
    "R19": "Symbol and side, whatever the size. A second exit is measured exactly, by R08 and R60.",
    "R20": "Denied attempts are not counted, nor symbols apart.",
    "R23": "Latched by the desk as REDUCING; counts what the broker refuses.",
    "R26": "Settlement dates are not told and not measured.",
    "R31": "The broker's own multiplier is the ceiling.",
    "R32": "What has no known sector counts in the fullest. `sectors.csv` in DATA_DIR overrules the listed ones.",
    "R33": "What has no history moves with everything.",
    "R35": "A position without a stop counts whole.",
    "R36": "Nothing is set off against anything; a tenth of what has too little history.",
    "R39": "There is no calendar of earnings and splits to measure it by.",
    "R40": "Measured for each order; the desk latches it as REDUCING.",
    "R41": "Measured for each order; the desk latches it as HALTED.",
    "R42": "Five sessions; a month is not measured.",
    "R46": "The desk puts missing stops back as well.",
    "R47": "The minutes after the open and before the close bear on entries alone.",
    "R48": (
        "As far as the broker tells of it; otherwise a halted symbol's quote is stale. The market-wide "
        "breaker is the broker's clock."
    ),
    "R50": _NO_SHORTS,
    "R51": _NO_SHORTS,
    "R53": "It warns and denies nothing. A sale after a purchase is not looked at.",
    "R54": "The rule ended in 2026; R37 took its place.",
    "R55": "The broker does not tell what has settled.",
    "R56": "By its effect: broker and market must agree on the price of what is held.",
    "R59": "`perun halt` and the file HALT; looked at once more just before every order is sent.",
    "R60": "A difference that nobody has acknowledged holds up entries alone.",
    "R61": "A ledger that cannot be written stops the order before it is sent. Free disk space is not measured.",
    "R62": "It warns from two seconds on.",
    "R63": (
        "An evidence id that nobody was shown is dropped where the signal is formed; numbers that are cited "
        "are not compared."
    ),
    "R64": "The start refuses a live account without consent; every verdict names the limits by their hash.",
    "X02": "Nobody can talk the desk out of reducing risk.",
    "X03": "Without a cent of equity there is nothing to measure against.",
}
_A, _E, _X, _O, _N = Kept.ALWAYS, Kept.ENTRIES, Kept.EXITS, Kept.ELSEWHERE, Kept.LEFT_OUT

RULES: Final[tuple[Rule, ...]] = (
    # A. Validity of the instruction
    _rule("R01", "Well-formed order", _O),
    _rule("R02", "Tradable instrument", _A, "TRADABLE_ASSET MISSING_ASSET"),
    _rule("R03", "Order type, time in force and session", _O),
    _rule("R04", "Lot size and fractions", _O),
    _rule("R05", "Tick size", _O),
    _rule("R06", "Minimum quantity and notional", _E, "MINIMUM_QUANTITY MINIMUM_NOTIONAL"),
    _rule("R07", "Bracket geometry", _E, "PROTECTIVE_STOP", "STOP_ATR_MULTIPLE"),
    _rule("R08", "Reduce-only integrity", _X, "NO_SHORT_SELLING"),
    _rule("R09", "Position flip through zero", _X, "NO_SHORT_SELLING"),
    _rule("R10", "Decision time-to-live", _E, "DECISION_EXPIRED MISSING_DECISION_TIME", "DECISION_TTL_SECONDS"),
    # B. Erroneous and duplicative orders
    _rule("R11", "Maximum order quantity", _E, "MAX_ORDER_QUANTITY", "MAX_ORDER_QUANTITY"),
    _rule("R12", "Maximum order notional", _E, "MAX_ORDER_NOTIONAL", "MAX_ORDER_NOTIONAL PRICE_COLLAR_PERCENT"),
    _rule("R13", "Fat-finger price collar", _E, "PRICE_COLLAR", "PRICE_COLLAR_PERCENT"),
    _rule("R14", "Spread guard for market orders", _E, "MAX_SPREAD", "MAX_SPREAD_PERCENT"),
    _rule("R15", "Participation cap", _E, "MAX_PARTICIPATION MISSING_VOLUME", "MAX_PARTICIPATION_PERCENT"),
    _rule("R16", "Stale market data", _E, "STALE_MARKET_DATA MISSING_QUOTE", "MAX_QUOTE_AGE_SECONDS"),
    _rule(
        "R17",
        "Market-data sanity",
        _E,
        "MARKET_DATA_INVALID PRICE_JUMP MISSING_PREVIOUS_CLOSE",
        "MAX_PRICE_JUMP_PERCENT",
    ),
    _rule("R18", "Duplicate order, by key", _A, "DUPLICATE_ORDER_ID"),
    _rule("R19", "Duplicate order, by fingerprint", _E, "DUPLICATE_ORDER", "DUPLICATE_WINDOW_MINUTES"),
    _rule(
        "R20",
        "Order rate throttle",
        _E,
        "MAX_ORDERS_PER_MINUTE MAX_ORDERS_PER_DAY",
        "MAX_ORDERS_PER_MINUTE MAX_ORDERS_PER_DAY",
    ),
    _rule("R21", "Cumulative notional in window", _E, "MAX_NOTIONAL_PER_HOUR", "MAX_NOTIONAL_PER_HOUR"),
    _rule("R22", "Repeated-execution throttle", _E, "MAX_ROUND_TRIPS", "MAX_ROUND_TRIPS_PER_DAY"),
    _rule("R23", "Consecutive-reject breaker", _E, "TRADING_STATE", "MAX_CONSECUTIVE_REJECTS"),
    _rule("R24", "Daily turnover cap", _E, "MAX_TURNOVER", "MAX_TURNOVER_PERCENT"),
    # C. Capital and exposure
    _rule("R25", "Buying power", _E, "BUYING_POWER MISSING_ORDER_PRICE"),
    _rule("R26", "Cash floor", _E, "CASH_FLOOR", "MIN_CASH_PERCENT"),
    _rule("R27", "Maximum position size", _E, "MAX_POSITION_SIZE", "MAX_POSITION_PERCENT"),
    _rule("R28", "Maximum open positions", _E, "MAX_OPEN_POSITIONS", "MAX_OPEN_POSITIONS"),
    _rule("R29", "Gross exposure", _E, "GROSS_EXPOSURE CONTRADICTING_POSITION", "MAX_GROSS_EXPOSURE_PERCENT"),
    _rule("R30", "Net exposure", _E, "NET_EXPOSURE", "MAX_NET_EXPOSURE_PERCENT"),
    _rule("R31", "Leverage", _E, "LEVERAGE"),
    _rule("R32", "Sector exposure", _E, "SECTOR_EXPOSURE", "MAX_SECTOR_PERCENT DATA_DIR"),
    _rule("R33", "Correlated exposure", _E, "CLUSTER_EXPOSURE", "MAX_CLUSTER_PERCENT CLUSTER_CORRELATION"),
    _rule(
        "R34",
        "Per-trade risk",
        _E,
        "RISK_PER_TRADE PROTECTIVE_STOP MISSING_VOLATILITY",
        "RISK_LIMIT_PERCENT STOP_ATR_MULTIPLE",
    ),
    _rule("R35", "Portfolio heat", _E, "PORTFOLIO_HEAT", "MAX_HEAT_PERCENT"),
    _rule("R36", "Portfolio value at risk", _E, "VALUE_AT_RISK", "MAX_VAR_PERCENT"),
    _rule("R37", "Margin cushion", _E, "MARGIN_CUSHION", "MIN_MARGIN_CUSHION_PERCENT"),
    _rule("R38", "Averaging down and pyramiding", _E, "MAX_ADDS AVERAGING_DOWN", "MAX_ADDS MAX_ADD_LOSS_PERCENT"),
    _rule("R39", "Overnight and event exposure", _N),
    # D. Losses
    _rule("R40", "Daily loss limit", _E, "DAILY_LOSS TRADING_STATE", "DAILY_LOSS_LIMIT_PERCENT"),
    _rule("R41", "Maximum drawdown", _E, "MAX_DRAWDOWN TRADING_STATE", "MAX_DRAWDOWN_PERCENT"),
    _rule("R42", "Weekly loss", _E, "WEEKLY_LOSS TRADING_STATE", "WEEKLY_LOSS_LIMIT_PERCENT"),
    _rule("R43", "Cooldown period", _E, "COOLDOWN", "COOLDOWN_MINUTES"),
    _rule("R44", "Stoploss guard", _E, "STOP_OUTS", "MAX_STOP_OUTS"),
    _rule("R45", "Loss streak", _E, "LOSSES_IN_A_ROW", "MAX_LOSSES_IN_A_ROW"),
    _rule("R46", "Protective exit present", _E, "UNPROTECTED_POSITION"),
    # E. Market state and regulation
    _rule(
        "R47", "Market hours", _A, "MARKET_OPEN AFTER_OPEN BEFORE_CLOSE", "NO_ENTRY_FIRST_MINUTES NO_ENTRY_LAST_MINUTES"
    ),
    _rule("R48", "Trading halt", _A, "TRADING_HALT"),
    _rule("R49", "Restricted list", _E, "RESTRICTED_SYMBOL", "RESTRICTED_SYMBOLS"),
    _rule("R50", "Short-sale permission and borrow", _N),
    _rule("R51", "Short-sale price test", _N),
    _rule("R52", "Self-cross", _A, "SELF_CROSS"),
    _rule("R53", "Wash sale", _E, "WASH_SALE"),
    _rule("R54", "Day-trade counter", _N),
    _rule("R55", "Good-faith violation", _N),
    _rule("R56", "Corporate-action blackout", _E, "CORPORATE_ACTION", "MAX_PRICE_JUMP_PERCENT"),
    _rule("R57", "Account flags", _A, "ACCOUNT_ACTIVE"),
    # F. System state
    _rule("R58", "Trading state", _A, "TRADING_STATE"),
    _rule("R59", "Kill switch", _A, "TRADING_STATE"),
    _rule("R60", "Reconciliation clean", _A, "UNRESOLVED_ORDER UNEXPLAINED_DIFFERENCE"),
    _rule("R61", "Dependency health", _A, "MISSING_PORTFOLIO MISSING_HISTORY"),
    _rule("R62", "Clock skew", _E, "CLOCK_SKEW", "MAX_CLOCK_SKEW_SECONDS"),
    _rule("R63", "Provenance of the decision", _O),
    _rule("R64", "Live-mode arming", _O, "", "ALPACA_PAPER LIVE_TRADING"),
    # X. The desk's own
    _rule("X01", "Least confidence", _A, "MIN_CONFIDENCE", "MIN_CONFIDENCE"),
    _rule("X02", "Adviser's veto", _E, "ADVISER_VETO"),
    _rule("X03", "Equity", _E, "MISSING_EQUITY"),
)
"""The whole catalogue, in its own order."""
