"""`perun config rules`: the catalogue as a person and a program read it, with the limits as they are set."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perun.graph.app.rules_page import rules, rules_text
from perun.tools.risk.catalogue import RULES

PERUN = Path(sys.executable).with_name("perun")


def test_when_a_limit_is_set_then_the_page_shows_it_beside_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SPREAD_PERCENT", "0.5")
    (row,) = (row for row in rules({"MAX_ORDERS_PER_DAY": "3"})["rules"] if row["id"] == "R14")
    assert row == {
        "id": "R14",
        "name": "Spread guard for market orders",
        "family": "B. Erroneous and duplicative orders",
        "kept": "entries",
        "codes": ["MAX_SPREAD"],
        "settings": {"MAX_SPREAD_PERCENT": "0.5"},
        "note": "",
    }
    text = rules_text(rules({"MAX_ORDERS_PER_DAY": "3"}))
    assert "      MAX_SPREAD_PERCENT=0.5\n" in text
    assert "MAX_ORDERS_PER_DAY=3" in text


def test_when_a_rule_is_left_out_then_the_page_says_why() -> None:
    lines = rules_text(rules({})).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("  R39 "))
    assert lines[place].endswith("left out")
    assert "no calendar" in lines[place + 1]


def test_when_the_command_is_given_then_every_rule_is_printed_once(tmp_path: Path) -> None:
    def said(*more: str) -> str:
        command = [str(PERUN), "config", "rules", *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout

    document = json.loads(said("--json"))
    assert document["schema"] == "perun.rules/1"
    assert [row["id"] for row in document["rules"]] == [rule.id for rule in RULES]
    text = said()
    assert all(text.count(f"  {rule.id} {rule.name}") == 1 for rule in RULES)
