"""The rules in their one fixed order: each a pure question to the facts, answered with the measured and the allowed.

A family of the catalogue is a file: validity (A), order_flow (B), exposure (C), losses (D), market_state (E) and
system_state (F). An order that reduces risk is asked whether it is valid, new and no self-cross, whether broker, market
and the desk's own state let it out, and nothing else: no limit on size, pace, exposure or loss holds it up.
"""

from collections.abc import Callable
from typing import Final

from perun.tools.domain.verdicts import Check
from perun.tools.risk.cases import Case, EntryCase
from perun.tools.risk.exposure import EXPOSURE
from perun.tools.risk.losses import LOSSES
from perun.tools.risk.market_state import ENTRY_MARKET, MARKET_STATE
from perun.tools.risk.order_flow import ENTRY_FLOW, ORDER_FLOW
from perun.tools.risk.system_state import ENTRY_SYSTEM, SYSTEM_STATE
from perun.tools.risk.validity import VALID_ENTRY, VALID_EXIT, VALIDITY

COMMON: Final[tuple[Callable[[Case], Check], ...]] = (*SYSTEM_STATE, *MARKET_STATE, *ORDER_FLOW, *VALIDITY)
"""Asked of every order."""

EXIT_ONLY: Final[tuple[Callable[[Case], Check], ...]] = VALID_EXIT
"""Asked of sales."""

ENTRY_ONLY: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    *VALID_ENTRY,
    *ENTRY_FLOW,
    *EXPOSURE,
    *LOSSES,
    *ENTRY_MARKET,
    *ENTRY_SYSTEM,
)
"""Asked of orders that open or enlarge a position. An order that reduces risk is never held up by them."""
