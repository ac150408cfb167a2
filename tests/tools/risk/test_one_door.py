"""A cleared order comes from the gate alone: not by hand, not by copy, not from a file or a checkpoint."""

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import TypeAdapter

from perun.tools.domain.orders import ClearedOrder, OrderTerms
from perun.tools.risk.gate import Cleared, clear
from support.gate import entry, limits, situation


@pytest.fixture
def order() -> ClearedOrder:
    decision = clear(entry(), situation(), limits())
    assert isinstance(decision, Cleared)
    return decision.order


def larger(order: ClearedOrder) -> OrderTerms:
    return order.terms.model_copy(update={"qty": Decimal(10_000)})


@pytest.mark.parametrize("seal", [None, object(), "_SEAL", True])
def test_when_a_hand_makes_one_then_its_seal_is_refused(order: ClearedOrder, seal: object) -> None:
    with pytest.raises(TypeError, match=r"made by perun\.tools\.risk\.gate\.clear"):
        ClearedOrder(order.terms, seal)


def test_when_no_seal_is_shown_then_there_is_no_order(order: ClearedOrder) -> None:
    with pytest.raises(TypeError):
        ClearedOrder(order.terms)  # type: ignore[call-arg]  # that is the point


def test_when_one_is_cleared_then_its_seal_cannot_be_read_off_it(order: ClearedOrder) -> None:
    assert not hasattr(order, "seal")
    assert set(vars(order)) == {"terms"}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_when_one_is_pickled_then_it_refuses(order: ClearedOrder, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be copied or stored"):
        pickle.dumps(order, protocol)


COPIES: dict[str, Callable[[ClearedOrder], object]] = {
    "copied": copy.copy,
    "copied in depth": copy.deepcopy,
    "replaced": lambda order: dataclasses.replace(order, terms=larger(order)),
    "edited": lambda order: setattr(order, "terms", larger(order)),
    "written as JSON": json.dumps,
}


@pytest.mark.parametrize("way", COPIES)
def test_when_one_is_copied_or_edited_then_it_refuses(order: ClearedOrder, way: str) -> None:
    with pytest.raises((TypeError, ValueError, dataclasses.FrozenInstanceError)):
        COPIES[way](order)


@pytest.mark.parametrize("trust", [None, True, [("perun.tools.domain.orders", "ClearedOrder")]])
def test_when_one_went_through_a_checkpoint_then_what_comes_back_is_none(order: ClearedOrder, trust: Any) -> None:
    memory = JsonPlusSerializer(pickle_fallback=True, allowed_msgpack_modules=trust)
    assert not isinstance(memory.loads_typed(memory.dumps_typed(order)), ClearedOrder)


READ: dict[str, Callable[[dict[str, Any]], object]] = {
    "with no seal": lambda terms: {"terms": terms},
    "with a seal of its own": lambda terms: {"terms": terms, "seal": "sealed"},
}


@pytest.mark.parametrize("way", READ)
def test_when_an_answer_or_a_file_claims_to_be_one_then_it_cannot_be_read(order: ClearedOrder, way: str) -> None:
    claim = READ[way](order.terms.model_dump(mode="json"))
    with pytest.raises((TypeError, ValueError)):
        TypeAdapter(ClearedOrder).validate_python(claim)


def test_when_the_terms_are_changed_afterwards_then_the_order_keeps_what_was_cleared(order: ClearedOrder) -> None:
    before = order.terms.qty
    assert larger(order).qty != before
    with pytest.raises(ValueError, match="frozen"):
        order.terms.qty = Decimal(10_000)
    assert order.terms.qty == before
