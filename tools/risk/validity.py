"""A: is the instruction itself good? Rules R02 to R10, and what the agents themselves ask for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from perun.tools.domain.money import CENT
from perun.tools.domain.signals import Ruling
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, at_least, at_most, between_nought_and, holds
from perun.tools.risk.cases import Case, EntryCase

LEAST_NOTIONAL: Final = Decimal(1)
"""US dollars: what brokers ask an order to come to at least."""


def minimum_confidence(case: Case) -> Check:
    """The signal is as confident as the desk asks for."""
    return at_least(Code.MIN_CONFIDENCE, Decimal(str(case.signal.confidence)), Decimal(str(case.limits.min_confidence)))


def tradable_asset(case: Case) -> Check:
    """R02: the broker lists the symbol as an active US stock. An exit is not held up where the broker says nothing."""
    asset = case.situation.assets.get(case.symbol)
    good = "active us_equity, tradable"
    if asset is None:
        return holds(Code.TRADABLE_ASSET, passed=True, measured="not told", allowed=good)
    said = f"{asset.status} {asset.asset_class}, {'tradable' if asset.tradable else 'not tradable'}"
    return holds(Code.TRADABLE_ASSET, passed=said == good, measured=said, allowed=good)


def no_short_selling(case: Case) -> Check:
    """R08, R09: a sale reduces what is held and not being sold already, and no more."""
    return at_most(Code.NO_SHORT_SELLING, case.qty, case.situation.sellable(case.symbol))


def minimum_quantity(case: EntryCase) -> Check:
    """R06: at least one whole share is left after every limit."""
    return at_least(Code.MINIMUM_QUANTITY, case.plan.qty, 1)


def minimum_notional(case: EntryCase) -> Check:
    """R06: the order comes to a dollar at least."""
    return at_least(Code.MINIMUM_NOTIONAL, case.qty * case.plan.reference, LEAST_NOTIONAL)


def protective_stop(case: EntryCase) -> Check:
    """R07, R34: a stop exists, above zero and at least a cent below bid, ask and last."""
    quote, stop = case.facts.quote, case.plan.stop
    highest = min(quote.bid, quote.ask, quote.last) - CENT
    return holds(
        Code.PROTECTIVE_STOP, passed=0 < stop <= highest, measured=str(stop), allowed=f"above 0, at most {highest}"
    )


def decision_age(case: EntryCase) -> Check:
    """R10: the decision is young enough by the market's clock, in seconds, and not from the future."""
    return between_nought_and(Code.DECISION_EXPIRED, case.facts.decision_age_seconds, case.limits.decision_ttl_seconds)


def adviser_veto(case: EntryCase) -> Check:
    """The risk manager did not veto the entry."""
    ruling = case.advice.ruling if case.advice else Ruling.APPROVE
    return holds(Code.ADVISER_VETO, passed=ruling is not Ruling.VETO, measured=ruling, allowed="approve or shrink")


VALIDITY: Final[tuple[Callable[[Case], Check], ...]] = (minimum_confidence, tradable_asset)
"""Asked of every order."""

VALID_EXIT: Final[tuple[Callable[[Case], Check], ...]] = (no_short_selling,)
"""Asked of sales."""

VALID_ENTRY: Final[tuple[Callable[[EntryCase], Check], ...]] = (
    adviser_veto,
    decision_age,
    protective_stop,
    minimum_quantity,
    minimum_notional,
)
"""Asked of orders that open or enlarge a position."""
