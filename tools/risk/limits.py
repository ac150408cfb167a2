"""What a desk may do at most: every limit of the gate, as one frozen and hashable noun."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount, Percent

Count = Annotated[int, Field(ge=0, le=10**9)]
"""Of orders, shares, seconds or minutes; what is larger is an error of whoever set it."""


class Limits(Frozen):
    """The limits in force. They are read once from settings; no model, tool or prompt can change them."""

    min_confidence: Annotated[float, Field(ge=0, le=1)]
    risk_per_trade: Percent
    """Most of equity that one trade may lose between entry and stop."""
    max_position: Percent
    """Most of equity in one symbol, working orders included."""
    max_open_positions: Count
    max_order_notional: Annotated[Amount, Field(ge=0)]
    """US dollars."""
    max_gross_exposure: Percent
    """Most of equity in all symbols together, working orders included."""
    price_collar: Percent
    """How much worse than the quote a market order is counted."""
    max_quote_age_seconds: Count
    stop_atr_multiple: Annotated[Decimal, Field(gt=0, le=1000)]
    """Distance from entry to stop, in average true ranges."""
    restricted: tuple[Symbol, ...] = ()

    # B. Erroneous and duplicative orders
    max_order_quantity: Count
    """Shares in one order."""
    max_spread: Percent
    """Widest spread between bid and ask, of their middle."""
    max_participation: Percent
    """Most of the average daily volume of 20 sessions."""
    max_price_jump: Percent
    """Furthest that a price may stand from the previous close."""
    duplicate_window_minutes: Count
    """Within so many minutes nearly the same order is a duplicate."""
    max_orders_per_minute: Count
    max_orders_per_day: Count
    """Entries in one session."""
    max_notional_per_hour: Annotated[Amount, Field(ge=0)]
    """US dollars of entries within an hour."""
    max_round_trips_per_day: Count
    """In one symbol."""
    max_consecutive_rejects: Count
    """Orders refused by the broker one after another, after which the desk only reduces."""
    max_turnover: Percent
    """Dollars traded in one session, of equity."""
    decision_ttl_seconds: Count
    """How old a decision may be when its order is sent."""

    # C. Capital and exposure
    min_cash: Percent
    """Least cash that an entry leaves, of equity."""
    max_net_exposure: Percent
    max_sector: Percent
    """Most of equity in one sector; what has no known sector counts in the fullest."""
    sectors: tuple[tuple[Symbol, str], ...] = ()
    """A person's own sectors by symbol; they overrule the listed ones, and so move what a sector's limit lets pass."""
    max_cluster: Percent
    """Most of equity in symbols that move together."""
    cluster_correlation: Annotated[Decimal, Field(ge=-1, le=1)]
    """From this correlation of daily returns on, symbols move together."""
    max_heat: Percent
    """Most of equity that all positions may lose together down to their stops."""
    max_var: Percent
    """Most of equity that the book may lose on one day in a hundred."""
    min_margin_cushion: Percent
    """Least equity left above the maintenance margin, of equity."""
    max_adds: Count
    """Times that an open position may be enlarged."""
    max_add_loss: Percent
    """A position that has lost more than this is not enlarged."""

    # D. Losses
    daily_loss: Percent
    """Loss in one session after which the desk only reduces."""
    weekly_loss: Percent
    """Loss over five sessions after which the desk only reduces."""
    max_drawdown: Percent
    """Fall from the high-water mark after which the desk halts."""
    cooldown_minutes: Count
    """No entry in a symbol for so long after a sale."""
    max_stop_outs: Count
    """Protective stops that may sell in one symbol within five days; then its entries wait."""
    max_losses_in_a_row: Count
    """Losing sales in one symbol one after another; then its entries wait five days."""

    # E. Market state
    no_entry_first_minutes: Count
    no_entry_last_minutes: Count

    # F. System state
    max_clock_skew_seconds: Count
    """Between the machine's clock and the broker's."""

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name these limits in every verdict."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Limits":
        """Other limits, checked like all limits and named anew."""
        return Limits.model_validate({**dict(self), **(update or {})})
