"""The catalogue of rules is complete: every rule, code, limit and setting is told, and the gate does what is told."""

import ast
import re
from inspect import getsource

import pytest

from perun.graph.app import lines
from perun.graph.app.reading import NAMES
from perun.tools.risk.breaches import Code
from perun.tools.risk.catalogue import RULES, Family, Kept, Rule
from perun.tools.risk.gate import Proposal, clear
from perun.tools.risk.limits import Limits
from perun.tools.risk.rules import COMMON, ENTRY_ONLY, EXIT_ONLY
from support.gate import entry, exit_, limits, position, situation

ASKED = {Kept.ALWAYS, Kept.ENTRIES, Kept.EXITS}
EVERY = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def asked_of(proposal: Proposal) -> set[str]:
    return {check.code for check in clear(proposal, situation(positions=[position()]), limits()).verdict.checks}


def set_by() -> dict[str, str]:
    """The setting from which each limit is taken, read from the source that takes it."""
    keywords = [node for node in ast.walk(ast.parse(getsource(lines))) if isinstance(node, ast.keyword) and node.arg]
    told = {str(each.arg): re.search(r"settings\.(\w+)", ast.unparse(each.value)) for each in keywords}
    return {limit: found[1].upper() for limit, found in told.items() if found}


def test_when_the_catalogue_is_read_then_it_has_all_sixty_four_rules_once_and_in_order() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == [*(f"R{number:02}" for number in range(1, 65)), "X01", "X02", "X03"]
    assert [rule.family for rule in RULES] == sorted((rule.family for rule in RULES), key=list(Family).index)


def test_when_a_code_exists_then_some_rule_is_told_by_it() -> None:
    assert {code for rule in RULES for code in rule.codes} == set(Code)


def test_when_a_limit_exists_then_it_has_a_setting_and_some_rule_of_the_gate_is_set_by_it() -> None:
    taken = set_by()
    assert set(taken) == set(Limits.model_fields)
    told = {name for rule in RULES if rule.kept in ASKED for name in rule.settings}
    assert set(taken.values()) == told


@EVERY
def test_when_a_rule_names_settings_then_they_exist(rule: Rule) -> None:
    assert set(rule.settings) <= set(NAMES.values())


@EVERY
def test_when_the_gate_keeps_a_rule_then_it_asks_it_of_what_the_catalogue_says(rule: Rule) -> None:
    codes = {str(code) for code in rule.codes if not code.startswith(("MISSING_", "CONTRADICTING_"))}
    # What a rule measures of entries alone may stand beside what it measures of every order.
    expected = {Kept.ALWAYS: (True, True), Kept.ENTRIES: (True, False), Kept.EXITS: (False, True)}
    if rule.kept not in ASKED or not codes:
        return
    entries, exits = expected[rule.kept]
    assert (codes <= asked_of(entry())) == entries
    assert bool(codes & (asked_of(exit_()) - {"TRADING_STATE"})) == exits or "TRADING_STATE" in codes


@EVERY
def test_when_nobody_or_another_keeps_a_rule_then_the_reason_is_told_and_no_code(rule: Rule) -> None:
    if rule.kept in ASKED:
        assert rule.codes
    else:
        assert rule.note
        assert not rule.codes


def test_when_the_gate_asks_a_rule_then_its_docstring_names_it_in_the_catalogue() -> None:
    numbers = {rule.id: rule for rule in RULES}
    for function in (*COMMON, *EXIT_ONLY, *ENTRY_ONLY):
        named = re.findall(r"\b[R]\d\d\b", (function.__doc__ or "").split(":")[0])
        if function.__name__ not in {"minimum_confidence", "adviser_veto"}:
            assert named, f"{function.__name__} does not say which rule it is"
        assert all(numbers[id_].kept in ASKED for id_ in named), function.__name__


def test_when_every_rule_is_asked_then_the_verdict_follows_the_fixed_order() -> None:
    verdict = clear(entry(), situation(), limits()).verdict
    assert len(verdict.checks) == len(COMMON) + len(ENTRY_ONLY)
    again = clear(entry(), situation(), limits(max_order_quantity=0, max_heat=0, restricted=("AAPL",))).verdict
    assert [check.code for check in again.checks] == [check.code for check in verdict.checks]
