"""The editor: writes other words for an agent's prompt, from cases of the record."""

from perun.agents.answers import RewriteAnswer
from perun.agents.asking import read
from perun.agents.models import Mind, Question, Reply
from perun.agents.prompting import Prompt
from perun.agents.roles import CAST, EDITOR
from perun.tools.domain.frozen import Frozen


class EditorFacts(Frozen):
    """A prompt, and how it did."""

    agent: str
    attempt: int
    """Which one of this search: the same cases asked again are to bring other words."""
    system: str
    user: str
    cases: tuple[str, ...]


def edit(mind: Mind, prompt: Prompt, facts: EditorFacts) -> Reply:
    """What the mind writes, unread.

    Raises:
        ModelUnavailable, ModelRefusedKey: as the mind does.
    """
    messages = prompt.render(_holes(facts))
    return mind.reply(Question(EDITOR.name, None, messages, facts, RewriteAnswer))


def read_rewrite(reply: Reply) -> RewriteAnswer:
    """The words that were written.

    Raises:
        AnswerUnusable: the answer has another form.
    """
    return read(reply.text, RewriteAnswer, lambda answer: "")


def _holes(facts: EditorFacts) -> dict[str, str]:
    role = CAST[facts.agent]
    return {
        "agent": role.title,
        "attempt": str(facts.attempt),
        "system": facts.system,
        "user": facts.user,
        "holes": ", ".join("{{" + name + "}}" for name in sorted(role.holes)),
        "words": ", ".join(sorted(role.words)),
        "cases": "\n\n".join(_unfenced(case) for case in facts.cases),
    }


def _unfenced(text: str) -> str:
    """The text without anything that could close the fence around the cases."""
    return text.replace("<", "\u2039").replace(">", "\u203a")
