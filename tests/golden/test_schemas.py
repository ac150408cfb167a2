"""The JSON schema of every answer as it is sent, as a file that people read when it changes."""

import json

import pytest

from perun.agents.roles import ROSTER, Role
from perun.agents.schemas import json_schema
from support.golden import Golden


@pytest.mark.parametrize("role", ROSTER.values(), ids=ROSTER)
def test_when_a_role_is_asked_then_the_shape_of_its_answer_is_the_golden_file_s(role: Role, golden: Golden) -> None:
    text = json.dumps(json_schema(role.answer), indent=2, ensure_ascii=False)
    golden(f"schemas/{role.name}.json", text + "\n")
