"""Losses (R40 to R46): what was lost lately, and what waits because of it. They hold for entries alone.

These rules measure equity afresh for every order; the breakers that latch REDUCING or HALTED after a confirmed loss are
the desk's matter, and the gate obeys them as its trading state. Equity at a start that is not known, because no session
had ended before, is nothing to be measured against.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final

from perun.tools.domain.conduct import Closing
from perun.tools.domain.money import ZERO, Percent
from perun.tools.domain.orders import OrderType, Side
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_least, holds, ratio_at_most
from perun.tools.risk.cases import EntryCase

WAIT: Final = timedelta(days=5)
"""How long stop-outs and losses in a row are remembered."""

_LEAVES: Final = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.MARKET}
"""Orders that sell without waiting for a better price."""


def daily_loss(case: EntryCase) -> Check:
    """R40: equity lost since the session before, as a ratio of it."""
    return _lost_since(Code.DAILY_LOSS, case.facts.conduct.day_start, case, case.limits.daily_loss)


def max_drawdown(case: EntryCase) -> Check:
    """R41: equity lost since the high-water mark, as a ratio of it."""
    return _lost_since(Code.MAX_DRAWDOWN, case.facts.conduct.high_water, case, case.limits.max_drawdown)


def weekly_loss(case: EntryCase) -> Check:
    """R42: equity lost over five sessions, as a ratio; in a desk's first week, since its high-water mark."""
    conduct = case.facts.conduct
    start = conduct.high_water if conduct.week_start is None else conduct.week_start
    return _lost_since(Code.WEEKLY_LOSS, start, case, case.limits.weekly_loss)


def cooldown(case: EntryCase) -> Check:
    """R43: minutes since the symbol was last sold; an exit that was cleared a moment ago counts as sold now."""
    wait, sales = case.limits.cooldown_minutes, _closings(case)
    if not sales and case.symbol not in case.situation.leaving:
        return holds(Code.COOLDOWN, passed=True, measured="not sold lately", allowed=f">= {wait} minutes")
    gone = timedelta(0) if case.symbol in case.situation.leaving else case.situation.clock.now - sales[-1].at
    return at_least(Code.COOLDOWN, _minutes(gone), Decimal(wait))


def stop_outs(case: EntryCase) -> Check:
    """R44: how often a protective stop sold the symbol within five days."""
    stopped = sum(sale.stopped for sale in _closings(case) if _remembered(sale, case))
    return _fewer_than(Code.STOP_OUTS, stopped, case.limits.max_stop_outs)


def losses_in_a_row(case: EntryCase) -> Check:
    """R45: sales of the symbol that lost money, one after another up to the last; forgotten after five days."""
    sales = _closings(case)
    row = len(list(takewhile(lambda sale: sale.gain < 0, reversed(sales))))
    return _fewer_than(
        Code.LOSSES_IN_A_ROW, row if row and _remembered(sales[-1], case) else 0, case.limits.max_losses_in_a_row
    )


def protected_positions(case: EntryCase) -> Check:
    """R46: every position of ours is guarded by a working stop for all its shares, or on its way out.

    Ours are the positions that the ledger knows entries of; what somebody else holds in the account counts in every
    exposure limit and needs no stop of ours.
    """
    bare = sorted(_bare(case.situation.portfolio, case.facts.conduct.adds))
    return holds(
        Code.UNPROTECTED_POSITION,
        passed=not bare,
        measured=", ".join(bare) or "none",
        allowed="a working stop for every share of ours",
    )


def _lost_since(code: Code, start: Decimal | None, case: EntryCase, limit: Percent) -> Check:
    allowed = limit.ratio
    if start is None:
        return holds(code, passed=True, measured="no session yet", allowed=f"{limit} of equity")
    if start <= 0:
        return holds(code, passed=False, measured=f"began with {start}", allowed="a start above zero")
    lost = (start - case.facts.equity) / start
    return ratio_at_most(code, lost, allowed)


def _closings(case: EntryCase) -> list[Closing]:
    """Sales of the symbol, oldest first."""
    return [sale for sale in case.facts.conduct.closings if sale.symbol == case.symbol]


def _remembered(sale: Closing, case: EntryCase) -> bool:
    return case.situation.clock.now - sale.at < WAIT


def _minutes(gone: timedelta) -> Decimal:
    return Decimal(gone // timedelta(seconds=1)) / 60


def _fewer_than(code: Code, count: int, most: int) -> Check:
    """Locked once the count is reached."""
    return holds(code, passed=count < most, measured=str(count), allowed=f"fewer than {most}")


def _bare(portfolio: Portfolio, ours: Iterable[str]) -> set[str]:
    """Symbols of ours of which some share would not be sold by a stop or an exit."""
    bare: dict[str, Decimal] = {}
    for position in portfolio.positions:
        if position.symbol in ours:
            bare[position.symbol] = bare.get(position.symbol, ZERO) + position.qty
    for order in portfolio.working_orders:
        if order.symbol in bare and order.side is Side.SELL and order.type in _LEAVES:
            bare[order.symbol] -= order.open_qty
    return {symbol for symbol, shares in bare.items() if shares > ZERO}


LOSSES: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    daily_loss,
    max_drawdown,
    weekly_loss,
    cooldown,
    stop_outs,
    losses_in_a_row,
    protected_positions,
)
"""R40 to R46 in the catalogue's order."""
