"""Every run of a replay, one after another or side by side in processes of their own: the same tables either way."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

from perun.agents.prompting import Prompt
from perun.graph.app.stage import Stage, Tell
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.figures import ARM, POLICY


@dataclass(frozen=True)
class Run:
    """Who decides, and with which seed."""

    name: str
    seed: int


def runs(stage: Stage) -> Iterator[Run]:
    """The desk's runs, one for each seed; where a model speaks, the same desk on the baseline policy too."""
    yield from (Run(POLICY, seed) for seed in stage.plan.seeds)
    if stage.plan.provider != "baseline":
        yield Run(ARM, 0)


def play_all(stage: Stage, texts: Mapping[str, Prompt], tell: Tell, workers: int = 1) -> list[RunTold]:
    """Play every run, in `workers` processes at once where that is more than one."""
    if workers == 1:
        return [_play(stage, dict(texts), tell, run) for run in runs(stage)]
    # A process begun anew shares no lock and no connection with this one.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return play_apart(stage, texts, tell, pool)


def play_apart(stage: Stage, texts: Mapping[str, Prompt], tell: Tell, pool: Executor) -> list[RunTold]:
    """Play every run on an executor of any kind whose workers see the stage's folder."""
    wanted: Sequence[Run] = list(runs(stage))
    told = []
    for run, each in zip(wanted, pool.map(partial(_play_there, stage, dict(texts)), wanted), strict=True):
        tell(f"{run.name} seed {run.seed}: {len(each.standings)} sessions")
        told.append(each)
    return told


def _play_there(stage: Stage, texts: dict[str, Prompt], run: Run) -> RunTold:
    return _play(stage, texts, lambda line: None, run)


def _play(stage: Stage, texts: dict[str, Prompt], tell: Tell, run: Run) -> RunTold:
    if run.name == ARM:
        unasked = stage.settings.model_copy(update={"llm_provider": "baseline"})
        stage = replace(stage, settings=unasked, plan=stage.plan.model_copy(update={"provider": "baseline"}))
    return stage.run(run.seed, texts, tell, run.name)
