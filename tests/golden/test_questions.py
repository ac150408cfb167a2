"""What every role is sent, prompt, answer's schema and tools, as files that people read when they change."""

import json

import pytest

from perun.agents.analyst import analyse
from perun.agents.asking import Asker
from perun.agents.models import Message
from perun.agents.researcher import research
from perun.agents.risk_manager import advise
from perun.agents.roles import ROSTER
from perun.agents.schemas import json_schema
from perun.agents.trader import trade
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.toolbox.tool import Tool
from support import agent_facts
from support.golden import Golden
from support.minds import ScriptedMind, asker
from support.shelf import analyst_tools, portfolio_tools, trader_tools


def ask(role: str, asker: Asker) -> None:
    match role:
        case "researcher":
            research(asker, agent_facts.researcher_facts())
        case "analyst":
            analyse(asker, agent_facts.analyst_facts())
        case "trader":
            trade(asker, agent_facts.trader_facts())
        case "risk_manager":
            advise(asker, agent_facts.risk_manager_facts())


@pytest.mark.parametrize("role", ROSTER)
def test_when_a_role_is_asked_then_it_reads_what_the_golden_file_says(role: str, golden: Golden) -> None:
    mind = ScriptedMind(lambda question: ModelUnavailable("only the question matters here"))
    ask(role, asker(mind))
    golden(f"prompts/{role}.md", page(mind.questions[0].messages))


def test_when_a_role_has_nothing_to_tell_then_its_prompt_says_none(golden: Golden) -> None:
    mind = ScriptedMind(lambda question: ModelUnavailable("only the question matters here"))
    unseen = agent_facts.snapshot(**dict.fromkeys(agent_facts.snapshot().indicators.model_dump()))
    bare = agent_facts.analyst_facts(
        position=None, memories=(), findings=(), snapshot=unseen.model_copy(update={"bars": ()})
    )
    analyse(asker(mind), bare)
    golden("prompts/analyst_of_the_unknown.md", page(mind.questions[0].messages))


@pytest.mark.parametrize("role", ROSTER)
def test_when_a_role_is_asked_then_the_shape_of_its_answer_is_the_golden_file_s(role: str, golden: Golden) -> None:
    mind = ScriptedMind(lambda question: ModelUnavailable("only the question matters here"))
    ask(role, asker(mind))
    golden(f"schemas/{role}.json", json.dumps(json_schema(mind.questions[0].answer), indent=2) + "\n")


@pytest.mark.parametrize(
    ("role", "tools"),
    [("analyst", analyst_tools()), ("trader", trader_tools()), ("risk_manager", portfolio_tools())],
    ids=["analyst", "trader", "risk_manager"],
)
def test_when_a_role_may_call_tools_then_they_are_offered_as_the_golden_file_says(
    role: str, tools: tuple[Tool, ...], golden: Golden
) -> None:
    assert {tool.kind for tool in tools} == set(ROSTER[role].tools)
    shapes = [
        {"name": tool.name, "kind": tool.kind, "description": tool.description, **json_schema(tool.arguments)}
        for tool in tools
    ]
    golden(f"tools/{role}.json", json.dumps(shapes, indent=2) + "\n")


def page(messages: tuple[Message, ...]) -> str:
    return "\n\n".join(f"<!-- {message.speaker} -->\n\n{message.text}" for message in messages) + "\n"
