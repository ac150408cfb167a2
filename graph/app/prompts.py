"""`perun prompts …`: versions and labels of the agents' prompts, as documents."""

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perun.agents.prompting import Prompt
from perun.agents.roles import ROSTER
from perun.graph.app.hushing import redaction
from perun.graph.app.person import login, need_reason
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder, ledger_place, registry
from perun.graph.ledger.ledger import open_ledger
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.shelf import read_prompt
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError


def listed(agent: str | None, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.prompts/1`: every version with its labels."""
    with open_registry(read_settings(overrides).settings) as prompts:
        agents = [agent] if agent else list(ROSTER)
        rows = [row for each in agents for row in _rows(prompts, each)]
        return {"schema": "perun.prompts/1", "prompts": rows}


def shown(name: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.prompt/1` of one version: `AGENT`, `AGENT@VERSION`, `AGENT@HASH`, `AGENT@LABEL` or a file."""
    with open_registry(read_settings(overrides).settings) as prompts:
        prompt = _named(prompts, name)
        return {"schema": "perun.prompt/1", **_identity(prompt), "system": prompt.system, "user": prompt.user}


def compared(one: str, other: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.prompt_diff/1`: what the second says otherwise than the first."""
    with open_registry(read_settings(overrides).settings) as prompts:
        first, second = _named(prompts, one), _named(prompts, other)
    lines = difflib.unified_diff(
        _spoken(first), _spoken(second), f"{first.name} {first.hash}", f"{second.name} {second.hash}", lineterm=""
    )
    return {"schema": "perun.prompt_diff/1", "a": _identity(first), "b": _identity(second), "diff": list(lines)}


def added(path: Path, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Put a file's prompt on the shelf; it is not in use by that."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the prompt {path} cannot be read: {error}") from error
    with open_registry(read_settings(overrides).settings) as prompts:
        version, new = prompts.add(text, str(path), login())
    return {"schema": "perun.command/1", **_identity(version.prompt), "added": new}


def used(name: str, reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Let a version speak from the next cycle on."""
    need_reason(reason)
    agent, _, wanted = name.partition("@")
    if not wanted:
        raise ConfigurationError(f"say which version of the {agent}'s prompt: {agent}@VERSION")
    with open_registry(read_settings(overrides).settings) as prompts:
        prompt = prompts.use(agent, wanted, reason, login())
    return {"schema": "perun.command/1", "in_use": prompt.name, "hash": prompt.hash, "reason": reason}


def rolled_back(agent: str, reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Let the previous version speak again."""
    need_reason(reason)
    with open_registry(read_settings(overrides).settings) as prompts:
        prompt = prompts.rollback(agent, reason, login())
    return {"schema": "perun.command/1", "in_use": prompt.name, "hash": prompt.hash, "reason": reason}


@contextmanager
def open_registry(settings: Settings) -> Iterator[Registry]:
    """The desk's prompts with their labels, while its ledger is open."""
    folder, clock = data_folder(settings), SystemClock()
    with open_ledger(ledger_place(settings), clock, redaction=redaction(settings)) as ledger:
        yield registry(folder, ledger, clock)


def _named(prompts: Registry, name: str) -> Prompt:
    """The prompt that a person means."""
    agent, _, wanted = name.partition("@")
    if agent not in ROSTER and Path(name).is_file():
        return read_prompt(Path(name).read_text(encoding="utf-8-sig"), name)
    if not wanted:
        return prompts.in_use(agent)
    label = next((each for each in prompts.labels(agent) if each == wanted), None)
    if label and (prompt := prompts.labelled(agent, label)):
        return prompt
    return prompts.shelf.find(agent, wanted).prompt


def _rows(prompts: Registry, agent: str) -> Iterator[dict[str, Any]]:
    standing = {label: event.hash for label, event in prompts.labels(agent).items()}
    in_use = prompts.in_use(agent).hash
    for version in prompts.shelf.versions(agent):
        labels = [label for label, hash_ in standing.items() if hash_ == version.prompt.hash and label != "in use"]
        first = ["in use"] if version.prompt.hash == in_use else []
        yield {**_identity(version.prompt), "origin": version.origin, "labels": first + sorted(labels)}


def _identity(prompt: Prompt) -> dict[str, Any]:
    return {
        "agent": prompt.agent,
        "version": prompt.version,
        "hash": prompt.hash,
        "parent": prompt.parent or None,
        "notes": prompt.notes,
    }


def _spoken(prompt: Prompt) -> list[str]:
    return ["# System", *prompt.system.splitlines(), "# User", *prompt.user.splitlines()]
