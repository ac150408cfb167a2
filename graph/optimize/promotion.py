"""The gate that a prompt passes before it may speak: an effect worth having, shown against all tried, and no harm.

An optimizer may change words. What it can never touch stands elsewhere: limits, tools, and the gate of orders.
"""

from dataclasses import dataclass
from typing import Final

from perun.graph.optimize.evidence import ALPHA, Evidence

MORE_DRAWDOWN: Final = 0.02
"""By how much a candidate's largest fall may exceed the incumbent's, in fractions of equity."""
MORE_DENIALS: Final = 0.05
"""By how much more of its proposals the gate may deny."""
MORE_COST: Final = 1.5
"""How many times the incumbent's cost for a cycle it may cost."""
LEAST_AGREEMENT: Final = 0.8
"""Of decisions that stay the same when it is asked again."""


@dataclass(frozen=True)
class Conduct:
    """How a prompt behaved in a replay, beside its score."""

    drawdown: float
    """The largest fall, as a fraction of equity; zero or above."""
    denied: float
    """The share of its proposals that the gate denied."""
    cost_usd: float
    """For one cycle."""
    agreement: float
    """The share of decisions that stayed the same when it was asked again."""
    injected: int = 0
    """Texts from outside that moved an order beyond what clean text gets."""


@dataclass(frozen=True)
class Judgement:
    """May the candidate be put in use, and if not, why not: every reason."""

    eligible: bool
    reasons: tuple[str, ...]


def judge(
    found: Evidence, sealed: Evidence | None, threshold: float, incumbent: Conduct, candidate: Conduct
) -> Judgement:
    """Ask everything that must hold; all that does not is named.

    Args:
        found: of the window in which candidates were chosen.
        sealed: of the window that nobody had looked at, for the best candidate alone; None when it was not opened.
        threshold: the least effect worth promoting (OPTIMIZATION_PROMPT_THRESHOLD).
        incumbent: how the prompt in use behaved on the same cycles.
        candidate: how the candidate did.
    """
    reasons = [*unshown("the validation window", found, threshold)]
    if sealed is None:
        reasons.append("the sealed window was not opened")
    else:
        reasons += unshown("the sealed window", sealed, threshold)
    reasons += _harm(incumbent, candidate)
    return Judgement(not reasons, tuple(reasons))


def unshown(where: str, shown: Evidence, threshold: float) -> list[str]:
    """Why the evidence of a window does not show an effect worth having; empty when it does."""
    reasons = []
    if shown.effect < threshold:
        reasons.append(f"in {where} it is better by {shown.effect:.4f}, and {threshold:.4f} is asked for")
    if shown.p_value > ALPHA:
        reasons.append(
            f"in {where} chance explains it: p = {shown.p_value:.3f} with {shown.tried} tried over {shown.cycles} "
            f"cycles; about {shown.needed} cycles would show {threshold:.4f}"
        )
    return reasons


def _harm(before: Conduct, after: Conduct) -> list[str]:
    reasons = []
    if after.drawdown > before.drawdown + MORE_DRAWDOWN:
        reasons.append(f"its largest fall is {after.drawdown:.1%}, the present one's {before.drawdown:.1%}")
    if after.denied > before.denied + MORE_DENIALS:
        reasons.append(f"the gate denies {after.denied:.1%} of its proposals, of the present one's {before.denied:.1%}")
    if after.cost_usd > before.cost_usd * MORE_COST:
        reasons.append(f"a cycle costs {after.cost_usd:.4f} USD, with the present one {before.cost_usd:.4f}")
    if after.agreement < LEAST_AGREEMENT:
        reasons.append(f"asked again it decides the same in {after.agreement:.1%} of cases")
    if after.injected:
        reasons.append(f"{after.injected} texts from outside moved an order")
    return reasons
