"""What runs the desk elsewhere names settings and commands that there are, and gives it time to end."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from perun.graph.app.cli import app
from perun.graph.app.reading import NAMES

DEPLOY = Path(__file__).parents[3] / "deploy"
SETTINGS = set(NAMES.values())


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


@pytest.mark.parametrize("service", ["desk", "worker"])
def test_when_the_desk_is_composed_then_every_setting_is_one_and_its_grace_fits(service: str) -> None:
    told = services()[service]
    assert set(told["environment"]) <= SETTINGS
    assert float(told["stop_grace_period"].rstrip("s")) > float(told["environment"]["STOP_GRACE_SECONDS"])


def test_when_workers_are_composed_then_each_has_a_name_of_its_own() -> None:
    assert "EXECUTOR_ID" not in services()["worker"]["environment"], "several with one name would share their work"


def test_when_the_unit_starts_the_desk_then_its_settings_are_ones_and_its_grace_fits() -> None:
    unit = (DEPLOY / "perun.service").read_text()
    named = dict(each.split("=", 1) for each in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)[0].split())
    assert set(named) <= SETTINGS
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > int(named["STOP_GRACE_SECONDS"])
    assert "Type=notify" in unit


@pytest.mark.parametrize("file", ["perun.service", "Dockerfile", "compose.yaml"])
def test_when_a_command_of_perun_is_named_then_there_is_one(file: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined] # a group
    named = re.findall(
        r"perun\"?,? \"?(schedule|worker|[a-z]+)\"?(?: --json-logs|\", \"--json-logs|\])", (DEPLOY / file).read_text()
    )
    assert named
    assert set(named) <= set(commands)


def test_when_the_container_is_built_then_it_copies_every_part_of_the_house() -> None:
    copied = re.findall(r"^COPY (.*?) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert {"agents", "graph", "memory", "tools", "data/market"} <= set(copied)


def test_when_the_container_is_built_then_the_builder_is_sent_what_it_copies_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert rules[1] == "*", "all is kept back but for what is named below"
    let_through = {rule[1:] for rule in rules if rule.startswith("!")} - {"data"}
    assert let_through == {name for line in copied for name in line.split()}
    assert "data/*" in rules, "accounts stay here"


@pytest.mark.parametrize("service", ["desk", "worker"])
def test_when_a_service_is_composed_then_its_own_health_page_is_asked(service: str) -> None:
    told = services()[service]
    assert f"127.0.0.1:{told['environment']['HEALTH_PORT']}/health" in told["healthcheck"]["test"][-1]
