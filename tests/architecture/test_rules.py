"""Every rule holds for every file; and every rule is shown to bite and to let go."""

import pytest
from architecture import ambient, manners, one_door
from architecture.source import ROOMS, Rule, Source, sources

RULES = (*one_door.RULES, *ambient.RULES, *manners.RULES)
EVERY = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))


def _examples(*kinds: str) -> list[object]:
    return [
        pytest.param(rule, Source(*example), id=f"{rule.name.replace(' ', '-')}-{number}")
        for rule in RULES
        for kind in kinds
        for number, example in enumerate(getattr(rule, kind))
    ]


@EVERY
def test_when_the_house_is_read_then_no_file_breaks_the_rule(rule: Rule) -> None:
    files = sources(*ROOMS, "tests") if rule.tests_too else sources(*ROOMS)
    faults = [fault for source in files for fault in rule.faults(source)]
    assert not faults, "\n".join([rule.name, *faults])


@pytest.mark.parametrize(("rule", "example"), _examples("bad"))
def test_when_a_file_breaks_a_rule_then_it_is_caught(rule: Rule, example: Source) -> None:
    assert rule.faults(example)


@pytest.mark.parametrize(("rule", "example"), _examples("good"))
def test_when_a_file_keeps_a_rule_then_it_is_let_go(rule: Rule, example: Source) -> None:
    assert rule.faults(example) == []


def test_when_the_house_is_read_then_no_room_is_empty() -> None:
    for room in ROOMS:
        assert sources(room), f"{room} holds no Python: the rules would hold for nothing"
