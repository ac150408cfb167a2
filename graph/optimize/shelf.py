"""Every version of every agent's prompt: the package's, and those that people and the optimizer added as files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from perun.agents.prompting import Prompt, check_holes
from perun.agents.roles import ROSTER
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.whole_file import write_whole

LEAST_HASH: Final = 4
"""So many digits of a hash may stand for it."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Version:
    """A version of an agent's prompt, and where it came from."""

    prompt: Prompt
    origin: Literal["package", "file"]


class Shelf:
    """The package's prompts, and `<folder>/<agent>/<version>.md` beside them; a file is never overwritten."""

    def __init__(self, folder: Path, packaged: Mapping[str, Prompt]) -> None:
        self._folder, self._packaged = folder, dict(packaged)

    def versions(self, agent: str) -> list[Version]:
        """Every version of the agent's prompt, the package's first.

        Raises:
            ConfigurationError: there is no such agent, or a file on the shelf is no prompt of its.
        """
        check_agent(agent)
        files = sorted((self._folder / agent).glob("*.md"))
        return [Version(self._packaged[agent], "package"), *(Version(_read(path, agent), "file") for path in files)]

    def find(self, agent: str, wanted: str) -> Version:
        """The version of that name, or the one whose hash begins so.

        Raises:
            ConfigurationError: none, or more than one.
        """
        known = self.versions(agent)
        named = [each for each in known if each.prompt.version == wanted]
        if not named and len(wanted) >= LEAST_HASH:
            named = [each for each in known if each.prompt.hash.startswith(wanted)]
        if len({each.prompt.hash for each in named}) != 1:
            there = ", ".join(each.prompt.version for each in known)
            raise ConfigurationError(f"{agent} has no one prompt {wanted}; there are: {there}")
        return named[0]

    def spoken(self, agent: str, hash_: str) -> Prompt | None:
        """The prompt with exactly that hash; None when no version has it any more."""
        return next((each.prompt for each in self.versions(agent) if each.prompt.hash == hash_), None)

    def put(self, text: str, origin: str) -> tuple[Version, bool]:
        """Put a prompt on the shelf; one that is there already stays as it is.

        Returns:
            The version, and whether it is new.

        Raises:
            ConfigurationError: it is no prompt of a known agent, misses a hole or a word of its output contract, or
                another text has its version's name.
        """
        prompt = read_prompt(text, origin)
        for each in self.versions(prompt.agent):
            if each.prompt.hash == prompt.hash:
                return each, False
            if each.prompt.version == prompt.version:
                raise ConfigurationError(f"there is another {prompt.name} already: give {origin} another 'version'")
        path = self._folder / prompt.agent / f"{prompt.version}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text, durable=False)
        return Version(prompt, "file"), True


def check_agent(agent: str) -> None:
    """There is such a role.

    Raises:
        ConfigurationError: there is none.
    """
    if agent not in ROSTER:
        raise ConfigurationError(f"there is no agent {agent}; there are: {', '.join(ROSTER)}")


def read_prompt(text: str, origin: str) -> Prompt:
    """A prompt that may speak for its agent: with the facts of its role and the words of its output contract.

    Raises:
        ConfigurationError: what is missing, by name.
    """
    prompt = Prompt.parse(text, origin)
    check_agent(prompt.agent)
    if not _NAME.fullmatch(prompt.version):
        raise ConfigurationError(f"{origin}: the version {prompt.version!r} should be letters, digits and . _ -")
    role = ROSTER[prompt.agent]
    check_holes(prompt, role.holes, origin)
    if missing := sorted(word for word in role.words if word.lower() not in prompt.system.lower()):
        raise ConfigurationError(
            f"the prompt {origin} no longer speaks of {', '.join(missing)}: its answers would not have the form that "
            "is read; say in its system part what the answer holds"
        )
    return prompt


def _read(path: Path, agent: str) -> Prompt:
    try:
        prompt = read_prompt(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the prompt {path} cannot be read: {error}") from error
    if (prompt.agent, prompt.version) != (agent, path.stem):
        raise ConfigurationError(f"{path} says that it is {prompt.name}: it lies in the wrong place")
    return prompt
