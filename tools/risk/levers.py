"""What a person changes so that a rule answers otherwise: a setting, a file, a command; or why nothing does.

One row for every code of a verdict. `perun why`, `trace show` and the chat put it beside each rule that denied.
"""

from dataclasses import dataclass
from typing import Final

from perun.tools.risk.breaches import Code


@dataclass(frozen=True)
class Lever:
    """By what one code is governed."""

    settings: tuple[str, ...] = ()
    """Those that move what is allowed, the one that matters most first."""
    otherwise: str = ""
    """A file or a command that does so as well; without settings, why there is none."""

    def __str__(self) -> str:
        """In words, for a cell of a table."""
        return "; ".join(filter(None, (", ".join(self.settings), self.otherwise)))


_BROKER: Final = "the broker's word, not a setting"
_MARKET: Final = "the market's data, not a setting"
_STATE: Final = "the file HALT in DATA_DIR and latches: perun status tells which, perun resume --reason … lifts them"
_SIZED: Final = "the size that the tightest limit and the risk manager leave; none of its own"

LEVERS: Final[dict[str, Lever]] = {
    # A. Validity of the instruction
    Code.MIN_CONFIDENCE: Lever(("MIN_CONFIDENCE",)),
    Code.NO_SHORT_SELLING: Lever((), "none: this version sells only what is held"),
    Code.TRADABLE_ASSET: Lever((), _BROKER),
    Code.MINIMUM_QUANTITY: Lever((), _SIZED),
    Code.MINIMUM_NOTIONAL: Lever((), _SIZED),
    Code.PROTECTIVE_STOP: Lever(("STOP_ATR_MULTIPLE",)),
    Code.DECISION_EXPIRED: Lever(("DECISION_TTL_SECONDS",)),
    Code.ADVISER_VETO: Lever((), "none: the risk manager decided; perun trace fork asks it again"),
    # B. Erroneous and duplicative orders
    Code.MAX_ORDER_QUANTITY: Lever(("MAX_ORDER_QUANTITY",)),
    Code.MAX_ORDER_NOTIONAL: Lever(("MAX_ORDER_NOTIONAL", "PRICE_COLLAR_PERCENT")),
    Code.PRICE_COLLAR: Lever(("PRICE_COLLAR_PERCENT",)),
    Code.MAX_SPREAD: Lever(("MAX_SPREAD_PERCENT",)),
    Code.MAX_PARTICIPATION: Lever(("MAX_PARTICIPATION_PERCENT",)),
    Code.STALE_MARKET_DATA: Lever(("MAX_QUOTE_AGE_SECONDS",)),
    Code.MARKET_DATA_INVALID: Lever((), _MARKET),
    Code.PRICE_JUMP: Lever(("MAX_PRICE_JUMP_PERCENT",)),
    Code.DUPLICATE_ORDER_ID: Lever((), "none: a slot sends an order once; another --slot is another order"),
    Code.DUPLICATE_ORDER: Lever(("DUPLICATE_WINDOW_MINUTES",)),
    Code.MAX_ORDERS_PER_MINUTE: Lever(("MAX_ORDERS_PER_MINUTE",)),
    Code.MAX_ORDERS_PER_DAY: Lever(("MAX_ORDERS_PER_DAY",)),
    Code.MAX_NOTIONAL_PER_HOUR: Lever(("MAX_NOTIONAL_PER_HOUR",)),
    Code.MAX_ROUND_TRIPS: Lever(("MAX_ROUND_TRIPS_PER_DAY",)),
    Code.MAX_TURNOVER: Lever(("MAX_TURNOVER_PERCENT",)),
    # C. Capital and exposure
    Code.RISK_PER_TRADE: Lever(("RISK_LIMIT_PERCENT", "STOP_ATR_MULTIPLE")),
    Code.MAX_POSITION_SIZE: Lever(("MAX_POSITION_PERCENT",)),
    Code.MAX_OPEN_POSITIONS: Lever(("MAX_OPEN_POSITIONS",)),
    Code.GROSS_EXPOSURE: Lever(("MAX_GROSS_EXPOSURE_PERCENT",)),
    Code.BUYING_POWER: Lever((), _BROKER),
    Code.CASH_FLOOR: Lever(("MIN_CASH_PERCENT",)),
    Code.NET_EXPOSURE: Lever(("MAX_NET_EXPOSURE_PERCENT",)),
    Code.LEVERAGE: Lever((), _BROKER),
    Code.SECTOR_EXPOSURE: Lever(("MAX_SECTOR_PERCENT",), "the file sectors.csv in DATA_DIR"),
    Code.CLUSTER_EXPOSURE: Lever(("MAX_CLUSTER_PERCENT", "CLUSTER_CORRELATION")),
    Code.PORTFOLIO_HEAT: Lever(("MAX_HEAT_PERCENT",)),
    Code.VALUE_AT_RISK: Lever(("MAX_VAR_PERCENT",)),
    Code.MARGIN_CUSHION: Lever(("MIN_MARGIN_CUSHION_PERCENT",)),
    Code.MAX_ADDS: Lever(("MAX_ADDS",)),
    Code.AVERAGING_DOWN: Lever(("MAX_ADD_LOSS_PERCENT",)),
    # D. Losses
    Code.DAILY_LOSS: Lever(("DAILY_LOSS_LIMIT_PERCENT",)),
    Code.MAX_DRAWDOWN: Lever(("MAX_DRAWDOWN_PERCENT",)),
    Code.WEEKLY_LOSS: Lever(("WEEKLY_LOSS_LIMIT_PERCENT",)),
    Code.COOLDOWN: Lever(("COOLDOWN_MINUTES",)),
    Code.STOP_OUTS: Lever(("MAX_STOP_OUTS",)),
    Code.LOSSES_IN_A_ROW: Lever(("MAX_LOSSES_IN_A_ROW",)),
    Code.UNPROTECTED_POSITION: Lever((), "perun reconcile puts missing stops back"),
    # E. Market state and regulation
    Code.MARKET_OPEN: Lever((), "none: the market's hours; TRADING_SCHEDULE says when the desk looks"),
    Code.AFTER_OPEN: Lever(("NO_ENTRY_FIRST_MINUTES",)),
    Code.BEFORE_CLOSE: Lever(("NO_ENTRY_LAST_MINUTES",)),
    Code.TRADING_HALT: Lever((), "none: the exchange's halt"),
    Code.RESTRICTED_SYMBOL: Lever(("RESTRICTED_SYMBOLS",)),
    Code.SELF_CROSS: Lever((), "the working order on the other side: perun flatten --yes cancels every one"),
    Code.WASH_SALE: Lever((), "none: it warns and denies nothing"),
    Code.CORPORATE_ACTION: Lever(("MAX_PRICE_JUMP_PERCENT",)),
    Code.ACCOUNT_ACTIVE: Lever((), _BROKER),
    # F. System state
    Code.TRADING_STATE: Lever(
        (
            "DAILY_LOSS_LIMIT_PERCENT",
            "WEEKLY_LOSS_LIMIT_PERCENT",
            "MAX_DRAWDOWN_PERCENT",
            "MAX_CONSECUTIVE_REJECTS",
        ),
        _STATE,
    ),
    Code.UNRESOLVED_ORDER: Lever((), "perun reconcile looks the order up"),
    Code.UNEXPLAINED_DIFFERENCE: Lever((), "perun resume --reason … acknowledges it, once a person has looked"),
    Code.CLOCK_SKEW: Lever(("MAX_CLOCK_SKEW_SECONDS",), "this machine's clock"),
    # What is not known, or cannot be true
    Code.MISSING_PORTFOLIO: Lever((), _BROKER),
    Code.MISSING_EQUITY: Lever((), _BROKER),
    Code.MISSING_HISTORY: Lever((), "the desk's own ledger: perun doctor looks it through"),
    Code.MISSING_DECISION_TIME: Lever((), "none: a decision without its time is not sent"),
    Code.MISSING_QUOTE: Lever((), _MARKET),
    Code.MISSING_VOLATILITY: Lever((), _MARKET),
    Code.MISSING_PREVIOUS_CLOSE: Lever((), _MARKET),
    Code.MISSING_VOLUME: Lever((), _MARKET),
    Code.MISSING_ASSET: Lever((), _BROKER),
    Code.MISSING_ORDER_PRICE: Lever((), _MARKET),
    Code.CONTRADICTING_POSITION: Lever((), "the broker's books contradict each other: perun reconcile compares them"),
}
"""The lever of every code."""

SETTINGS: Final = frozenset(name for each in LEVERS.values() for name in each.settings)
"""Every setting that governs some rule."""
_UNKNOWN: Final = Lever((), "a rule of another version of Perun")


def lever(code: str) -> Lever:
    """By what the code is governed; a record may hold codes that this version does not know."""
    return LEVERS.get(code, _UNKNOWN)
