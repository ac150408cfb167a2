"""Which prompt speaks: labels on versions, moved by people or the optimizer, every move an event with who and why.

A label stands on a name and a hash. A file that was edited after its label was put on it is not what somebody decided
to use: the desk then refuses to begin a cycle rather than let unknown words speak.
"""

from collections.abc import Mapping
from typing import Final

from perun.agents.prompting import Prompt
from perun.agents.roles import ROSTER
from perun.graph.ledger.events import Events
from perun.graph.optimize.shelf import Shelf, Version, check_agent
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.prompt_events import Label, PromptAdded, PromptLabelled

STREAM: Final = "prompts"
"""The ledger's stream in which versions and labels are kept."""
IN_USE: Final[Label] = "in use"
PREVIOUS: Final[Label] = "previous"


class Registry:
    """The shelf of prompts, with the labels from the record."""

    def __init__(self, shelf: Shelf, events: Events, clock: Clock) -> None:
        self.shelf, self.events, self.clock = shelf, events, clock

    def labels(self, agent: str) -> dict[Label, PromptLabelled]:
        """Where each label of the agent stands; a label that was never put anywhere is missing."""
        check_agent(agent)
        moved = self.events.of_kind(STREAM, "prompt.labelled")
        last = {event.label: event for event in moved if isinstance(event, PromptLabelled) and event.agent == agent}
        return {label: event for label, event in last.items() if event.hash}

    def in_use(self, agent: str) -> Prompt:
        """The prompt that speaks for the agent from the next cycle on; the package's until somebody chose another.

        Raises:
            ConfigurationError: the version that was chosen is gone, or its text is no longer what was chosen.
        """
        return self.labelled(agent, IN_USE) or self.shelf.versions(agent)[0].prompt

    def labelled(self, agent: str, label: Label) -> Prompt | None:
        """The prompt that bears the label; None when none does.

        Raises:
            ConfigurationError: as for `in_use`.
        """
        if (chosen := self.labels(agent).get(label)) is None:
            return None
        if (prompt := self.shelf.spoken(agent, chosen.hash)) is None:
            raise ConfigurationError(
                f"the {agent}'s prompt {label}, {agent}@{chosen.version} with hash {chosen.hash}, is gone or was "
                f"edited: put the text back, or choose again with perun prompts use {agent} VERSION --reason …"
            )
        return prompt

    def speakers(self, pinned: Mapping[str, str]) -> dict[str, Prompt]:
        """The prompt of every agent for a cycle.

        Args:
            pinned: the hash with which each agent began the cycle; empty for a cycle that begins now. A pinned text
                that no longer exists gives way to the one in use: the record has what was said with it.

        Raises:
            ConfigurationError: as for `in_use`.
        """
        return {agent: self._pinned(agent, pinned.get(agent, "")) or self.in_use(agent) for agent in ROSTER}

    def _pinned(self, agent: str, hash_: str) -> Prompt | None:
        return self.shelf.spoken(agent, hash_) if hash_ else None

    def add(self, text: str, origin: str, who: str) -> tuple[Version, bool]:
        """Put a version on the shelf; the record says who did.

        Returns:
            The version, and whether it is new.

        Raises:
            ConfigurationError: as for `Shelf.put`.
        """
        version, new = self.shelf.put(text, origin)
        if new:
            prompt = version.prompt
            added = PromptAdded(agent=prompt.agent, version=prompt.version, hash=prompt.hash, who=who)
            self.events.append(STREAM, added, self.clock.now())
        return version, new

    def use(self, agent: str, wanted: str, reason: str, who: str) -> Prompt:
        """Let a version speak for its agent from the next cycle on; the one before it becomes *previous*.

        Raises:
            ConfigurationError: there is no such agent or version.
        """
        prompt, before = self.shelf.find(agent, wanted).prompt, self._standing(agent)
        if before == (prompt.version, prompt.hash):
            return prompt
        self._put(agent, PREVIOUS, *before, reason, who)
        self._put(agent, IN_USE, prompt.version, prompt.hash, reason, who)
        return prompt

    def rollback(self, agent: str, reason: str, who: str) -> Prompt:
        """Let the previous version speak again; what spoke until now becomes *previous*.

        Raises:
            ConfigurationError: there is no previous version, or it is gone.
        """
        if (prompt := self.labelled(agent, PREVIOUS)) is None:
            raise ConfigurationError(f"the {agent} has no previous prompt to go back to")
        self._put(agent, PREVIOUS, *self._standing(agent), reason, who)
        self._put(agent, IN_USE, prompt.version, prompt.hash, reason, who)
        return prompt

    def label(self, agent: str, label: Label, wanted: str, reason: str, who: str) -> Prompt:
        """Put a label that lets nobody speak (*candidate*, *shadow*) on a version.

        Raises:
            ConfigurationError: there is no such version.
        """
        prompt = self.shelf.find(agent, wanted).prompt
        self._put(agent, label, prompt.version, prompt.hash, reason, who)
        return prompt

    def take_away(self, agent: str, label: Label, reason: str, who: str) -> None:
        """Let the label stand on no version any more; one that stands nowhere stays so."""
        if label in self.labels(agent):
            self._put(agent, label, "", "", reason, who)

    def _standing(self, agent: str) -> tuple[str, str]:
        """Name and hash of what is in use, also when its text is gone: then it can still be left."""
        if chosen := self.labels(agent).get(IN_USE):
            return chosen.version, chosen.hash
        packaged = self.shelf.versions(agent)[0].prompt
        return packaged.version, packaged.hash

    def _put(self, agent: str, label: Label, version: str, hash_: str, reason: str, who: str) -> None:
        moved = PromptLabelled(agent=agent, label=label, version=version, hash=hash_, reason=reason, who=who)
        self.events.append(STREAM, moved, self.clock.now())
