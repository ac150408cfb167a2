"""Forks for tests: of a folder's cycles, with the small embedder, and with minds that say something else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.graph.app.forking import Otherwise, forked
from perun.graph.app.wiring import packaged_prompts
from support.embedding import BagOfWords
from support.minds import COST

AS_IT_WAS: Final = Otherwise()
STUDY: Final = ("research", "recall", "analyse")
EVERY: Final = (*STUDY, "trade", "advise", "gate")


def fork(data: Path, otherwise: Otherwise = AS_IT_WAS, name: str = "first", **more: str) -> dict[str, Any]:
    """The document of a fork, by the baseline unless other minds are named."""
    return forked(
        name, replace(otherwise, embedder=BagOfWords()), {"DATA_DIR": str(data), "LLM_PROVIDER": "baseline", **more}
    )


def wishes(document: dict[str, Any]) -> dict[str, str]:
    """What is wished now, by symbol."""
    return {row["symbol"]: row["action"] for row in document["forks"][0]["decisions"]}


class Rewriting:
    """The baseline with its answers rewritten."""

    name = "rewriting"

    def __init__(self, rewrite: Callable[[str], str]) -> None:
        self._rewrite = rewrite
        self.questions: list[Question] = []

    def reply(self, question: Question) -> Reply:
        self.questions.append(question)
        return Reply(self._rewrite(Baseline().reply(question).text), COST)


def other_words(role: str) -> str:
    """The shipped prompt with one more sentence, as a file of another version."""
    prompt = packaged_prompts()[role]
    text = (Path(__file__).parents[2] / "agents" / "prompts" / f"{role}.md").read_text(encoding="utf-8")
    told = text.replace(prompt.system, f"{prompt.system}\n\nMind the weather.", 1)
    return told.replace(f"version: {prompt.version}", "version: weather", 1)
