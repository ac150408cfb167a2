"""What the gate said of one signal: every check with the measured and the allowed, and the terms that may be sent."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, Self

from pydantic import GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import plain
from perun.tools.domain.orders import OrderTerms
from perun.tools.domain.signals import Action

Figure = str | Decimal | int
Wording = Callable[[Any, Any], tuple[str, str]]
"""From what was found and its bound to the two texts of a check."""


def as_said(found: Any, bound: Any) -> tuple[str, str]:
    """Texts stay as they are, numbers are written plainly."""
    return _text(found), _text(bound)


def _text(figure: Figure) -> str:
    return plain(figure) if isinstance(figure, Decimal) else str(figure)


class _Row(Frozen):
    """A check as it stands in the record."""

    code: str
    measured: str
    allowed: str
    passed: bool
    warns: bool = False

    def check(self) -> "Check":
        return Check(self.code, self.measured, self.allowed, self.passed, self.warns)


class _Told(NamedTuple):
    code: str
    found: Figure
    bound: Figure
    passed: bool
    warns: bool = False
    wording: Wording = as_said


class Check(_Told):
    """One rule's answer. A breach is a check that did not pass.

    Some fifty of these are made for each order, so a number becomes text only when somebody reads it. Two checks that
    read alike are alike. In the record a check has a code, the measured, the allowed, whether it passed, and, only
    where it is so, that it warns: it passed, and a person should know of it all the same.
    """

    __slots__ = ()

    @property
    def measured(self) -> str:
        """What the rule found."""
        return self.wording(self.found, self.bound)[0]

    @property
    def allowed(self) -> str:
        """What it would let pass."""
        return self.wording(self.found, self.bound)[1]

    def told(self) -> dict[str, Any]:
        """The check as it stands in the record."""
        measured, allowed = self.wording(self.found, self.bound)
        row = {"code": str(self.code), "measured": measured, "allowed": allowed, "passed": self.passed}
        return {**row, "warns": True} if self.warns else row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Check) and self.told() == other.told()

    def __hash__(self) -> int:
        return hash((self.code, self.passed))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """A check of ours is taken as it is; what comes from the record is read field by field."""
        row = handler.generate_schema(_Row)
        read = core_schema.no_info_after_validator_function(_Row.check, row)
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), read],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(cls.told),
        )


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

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that passed and that a person should know of."""
        return tuple(check for check in self.checks if check.warns)

    @model_validator(mode="after")
    def _cleared_means_no_breach(self) -> Self:
        if self.cleared != (not self.breaches and self.terms is not None):
            raise ValueError("a verdict is cleared exactly when it has terms and no breach")
        return self
