"""Objects that claim to be a cleared order, each made in another way than by the gate."""

import copyreg
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from pydantic import RootModel, create_model

from perun.tools.domain.orders import ClearedOrder, OrderTerms

Forgery = Callable[[ClearedOrder], object]
"""From an order that the gate cleared to what is forged after it."""


def larger(order: ClearedOrder) -> OrderTerms:
    """Its terms, but for so many shares that no limit lets them pass."""
    return order.terms.model_copy(update={"qty": Decimal(10_000)})


def _without_constructor(order: ClearedOrder) -> object:
    forged = object.__new__(ClearedOrder)
    object.__setattr__(forged, "terms", larger(order))
    return forged


def _copied(order: ClearedOrder) -> object:
    twin = object.__new__(ClearedOrder)
    vars(twin).update(vars(order))
    return twin


def _edited(order: ClearedOrder) -> object:
    object.__setattr__(order, "terms", larger(order))
    return order


def _edited_within(order: ClearedOrder) -> object:
    vars(order.terms)["qty"] = Decimal(10_000)
    return order


class _Written:
    """Pickles as a cleared order would, if it let itself be pickled."""

    def __init__(self, terms: OrderTerms) -> None:
        self._terms = terms

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = copyreg._reconstructor  # type: ignore[attr-defined] # the stubs leave it out
        return rebuild, (ClearedOrder, object, None), {"terms": self._terms}


def _unpickled(order: ClearedOrder) -> Any:
    return pickle.loads(pickle.dumps(_Written(larger(order))))


class _Unsealed(ClearedOrder):
    """Asks for no seal."""

    def __post_init__(self, seal: object) -> None: ...


class _Masked:
    """Says that it is a cleared order, whoever asks."""

    def __init__(self, terms: OrderTerms) -> None:
        self.terms = terms

    @property
    def __class__(self) -> Any:
        return ClearedOrder


def _claimed(order: ClearedOrder) -> Any:
    return create_model("ClearedOrder", terms=(OrderTerms, ...)).model_construct(terms=larger(order))


FORGERIES: Final[dict[str, Forgery]] = {
    "bare terms": larger,
    "a dictionary of them": lambda order: {"terms": larger(order).model_dump()},
    "one made without its constructor": _without_constructor,
    "one without terms": lambda order: object.__new__(ClearedOrder),
    "a copy of all that is inside": _copied,
    "one read from a pickle that was written by hand": _unpickled,
    "one of a class that asks for no seal": lambda order: _Unsealed(larger(order), None),
    "a stand-in that says it is one": lambda order: _Masked(larger(order)),
    "a model that was constructed unasked": _claimed,
    "a model around one": lambda order: RootModel[Any].model_construct(order),
    "one that was edited": _edited,
    "one whose terms were edited": _edited_within,
    "nothing at all": lambda order: None,
}
