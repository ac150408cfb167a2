"""Other words for a prompt: asked of a mind within a budget, and refused where they would be no prompt of its agent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from perun.agents.editor import EditorFacts, edit, read_rewrite
from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.agents.roles import ROSTER
from perun.graph.optimize.shelf import read_prompt
from perun.tools.domain.errors import AnswerUnusable, ConfigurationError, ModelUnavailable
from perun.tools.domain.money import ZERO

LONGEST_NOTE: Final = 200
"""Most characters of what the mind says of its change."""


@dataclass(frozen=True)
class Allowance:
    """What a search may spend."""

    rewrites: int
    usd: Decimal
    """For replays and rewrites together."""


class Rewriter:
    """Asks for rewrites, counts them, and lets none through that is no prompt of its agent."""

    def __init__(self, mind: Mind, prompt: Prompt, allowance: Allowance, spent: Callable[[], Decimal]) -> None:
        self._mind, self._prompt, self._allowance, self._spent = mind, prompt, allowance, spent
        self.asked = 0
        self.refused: list[str] = []
        """Why, for each rewrite that was thrown away."""
        self.usd = ZERO
        self.trouble: ModelUnavailable | None = None
        """Set when the mind does not answer any more: then nothing more is asked."""

    @property
    def is_done(self) -> bool:
        """Nothing more may be asked."""
        dear = self.usd + self._spent() >= self._allowance.usd
        return self.asked >= self._allowance.rewrites or dear or self.trouble is not None

    def rewrite(self, own: Prompt, cases: Sequence[str]) -> Prompt | None:
        """A version of the prompt with other words; None when none came, or one that was refused."""
        if self.is_done:
            return None
        self.asked += 1
        facts = EditorFacts(agent=own.agent, attempt=self.asked, system=own.system, user=own.user, cases=tuple(cases))
        try:
            reply = edit(self._mind, self._prompt, facts)
            self.usd += reply.usage.cost_usd
            answer = read_rewrite(reply)
            note = " ".join(answer.changed.split())[:LONGEST_NOTE]
            return checked(replace(own, system=answer.system, user=answer.user, notes=note))
        except ModelUnavailable as error:
            self.trouble = error
        except (AnswerUnusable, ConfigurationError) as error:
            self.refused.append(str(error))
        return None


def checked(draft: Prompt) -> Prompt:
    """The draft as a version of its own, which names its text.

    Raises:
        ConfigurationError: it misses a hole or a word of its output contract, or says no more what a file could hold.
    """
    named = replace(draft, version=f"edited-{draft.hash[:8]}")
    return read_prompt(written(named), f"rewrite of the {draft.agent}'s prompt")


def written(prompt: Prompt) -> str:
    """The prompt as a file."""
    front = {
        "agent": prompt.agent,
        "version": prompt.version,
        "parent": prompt.parent or "none",
        "variables": ", ".join(sorted(ROSTER[prompt.agent].holes)),
        "notes": prompt.notes,
    }
    lines = "\n".join(f"{name}: {value}" for name, value in front.items())
    return f"---\n{lines}\n---\n# System\n{prompt.system.strip()}\n# User\n{prompt.user.strip()}\n"
