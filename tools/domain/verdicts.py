"""What the gate said of one signal: every check with the measured and the allowed, and the terms that may be sent."""

from typing import Self

from pydantic import model_validator

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.orders import OrderTerms
from perun.tools.domain.signals import Action


class Check(Frozen):
    """One rule's answer. A breach is a check that did not pass."""

    code: str
    """Stable code of the rule, e.g. `MAX_POSITION_SIZE`."""
    measured: str
    allowed: str
    passed: bool


class Verdict(Frozen):
    """The gate's answer for one signal: cleared with terms, or denied with at least one breach."""

    symbol: Symbol
    action: Action
    cleared: bool
    checks: tuple[Check, ...]
    """Every rule that was asked, in the gate's fixed order."""
    terms: OrderTerms | None = None
    limits_hash: str
    """Names the limits in force, so that the record shows what was allowed then."""

    @property
    def breaches(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    @model_validator(mode="after")
    def _cleared_means_no_breach(self) -> Self:
        if self.cleared != (not self.breaches and self.terms is not None):
            raise ValueError("a verdict is cleared exactly when it has terms and no breach")
        return self
