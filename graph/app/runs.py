"""Replays to be played, each once and by itself: one after another, or side by side; the same tables either way."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from perun.agents.prompting import Prompt
from perun.graph.app.players import WHOEVER, Players, playing
from perun.graph.app.stage import Stage, Tell
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.figures import ARM, POLICY


@dataclass(frozen=True)
class Run:
    """The days of a stage, who decides on them, and with which seed."""

    stage: Stage
    texts: Mapping[str, Prompt]
    name: str = POLICY
    seed: int = 0
    about: str = ""
    """What lines that are told of it begin with."""

    def play(self, tell: Tell) -> RunTold:
        """Play it, or go on where it was cut short."""
        return self.stage.run(self.seed, self.texts, lambda line: tell(self.about + line), self.name)


def runs(stage: Stage, texts: Mapping[str, Prompt]) -> Iterator[Run]:
    """The desk's runs, one for each seed; where a model speaks, the same desk on the baseline policy too."""
    yield from (Run(stage, texts, POLICY, seed) for seed in stage.plan.seeds)
    if stage.plan.provider != "baseline":
        unasked = stage.settings.model_copy(update={"llm_provider": "baseline"})
        arm = replace(stage, settings=unasked, plan=stage.plan.model_copy(update={"provider": "baseline"}))
        yield Run(arm, texts, ARM)


def play_all(wanted: Sequence[Run], home: Path, tell: Tell, players: Players = WHOEVER) -> list[RunTold]:
    """Play every run; all of them keep their books below `home`.

    Raises:
        Unavailable: nobody plays for us there.
    """
    with playing(players, wanted[0].stage.settings, home, tell) as pool:
        return [run.play(tell) for run in wanted] if pool is None else play_apart(wanted, tell, pool)


def play_apart(wanted: Sequence[Run], tell: Tell, pool: Executor) -> list[RunTold]:
    """Play every run on an executor of any kind whose workers see where the runs keep their books."""
    told = []
    for run, each in zip(wanted, pool.map(_play_there, wanted), strict=True):
        tell(f"{run.about}{run.name} seed {run.seed}: {len(each.standings)} sessions")
        told.append(each)
    return told


def _play_there(run: Run) -> RunTold:
    return run.play(lambda line: None)
