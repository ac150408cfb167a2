"""Prompts are named text with holes; a set of them is what an optimizer swaps."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from perun.agents.models import Message
from perun.tools.domain.errors import ConfigurationError

_HOLE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_FILE: Final = re.compile(r"\A---\n(?P<front>.*?)\n---\n+# System\n(?P<system>.*?)\n# User\n(?P<user>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Prompt:
    """A role's prompt: a system part, which is the same in every cycle, and a user part with the facts."""

    agent: str
    version: str
    system: str
    user: str
    parent: str = ""
    """The version that it was made from, as `agent@version`; empty when it was made from none."""
    notes: str = ""

    @classmethod
    def parse(cls, text: str, origin: str) -> Self:
        """Read a prompt file: front matter, then `# System` and `# User`.

        Raises:
            ConfigurationError: the file has another shape; `origin` names it.
        """
        match = _FILE.match(text.replace("\r\n", "\n"))
        if not match:
            raise ConfigurationError(
                f"{origin} is not a prompt: it needs front matter between lines of ---, then '# System' and '# User'"
            )
        front = dict(line.split(":", 1) for line in match["front"].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in front.items()}
        if not {"agent", "version"} <= fields.keys():
            raise ConfigurationError(f"{origin}: the front matter needs 'agent' and 'version'")
        parent = fields.get("parent", "none").removesuffix("none")
        spoken = match["system"].strip(), match["user"].strip()
        return cls(fields["agent"], fields["version"], *spoken, parent, fields.get("notes", ""))

    @property
    def name(self) -> str:
        """Agent and version, e.g. `trader@1`."""
        return f"{self.agent}@{self.version}"

    @property
    def hash(self) -> str:
        """Twelve hex digits of the text that is spoken; white space at line ends does not count."""
        lines = f"{self.system}\n# User\n{self.user}".splitlines()
        return hashlib.sha256("\n".join(line.rstrip() for line in lines).encode()).hexdigest()[:12]

    @property
    def holes(self) -> frozenset[str]:
        """Names of the facts that the text asks for."""
        return frozenset(_HOLE.findall(self.system + self.user))

    def render(self, values: Mapping[str, str]) -> tuple[Message, ...]:
        """Fill the holes in one pass: a filled-in text is never read for holes again."""

        def fill(text: str) -> str:
            return _HOLE.sub(lambda hole: values[hole.group(1)], text)

        return Message("system", fill(self.system)), Message("user", fill(self.user))


def load_prompts(folder: Path, holes: Mapping[str, frozenset[str]]) -> dict[str, Prompt]:
    """Read `<agent>.md` for each agent named in `holes` and check that it has exactly its holes.

    Raises:
        ConfigurationError: a file is missing or malformed, or lacks or adds a hole; the message names both.
    """
    return {agent: _load(folder / f"{agent}.md", agent, wanted) for agent, wanted in holes.items()}


def _load(path: Path, agent: str, wanted: frozenset[str]) -> Prompt:
    try:
        prompt = Prompt.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the prompt {path} cannot be read: {error}") from error
    if prompt.agent != agent:
        raise ConfigurationError(f"{path} says 'agent: {prompt.agent}'; it should be '{agent}'")
    check_holes(prompt, wanted, str(path))
    return prompt


def check_holes(prompt: Prompt, wanted: frozenset[str], origin: str) -> None:
    """A prompt asks for every fact of its role and for no other.

    Raises:
        ConfigurationError: it lacks or adds a hole; the message names it and `origin`.
    """
    for problem, names in (("lacks", wanted - prompt.holes), ("has an unknown", prompt.holes - wanted)):
        if names:
            listed = ", ".join("{{" + name + "}}" for name in sorted(names))
            raise ConfigurationError(f"the prompt {origin} {problem} hole {listed}; it needs every one of its facts")
