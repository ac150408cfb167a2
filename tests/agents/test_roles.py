"""The roster and the prompts that ship fit each other."""

import pytest

from perun.agents.baseline import Baseline
from perun.agents.prompting import load_prompts
from perun.agents.roles import CAST, HOLES, RESEARCHER, ROSTER
from support.minds import PROMPTS


def test_when_the_shipped_prompts_are_loaded_then_each_role_has_exactly_its_holes() -> None:
    assert {role: prompt.holes for role, prompt in load_prompts(PROMPTS, HOLES).items()} == HOLES


def test_when_a_prompt_ships_then_a_role_speaks_it() -> None:
    assert {path.stem for path in PROMPTS.glob("*.md")} == set(CAST)


@pytest.mark.parametrize("role", ROSTER)
def test_when_the_front_matter_lists_variables_then_they_are_the_holes(role: str) -> None:
    front = (PROMPTS / f"{role}.md").read_text(encoding="utf-8").split("\n---\n")[0]
    listed = next(line for line in front.splitlines() if line.startswith("variables:"))
    assert {name.strip() for name in listed.removeprefix("variables:").split(",")} == HOLES[role]


@pytest.mark.parametrize("role", ROSTER)
def test_when_a_prompt_ships_then_its_constant_part_has_no_holes(role: str) -> None:
    assert "{{" not in load_prompts(PROMPTS, HOLES)[role].system


def test_when_a_role_reads_text_from_outside_then_it_has_no_tools() -> None:
    assert RESEARCHER.tools == ()


def test_when_roles_speak_then_the_researcher_is_first_and_the_risk_manager_last() -> None:
    assert list(ROSTER) == ["researcher", "analyst", "trader", "risk_manager"]


def test_when_no_model_is_there_then_it_is_said_wherever_the_name_appears() -> None:
    assert Baseline.name == "baseline (no LLM)"
