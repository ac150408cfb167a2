"""What a desk may do at most: every limit of the gate, as one frozen and hashable noun."""

import hashlib
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Amount, Percent


class Limits(Frozen):
    """The limits in force. They are read once from settings; no model, tool or prompt can change them."""

    min_confidence: Annotated[float, Field(ge=0, le=1)]
    risk_per_trade: Percent
    """Most of equity that one trade may lose between entry and stop."""
    max_position: Percent
    """Most of equity in one symbol, working orders included."""
    max_open_positions: Annotated[int, Field(ge=0)]
    max_order_notional: Annotated[Amount, Field(ge=0)]
    """US dollars."""
    max_gross_exposure: Percent
    """Most of equity in all symbols together, working orders included."""
    price_collar: Percent
    """How much worse than the quote a market order is counted."""
    max_quote_age_seconds: Annotated[int, Field(ge=0)]
    stop_atr_multiple: Annotated[Decimal, Field(gt=0)]
    """Distance from entry to stop, in average true ranges."""
    restricted: tuple[Symbol, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name these limits in every verdict."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
