"""The search for better words by `gepa`: plays stretches of days, shows what went wrong, keeps what does better.

Its own acceptance knows no statistics, so what it finds is a candidate and nothing more: `evidence` judges that, on
days which it never saw. A search that was cut short is begun again and finds every answer where it was kept: the same
seed asks the same questions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gepa.api import optimize
from gepa.core.adapter import EvaluationBatch, ProposalFn
from gepa.core.result import GEPAResult

from perun.agents.prompting import Prompt
from perun.graph.optimize.rewriting import Rewriter

IN_A_REFLECTION: Final = 2
"""Stretches that a rewrite learns from."""
_PERFECT: Final = 1.0

Texts = dict[str, str]
Batch = EvaluationBatch["Played", "Played"]


@dataclass(frozen=True)
class Played:
    """How a prompt did on a stretch of days."""

    score: float
    """One less the mean loss of its decisions: 1 is perfect, 0.75 a coin."""
    cases: tuple[str, ...]
    """What went wrong, what the agent was shown and what it said; the worst first."""


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    best: Prompt | None
    """None when no rewrite did better on the days of the search than the prompt in use."""
    before: float
    after: float


Play = Callable[[Prompt, int], Played]
"""Plays a stretch, by its number, with a prompt."""


def search(own: Prompt, stretches: int, play: Play, rewriter: Rewriter, seed: int = 0) -> Found:
    """Look for words that do better than the prompt's own.

    Raises:
        ModelUnavailable: the mind that rewrites gave no answer; what was asked before is kept.
    """
    places = list(range(stretches))
    desk = _Desk(own, play, rewriter)
    result: GEPAResult[Played, int] = optimize(
        seed_candidate=_texts(own),
        trainset=places,
        valset=places,
        adapter=desk,
        module_selector="all",
        reflection_minibatch_size=min(IN_A_REFLECTION, stretches),
        perfect_score=_PERFECT,
        stop_callbacks=lambda state: rewriter.is_done,
        # Stretches that are perfect already bring no rewrite: without an end of its own such a search would not end.
        max_metric_calls=stretches * 50,
        logger=_Silent(),
        track_best_outputs=False,
        seed=seed,
    )
    if rewriter.trouble is not None:
        raise rewriter.trouble
    before, after = result.val_aggregate_scores[0], max(result.val_aggregate_scores)
    best = desk.prompt(result.candidates[result.val_aggregate_scores.index(after)])
    return Found(best if after > before else None, before, after)


class _Desk:
    """What gepa sees of the desk."""

    def __init__(self, own: Prompt, play: Play, rewriter: Rewriter) -> None:
        self._own, self._play, self._rewriter = own, play, rewriter
        self._known = {own.hash: own}
        self._played: dict[tuple[str, int], Played] = {}
        self.propose_new_texts: ProposalFn | None = self._rewritten

    def prompt(self, texts: Texts) -> Prompt:
        """The prompt of these texts, as it was checked."""
        return self._known[replace(self._own, system=texts["system"], user=texts["user"]).hash]

    def evaluate(self, batch: list[int], candidate: Texts, capture_traces: bool = False) -> Batch:
        """Play the stretches; what was played in this search is not played again."""
        told = [self._of(self.prompt(candidate), place) for place in batch]
        return EvaluationBatch(told, [each.score for each in told], told if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: Texts, eval_batch: Batch, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The cases of the stretches, for every part alike: they are rewritten together."""
        cases = [{"case": case} for each in eval_batch.outputs for case in each.cases]
        return dict.fromkeys(components_to_update, cases)

    def _rewritten(
        self,
        candidate: Texts,
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> Texts:
        """Other words; the same when none came, which then do no better and are dropped."""
        cases = [str(each["case"]) for each in next(iter(reflective_dataset.values()), ())]
        rewrite = self._rewriter.rewrite(self.prompt(candidate), cases)
        if rewrite is None:
            return dict(candidate)
        self._known[rewrite.hash] = rewrite
        return _texts(rewrite)

    def _of(self, prompt: Prompt, place: int) -> Played:
        key = (prompt.hash, place)
        if key not in self._played:
            self._played[key] = self._play(prompt, place)
        return self._played[key]


class _Silent:
    """Passes over what gepa says of its own steps: ours are told by whoever plays."""

    def log(self, message: str) -> None:
        """Say nothing."""


def _texts(prompt: Prompt) -> Texts:
    return {"system": prompt.system, "user": prompt.user}
