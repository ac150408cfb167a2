"""Every rule that can deny says what a person would change; nothing is named that does not exist."""

import re

from typer.main import get_command

from perun.graph.app.cli import app
from perun.graph.app.reading import NAMES
from perun.tools.risk.breaches import Code
from perun.tools.risk.catalogue import RULES, Kept
from perun.tools.risk.levers import LEVERS, lever

GATED = {Kept.ALWAYS, Kept.ENTRIES, Kept.EXITS}


def test_when_a_code_exists_then_it_names_a_setting_or_says_why_there_is_none() -> None:
    assert set(LEVERS) == set(Code)
    assert [code for code, row in LEVERS.items() if not str(row)] == []


def test_when_a_setting_is_named_then_it_exists() -> None:
    named = {name for row in LEVERS.values() for name in row.settings}
    spoken = {name for row in LEVERS.values() for name in re.findall(r"[A-Z]+_[A-Z_]+", row.otherwise)}
    assert named | spoken <= set(NAMES.values())


def test_when_the_catalogue_sets_a_rule_by_a_setting_then_one_of_its_codes_has_it_as_lever() -> None:
    for rule in RULES:
        if rule.kept in GATED:
            told = " ".join(str(lever(code)) for code in rule.codes)
            assert [name for name in rule.settings if name not in told] == [], rule.id


def test_when_a_command_is_named_then_perun_has_it() -> None:
    commands = get_command(app)
    named = {found for row in LEVERS.values() for found in re.findall(r"perun (\w+)", row.otherwise)}
    assert named <= set(getattr(commands, "commands", {}))
    assert named


def test_when_the_record_holds_a_code_of_another_version_then_it_is_told_so() -> None:
    assert str(lever("PHASE_OF_THE_MOON")) == "a rule of another version of Perun"
