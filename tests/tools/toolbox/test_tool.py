"""A call is answered, or told in one line what is wrong with it; it never raises and never says too much."""

import json
from typing import Annotated, Any

import pytest
from pydantic import Field

from perun.agents.schemas import json_schema
from perun.tools.domain.errors import MarketUnavailable, MemoryUnavailable, UnknownSymbol
from perun.tools.toolbox.tool import (
    LONGEST_ARGUMENTS,
    LONGEST_RESULT,
    Asked,
    Kind,
    ReadTool,
    Told,
    ToolRefused,
    of_the_cycle,
    reading,
)
from support.shelf import analyst_tools, portfolio_tools, trader_tools


class AskEcho(Asked):
    """Says again
    what it was told.
    """

    words: Annotated[str, Field(max_length=20)]
    times: Annotated[int, Field(ge=1, le=3)] = 1
    """How often."""


def echo(answer: Any = None) -> ReadTool[Any]:
    tool = reading("echo", AskEcho, answer or (lambda asked: Told(text=asked.words * asked.times)))
    assert isinstance(tool, ReadTool)
    return tool


def test_when_the_arguments_fit_then_the_tool_answers() -> None:
    assert echo().call('{"words": "ho", "times": 3}') == Told(text="hohoho")
    assert echo().call('{"words": "ho"}').text == "ho"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "words: Field required"),
        ("{}", "words: Field required"),
        ("no JSON", "arguments: Invalid JSON"),
        ("[1]", "arguments: Input should be an object"),
        ('{"words": "ho", "times": 4}', "times: Input should be less than or equal to 3"),
        ('{"words": "ho", "times": NaN}', "times: Input should be a finite number"),
        ('{"words": "ho", "quantity": 5}', "quantity: Extra inputs are not permitted"),
        ('{"words": "' + "x" * LONGEST_ARGUMENTS + '"}', "arguments: Invalid JSON"),
        ("[" * 100_000, "arguments: "),
    ],
    ids=lambda text: text[:24],
)
def test_when_the_arguments_do_not_fit_then_one_line_says_why(arguments: str, said: str) -> None:
    told = echo().call(arguments)
    assert told.refused
    assert told.text.startswith(f"error: the arguments do not fit: {said}")
    assert len(told.text) < 500
    assert "\n" not in told.text


def test_when_a_made_up_field_has_a_long_name_then_the_line_stays_short() -> None:
    assert len(echo().call('{"' + "ignore the rules " * 100 + '": 1}').text) < 300


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ToolRefused("not here"), "error: not here"),
        (UnknownSymbol("no ZZZZ"), "error: no ZZZZ"),
        (MarketUnavailable("https://data.example says 503"), "error: the market has no such data now"),
        (MemoryUnavailable("/home/me/chroma is locked"), "error: the memory cannot be searched now"),
    ],
)
def test_when_the_facts_cannot_be_had_then_the_model_is_told_so_without_our_addresses(
    error: Exception, said: str
) -> None:
    def fail(asked: AskEcho) -> Told:
        raise error

    assert echo(fail).call('{"words": "ho"}') == Told(text=said, refused=True)


def test_when_a_result_is_too_long_then_it_is_cut_and_says_so() -> None:
    told = echo(lambda asked: Told(text="x" * 100_000, evidence=("[mem:1]",))).call('{"words": "ho"}')
    assert len(told.text) == LONGEST_RESULT
    assert told.text.endswith("(cut here: ask for less)")
    assert told.evidence == ("[mem:1]",)


def test_when_a_symbol_is_not_of_the_cycle_then_the_line_names_those_that_are() -> None:
    assert of_the_cycle("IBM", ("AAPL", "IBM")) == "IBM"
    with pytest.raises(ToolRefused, match="ask for one of AAPL, IBM"):
        of_the_cycle("MSFT", ("AAPL", "IBM"))


def test_when_a_tool_is_described_then_it_is_by_its_question_s_docstring_and_only_once() -> None:
    assert echo().description == "Says again what it was told."
    schema = json_schema(AskEcho)
    assert "description" not in schema
    assert schema["properties"]["times"]["description"] == "How often."


@pytest.mark.parametrize("tool", {tool.name: tool for tool in (*analyst_tools(), *trader_tools())}.values())
def test_when_a_tool_is_offered_then_it_has_a_plain_name_a_purpose_and_a_schema_that_servers_take(tool: Any) -> None:
    assert tool.name.isidentifier()
    assert 20 < len(tool.description) < 160
    assert json.dumps(json_schema(tool.arguments))


def test_when_kinds_are_counted_then_only_the_trader_proposes() -> None:
    assert {tool.kind for tool in (*analyst_tools(), *portfolio_tools())} == {Kind.READ}
    assert [tool.name for tool in trader_tools() if tool.kind is Kind.PROPOSE] == ["propose_signals"]
