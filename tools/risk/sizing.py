"""How many shares: the least that any limit allows, rounded down; never more than anybody asked for."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from perun.tools.domain.money import ZERO, Percent, whole_shares
from perun.tools.risk.facts import EntryFacts
from perun.tools.risk.limits import Limits
from perun.tools.risk.room import Counted, count, exposure_bounds
from perun.tools.risk.traffic import order_bounds


@dataclass(frozen=True)
class EntryPlan:
    """An entry as it would be sent: shares, and the prices (US dollars a share) by which it is judged."""

    qty: Decimal
    reference: Decimal
    """The ask: what a share costs now."""
    worst: Decimal
    """What a share is counted at: the ask and the price collar."""
    stop: Decimal
    """Where the protective stop stands; zero or less when no sensible stop exists."""
    counted: Counted
    """What counts against the limits of exposure before this order joins."""


def plan_entry(facts: EntryFacts, limits: Limits, keep: Percent, ceiling: Decimal | None) -> EntryPlan:
    """Size an entry.

    Args:
        facts: complete facts for the symbol.
        limits: the limits in force.
        keep: how much of the size the risk manager lets stand; more than all of it is all of it.
        ceiling: shares that were approved earlier; the plan never exceeds them.
    """
    reference = facts.quote.ask
    worst = reference + limits.price_collar.of(reference)
    stop = on_tick(reference - limits.stop_atr_multiple * facts.atr)
    full, counted = ZERO, count(facts, limits)
    if stop < reference:
        bounds = exposure_bounds(facts, limits, counted, reference, worst, stop)
        full = min(*order_bounds(facts, limits, worst), *bounds)
    qty = max(ZERO, whole_shares(min(full, keep.of(full))))
    if ceiling is not None:
        qty = min(qty, whole_shares(ceiling))
    return EntryPlan(qty=qty, reference=reference, worst=worst, stop=stop, counted=counted)


def on_tick(price: Decimal) -> Decimal:
    """The price on the exchange's grid, rounded up: a stop comes nearer, so that the loss can only be smaller."""
    return price.quantize(Decimal("0.01") if price >= 1 else Decimal("0.0001"), ROUND_CEILING)
