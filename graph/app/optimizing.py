"""`perun optimize …`: candidates held against the prompt in use over the same recorded days, judged, and promoted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from perun.agents.prompting import Prompt
from perun.graph.app.backtesting import Stage, Wish, set_up
from perun.graph.app.person import login, need_reason
from perun.graph.app.prompts import open_registry
from perun.graph.app.reading import read_settings
from perun.graph.app.wiring import data_folder
from perun.graph.optimize.evidence import FEWEST, Evidence, weigh
from perun.graph.optimize.promotion import Conduct, Judgement, judge, unshown
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.scoring import pair
from perun.graph.optimize.trials import Trials, exact, weighed
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.metrics import daily_returns, measure
from perun.tools.domain.errors import ConfigurationError, Halted
from perun.tools.domain.prompt_events import CandidateJudged, WindowWeighed

Tell = Callable[[str], None]
Window = Literal["validation", "sealed"]

OPTIMIZER: Final = "optimizer"
"""Who did it, when nobody did."""
_SEALED: Final = 3
"""One part in so many of the days is sealed: the last."""


@dataclass(frozen=True)
class Search:
    """What a person wants to know: is one of these better than what speaks now?"""

    agent: str
    candidates: tuple[str, ...]
    """Versions or hashes."""
    begins: date
    ends: date
    symbols: tuple[str, ...] | None = None
    provider: str | None = None


@dataclass(frozen=True)
class _Bench:
    """Where a search is carried out."""

    search: Search
    prompts: Registry
    trials: Trials
    stage: Stage
    in_use: dict[str, Prompt]
    tell: Tell

    @property
    def threshold(self) -> float:
        """The least improvement worth promoting."""
        return self.stage.settings.optimization_prompt_threshold

    def play(self, window: Window, prompt: Prompt) -> RunTold:
        """The window's days with that prompt; what was played before is read again and not asked again."""
        name = f"{self.search.agent}-{prompt.hash}"
        texts = self.in_use | {self.search.agent: prompt}
        stage = replace(self.stage, days=_days(self.stage, window), folder=self.stage.folder / window / name)
        return stage.run(0, texts, lambda line: self.tell(f"{window}, {prompt.name}: {line}"))


def optimize(search: Search, overrides: Mapping[str, str], tell: Tell) -> dict[str, Any]:
    """Hold the candidates against the prompt in use, open the sealed days for the best, judge it, note everything.

    Returns:
        The document `perun.optimize/1`.

    Raises:
        ConfigurationError: a version is not there, the mind reads no prompts, or the days are too few.
    """
    with _open_bench(search, overrides, tell) as bench:
        _need_days(bench.stage)
        own = bench.in_use[search.agent]
        chosen = [bench.prompts.shelf.find(search.agent, each).prompt for each in search.candidates]
        tried = _tried(bench, own, chosen)
        if not tried:
            raise ConfigurationError(f"every candidate says what the {search.agent}'s prompt in use says")
        incumbent = bench.play("validation", own)
        runs = {prompt.hash: bench.play("validation", prompt) for prompt in tried}
        found = _weigh(bench, "validation", own, incumbent, runs)
        best = next(prompt for prompt in tried if prompt.hash == found.best)
        sealed = None
        if not unshown("the validation window", found, bench.threshold):
            after = {best.hash: bench.play("sealed", best)}
            sealed = _weigh(bench, "sealed", own, bench.play("sealed", own), after)
        verdict = judge(found, sealed, bench.threshold, _conduct(incumbent), _conduct(runs[best.hash]))
        judged, promoted = _settle(bench, best, verdict)
        return {**_document(bench, judged, found, sealed), "promoted": promoted}


def _settle(bench: _Bench, best: Prompt, verdict: Judgement) -> tuple[CandidateJudged, bool]:
    """Put the judgement on record, and the prompt in use where that was asked for; whether it was."""
    attempt = bench.stage.plan.fingerprint
    judged = CandidateJudged(
        attempt=attempt,
        agent=best.agent,
        version=best.version,
        hash=best.hash,
        eligible=verdict.eligible,
        reasons=verdict.reasons,
        threshold=exact(bench.threshold),
        who=login(),
    )
    bench.trials.note(judged)
    bench.prompts.label(best.agent, "candidate", best.hash, "the best of a search", OPTIMIZER)
    promoted = judged.eligible and bench.stage.settings.optimization_auto_promote
    if promoted:
        bench.prompts.use(best.agent, best.hash, f"eligible after {attempt}", OPTIMIZER)
    return judged, promoted


def status(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.optimize_status/1`: every trial, oldest first."""
    with open_registry(read_settings(overrides).settings) as prompts:
        tried = Trials(prompts.events, prompts.clock).all()
    return {"schema": "perun.optimize_status/1", "trials": [event.model_dump(mode="json") for event in tried]}


def promote(name: str, reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Put an eligible candidate in use from the next cycle on.

    Raises:
        ConfigurationError: there is no such version, or no reason was given.
        Halted: it was not judged eligible; why.
    """
    need_reason(reason)
    agent, _, wanted = name.partition("@")
    with open_registry(read_settings(overrides).settings) as prompts:
        prompt = prompts.shelf.find(agent, wanted).prompt
        judged = Trials(prompts.events, prompts.clock).judgement(prompt.hash)
        if judged is None:
            raise Halted(f"{prompt.name} was never judged: perun optimize run --agent {agent} --candidate {wanted} …")
        if not judged.eligible:
            raise Halted("\n".join([f"{prompt.name} is not eligible:", *judged.reasons]))
        prompts.use(agent, prompt.hash, reason, login())
        return {"schema": "perun.command/1", "in_use": prompt.name, "hash": prompt.hash, "reason": reason}


def _tried(bench: _Bench, own: Prompt, chosen: Sequence[Prompt]) -> list[Prompt]:
    """The candidates, and all that were ever held against this prompt over these days: they count too."""
    agent = bench.search.agent
    before = bench.trials.counted(agent, own.hash, _span(bench.stage, "validation"))
    known = (bench.prompts.shelf.spoken(agent, hash_) for hash_ in sorted(before))
    every = {prompt.hash: prompt for prompt in (*chosen, *known) if prompt is not None}
    return [prompt for hash_, prompt in every.items() if hash_ != own.hash]


def _weigh(bench: _Bench, window: Window, own: Prompt, incumbent: RunTold, runs: Mapping[str, RunTold]) -> Evidence:
    try:
        losses = pair(incumbent.decisions, {name: told.decisions for name, told in runs.items()})
        found = weigh(losses, bench.threshold)
    except ValueError as error:
        raise ConfigurationError(f"the days of the {window} window are too few: {error}") from error
    bench.trials.note(
        WindowWeighed(
            attempt=bench.stage.plan.fingerprint,
            agent=bench.search.agent,
            incumbent=own.hash,
            candidates=tuple(runs),
            window=window,
            days=_span(bench.stage, window),
            best=found.best,
            **weighed(found),
        )
    )
    return found


def _conduct(told: RunTold) -> Conduct:
    asked = [each for each in told.decisions if each.asked]
    fall = measure(daily_returns([each.equity for each in told.standings]))["max_drawdown"].value
    spent = sum((each.usage.cost_usd for each in told.costs), start=exact(0))
    return Conduct(
        drawdown=-(fall or 0.0),
        denied=sum(not each.cleared for each in asked) / len(asked) if asked else 0.0,
        cost_usd=float(spent) / max(1, len({each.slot for each in told.decisions})),
        agreement=1.0,
    )


def _days(stage: Stage, window: Window) -> Sequence[Any]:
    cut = len(stage.days) - len(stage.days) // _SEALED
    return stage.days[: cut + 1] if window == "validation" else stage.days[cut:]


def _need_days(stage: Stage) -> None:
    """Enough in the smaller window, before anybody is asked."""
    decided = len(_days(stage, "sealed")) - 1
    if decided < FEWEST:
        raise ConfigurationError(
            f"the days are too few: {decided} would be sealed, and {FEWEST} are needed; {FEWEST * _SEALED + _SEALED} "
            "sessions in all are enough"
        )


def _span(stage: Stage, window: Window) -> str:
    days = _days(stage, window)
    return f"{days[0].day} to {days[-1].day}"


def _document(bench: _Bench, judged: CandidateJudged, found: Evidence, sealed: Evidence | None) -> dict[str, Any]:
    return {
        "schema": "perun.optimize/1",
        "agent": judged.agent,
        "best": f"{judged.agent}@{judged.version}",
        "hash": judged.hash,
        "eligible": judged.eligible,
        "reasons": list(judged.reasons),
        "validation": {"days": _span(bench.stage, "validation"), **_figures(found)},
        "sealed": None if sealed is None else {"days": _span(bench.stage, "sealed"), **_figures(sealed)},
        "sealed_openings": bench.trials.openings(_span(bench.stage, "sealed")),
    }


def _figures(found: Evidence) -> dict[str, Any]:
    return {"tried": found.tried} | {name: str(value) for name, value in weighed(found).items()}


@contextmanager
def _open_bench(search: Search, overrides: Mapping[str, str], tell: Tell) -> Iterator[_Bench]:
    wish = Wish(search.begins, search.ends, search.symbols, search.provider)
    stage, in_use = set_up(wish, overrides)
    if stage.plan.provider == "baseline":
        raise ConfigurationError("the baseline policy reads no prompt: name a --provider that does")
    if search.agent not in in_use:
        raise ConfigurationError(f"there is no agent {search.agent}; there are: {', '.join(in_use)}")
    folder = data_folder(stage.settings) / "optimize" / stage.plan.fingerprint
    with open_registry(stage.settings) as prompts:
        trials = Trials(prompts.events, prompts.clock)
        yield _Bench(search, prompts, trials, replace(stage, folder=folder), in_use, tell)
