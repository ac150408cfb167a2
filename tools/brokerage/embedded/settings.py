"""What an embedded account begins with, what trading costs on it, and what may go wrong."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from perun.tools.brokerage.embedded.rules import Halts
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Amount, Percent

Charge = Annotated[Amount, Field(ge=0)]


class ExchangeSettings(Frozen):
    """Where a new account starts, and the costs of every fill. `account`, `cash`, `start` matter only at creation."""

    account: str = ""
    """What a new account is called; empty draws a name that no other has."""
    cash: Charge = Decimal(100_000)
    """Opening cash in US dollars."""
    start: date
    """A recorded session; the new account's clock stands at its close."""
    commission_per_share: Charge = Decimal("0.0049")
    """US dollars."""
    commission_minimum: Charge = Decimal("0.99")
    """US dollars an execution."""
    commission_max_percent: Percent = Percent(Decimal(1))
    """Of the execution's notional; it caps the minimum too."""
    slippage_bps: Annotated[Amount, Field(ge=0, lt=10_000)] = Decimal(5)
    """Hundredths of a percent by which a market or stop order fills worse than its reference price."""
    partial_fill_percent: Annotated[int, Field(ge=0, le=100)] = 0
    """Of orders, those whose first execution is only a part; seeded by the order's id. The rest fills next session."""
    halts: Halts = frozenset()
    """(symbol, day) pairs on which a symbol does not trade: no fills, no new buys."""
