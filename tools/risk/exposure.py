"""Capital and exposure (R25 to R38): what the account, the book and each part of it may carry, this order included.

Every rule here holds for entries alone and counts the book as it would be: positions, working orders, orders in doubt,
what the batch reserved before, and this order at its worst price. R39, exposure over events, is left out: the desk has
no calendar of earnings and splits to measure it by.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from perun.tools.domain.money import ZERO, Percent
from perun.tools.domain.portfolio import Position
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_least, at_most, ratio_at_least, ratio_at_most
from perun.tools.risk.cases import EntryCase
from perun.tools.risk.totals import MARGIN

_PAST_ANY_LIMIT: Final = Decimal(1000)


def buying_power(case: EntryCase) -> Check:
    """R25: the account can pay for the order at its worst price."""
    return at_most(Code.BUYING_POWER, case.notional, case.facts.buying_power)


def cash_floor(case: EntryCase) -> Check:
    """R26: cash left after everything on its way and this order, in dollars; nothing is bought with borrowed money."""
    left = case.plan.counted.cash - case.notional
    return at_least(Code.CASH_FLOOR, left, case.limits.min_cash.of(case.facts.equity))


def max_position_size(case: EntryCase) -> Check:
    """R27: the symbol's share of equity, as a ratio."""
    return _of_equity(
        Code.MAX_POSITION_SIZE, case, case.facts.symbol_exposure + case.notional, case.limits.max_position
    )


def max_open_positions(case: EntryCase) -> Check:
    """R28: symbols with a position or a working entry, this one included."""
    places = len(case.facts.open_symbols) + (case.symbol not in case.facts.open_symbols)
    return at_most(Code.MAX_OPEN_POSITIONS, Decimal(places), Decimal(case.limits.max_open_positions))


def gross_exposure(case: EntryCase) -> Check:
    """R29: everything held and on its way, as a ratio of equity."""
    gross = case.facts.gross_exposure + case.notional
    return _of_equity(Code.GROSS_EXPOSURE, case, gross, case.limits.max_gross_exposure)


def net_exposure(case: EntryCase) -> Check:
    """R30: long less short, as a ratio of equity; a purchase can only pass the long side of the limit."""
    net = case.facts.totals.net + case.notional
    return _of_equity(Code.NET_EXPOSURE, case, net, case.limits.max_net_exposure)


def leverage(case: EntryCase) -> Check:
    """R31: gross exposure in multiples of equity, at most what the broker lets the account hold; once for cash."""
    gross, allowed = case.facts.gross_exposure + case.notional, case.situation.portfolio.account.multiplier
    return _ratio(Code.LEVERAGE, gross, case.facts.equity, allowed)


def sector_exposure(case: EntryCase) -> Check:
    """R32: the sector's share of equity; what has no known sector counts in the fullest."""
    return _of_equity(Code.SECTOR_EXPOSURE, case, case.plan.counted.sector + case.notional, case.limits.max_sector)


def cluster_exposure(case: EntryCase) -> Check:
    """R33: the share of equity in symbols whose daily returns correlate with this one's; no history correlates."""
    dollars = case.plan.counted.cluster + case.notional
    return _of_equity(Code.CLUSTER_EXPOSURE, case, dollars, case.limits.max_cluster)


def risk_per_trade(case: EntryCase) -> Check:
    """R34: what would be lost between entry and stop, in dollars."""
    loss = case.qty * (case.plan.reference - case.plan.stop)
    return at_most(Code.RISK_PER_TRADE, loss, case.limits.risk_per_trade.of(case.facts.equity))


def portfolio_heat(case: EntryCase) -> Check:
    """R35: what would be lost if every stop were reached, as a ratio; a position without a stop counts whole."""
    heat = case.facts.totals.heat + case.qty * (case.plan.worst - case.plan.stop)
    return _of_equity(Code.PORTFOLIO_HEAT, case, heat, case.limits.max_heat)


def value_at_risk(case: EntryCase) -> Check:
    """R36: what the book may lose on one day in a hundred, as a ratio; a tenth of what has too little history."""
    dollars = case.plan.counted.tail.value_at_risk(case.notional)
    return _of_equity(Code.VALUE_AT_RISK, case, dollars, case.limits.max_var)


def margin_cushion(case: EntryCase) -> Check:
    """R37: equity above the maintenance margin, as a ratio of equity."""
    equity = case.facts.equity
    cushion = (equity - case.facts.totals.maintenance - MARGIN * case.notional) / equity
    allowed = case.limits.min_margin_cushion.ratio
    return ratio_at_least(Code.MARGIN_CUSHION, cushion, allowed)


def max_adds(case: EntryCase) -> Check:
    """R38: how often the position was enlarged, this order included; zero for one that opens."""
    adds = case.facts.conduct.adds.get(case.symbol, 0) + case.facts.totals.stakes.get(case.symbol, 0)
    return at_most(Code.MAX_ADDS, Decimal(adds), Decimal(case.limits.max_adds))


def averaging_down(case: EntryCase) -> Check:
    """R38: what a position lost so far, as a ratio of its cost; one that lost too much is not enlarged."""
    held = (each for each in case.situation.portfolio.positions if each.symbol == case.symbol and each.qty > 0)
    allowed = case.limits.max_add_loss.ratio
    return ratio_at_most(Code.AVERAGING_DOWN, max(map(_lost, held), default=ZERO), allowed)


def _lost(position: Position) -> Decimal:
    """The loss as a ratio of cost; more than any limit allows when the cost is not known."""
    cost = position.qty * position.avg_entry_price
    if position.unrealized_pl >= 0:
        return ZERO
    return -position.unrealized_pl / cost if cost > 0 else _PAST_ANY_LIMIT


def _of_equity(code: Code, case: EntryCase, dollars: Decimal, allowed: Percent) -> Check:
    return _ratio(code, dollars, case.facts.equity, allowed.ratio)


def _ratio(code: Code, dollars: Decimal, equity: Decimal, allowed: Decimal) -> Check:
    return ratio_at_most(code, dollars / equity, allowed)


EXPOSURE: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    buying_power,
    cash_floor,
    max_position_size,
    max_open_positions,
    gross_exposure,
    net_exposure,
    leverage,
    sector_exposure,
    cluster_exposure,
    risk_per_trade,
    portfolio_heat,
    value_at_risk,
    margin_cushion,
    max_adds,
    averaging_down,
)
"""R25 to R38 in the catalogue's order."""
