"""The JSON schema that is sent says what strict mode can take."""

from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from perun.agents.schemas import json_schema


class Leaf(BaseModel):
    """A leaf."""

    title: Annotated[str, Field(max_length=10)] = "none"
    amount: Decimal = Decimal(1)
    kind: Literal["leaf"] = "leaf"


class Bud(BaseModel):
    """A bud."""

    kind: Literal["bud"]


class Tree(BaseModel):
    """A tree."""

    leaves: list[Leaf]
    crown: Annotated[Leaf, Field(description="the top one")]
    next: Annotated[Leaf | Bud, Field(discriminator="kind")]


class Knot(BaseModel):
    """A type inside itself."""

    inner: "Knot | None"


class Free(BaseModel):
    """A mapping without named keys."""

    prices: dict[str, int]


def test_when_a_property_has_a_default_then_it_is_required_all_the_same():
    schema = json_schema(Leaf)
    assert schema["required"] == ["title", "amount", "kind"]
    assert "default" not in schema["properties"]["title"]


def test_when_a_property_is_called_title_then_only_the_keyword_title_is_dropped():
    schema = json_schema(Leaf)
    assert "title" in schema["properties"]
    assert "title" not in schema


def test_when_types_are_nested_then_every_object_is_closed_and_inline():
    schema = json_schema(Tree)
    nested = (schema["properties"]["leaves"]["items"], schema["properties"]["crown"])
    assert all(leaf["additionalProperties"] is False and leaf["required"] for leaf in nested)
    assert "$" not in str(schema)


def test_when_a_reference_has_a_description_beside_it_then_the_description_wins():
    assert json_schema(Tree)["properties"]["crown"]["description"] == "the top one"


def test_when_types_are_alternatives_then_they_stand_under_any_of():
    alternatives = json_schema(Tree)["properties"]["next"]
    assert [each["properties"]["kind"]["enum"] for each in alternatives["anyOf"]] == [["leaf"], ["bud"]]
    assert set(alternatives) == {"anyOf"}


def test_when_a_pattern_looks_around_then_it_is_not_sent():
    amount = json_schema(Leaf)["properties"]["amount"]
    assert [set(each) for each in amount["anyOf"]] == [{"type"}, {"type"}]


def test_when_a_provider_takes_no_lengths_then_they_are_dropped_for_it_alone():
    assert json_schema(Leaf)["properties"]["title"]["maxLength"] == 10
    assert "maxLength" not in json_schema(Leaf, frozenset({"maxLength"}))["properties"]["title"]


@pytest.mark.parametrize(("answer", "problem"), [(Knot, "refers to itself"), (Free, "free mapping")])
def test_when_strict_mode_has_no_word_for_a_type_then_the_programmer_is_told(answer, problem):
    with pytest.raises(TypeError, match=problem):
        json_schema(answer)
