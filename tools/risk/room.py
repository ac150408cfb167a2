"""What already counts against each exposure limit when an order comes, and how many shares each one leaves room for."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from perun.tools.domain.money import ZERO
from perun.tools.risk.facts import EntryFacts
from perun.tools.risk.limits import Limits
from perun.tools.risk.statistics import Joining
from perun.tools.risk.totals import MARGIN


@dataclass(frozen=True)
class Counted:
    """What counts against the limits of one symbol before its order joins, in US dollars."""

    cash: Decimal
    """Cash left when everything on its way is paid."""
    sector: Decimal
    """In the symbol's sector. What has no known sector may be in it; a symbol without one is in the fullest."""
    cluster: Decimal
    """In symbols that move with this one, itself included; what has no history moves with everything."""
    tail: Joining
    """Value at risk, as it would be with the symbol."""


def count(facts: EntryFacts, limits: Limits) -> Counted:
    """Count once what both the size and the rules of an entry depend on."""
    totals, symbol = facts.totals, facts.symbol
    own, unknown = totals.sector_of.get(symbol), totals.sectors.get("", ZERO)
    known = [dollars for sector, dollars in totals.sectors.items() if sector and (own is None or sector == own)]
    moves, together, least = totals.returns.moves(symbol), totals.returns.together, limits.cluster_correlation
    alike = (held for other, held in totals.exposure.items() if together(symbol, other, least))
    return Counted(
        cash=facts.situation.portfolio.account.cash - totals.purchases,
        sector=unknown + max(known, default=ZERO),
        cluster=totals.gross if moves is None else sum(alike, ZERO),
        tail=Joining(totals.tail, moves),
    )


def exposure_bounds(
    facts: EntryFacts, limits: Limits, counted: Counted, reference: Decimal, worst: Decimal, stop: Decimal
) -> Iterator[Decimal]:
    """Shares that each limit of capital and exposure would allow by itself; below zero where it is passed already.

    Args:
        facts: complete facts for the symbol.
        limits: the limits in force.
        counted: what counts already.
        reference: what a share costs now, US dollars.
        worst: what a share is counted at.
        stop: where the protective stop stands, below the reference.
    """
    equity = facts.equity
    yield limits.risk_per_trade.of(equity) / (reference - stop)
    yield (limits.max_heat.of(equity) - facts.totals.heat) / (worst - stop)
    yield min(_dollars(facts, limits, counted)) / worst
    yield (equity - facts.totals.maintenance - limits.min_margin_cushion.of(equity)) / (MARGIN * worst)


def _dollars(facts: EntryFacts, limits: Limits, counted: Counted) -> Iterator[Decimal]:
    """Dollars, at the worst price, that may still join."""
    equity, multiplier = facts.equity, facts.situation.portfolio.account.multiplier
    yield facts.buying_power
    yield counted.cash - limits.min_cash.of(equity)
    yield limits.max_position.of(equity) - facts.symbol_exposure
    yield min(limits.max_gross_exposure.of(equity), multiplier * equity) - facts.gross_exposure
    yield limits.max_net_exposure.of(equity) - facts.totals.net
    yield limits.max_sector.of(equity) - counted.sector
    yield limits.max_cluster.of(equity) - counted.cluster
    yield counted.tail.room(limits.max_var.of(equity))
