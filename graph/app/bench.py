"""Where a search for better prompts is carried out: recorded days in three windows, and the records of what was tried.

The last third of the days is sealed. What a candidate learned from never judges it: for one that was found on some of
the days, the validation window begins after them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from perun.agents.prompting import Prompt
from perun.graph.app.players import WHOEVER, Players
from perun.graph.app.prompts import open_registry
from perun.graph.app.runs import Run, play_all
from perun.graph.app.settings import Settings
from perun.graph.app.stage import Stage, Wish, set_up
from perun.graph.app.wiring import data_folder
from perun.graph.optimize.evidence import FEWEST
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.scoring import HORIZON
from perun.graph.optimize.trials import Trials
from perun.graph.replay.artifacts import RunTold
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Session

Tell = Callable[[str], None]
Window = Literal["training", "validation", "sealed"]

SEALED: Final = 3
"""One part in so many of the days is sealed: the last. As many, the first, are learned from."""


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
class Bench:
    """Where a search is carried out."""

    search: Search
    prompts: Registry
    trials: Trials
    stage: Stage
    in_use: dict[str, Prompt]
    tell: Tell
    learned_until: date | None = None
    """The last day that a candidate was found on; None when none was found on days."""
    players: Players = WHOEVER

    @property
    def settings(self) -> Settings:
        """The desk's, on recorded days."""
        return self.stage.settings

    @property
    def threshold(self) -> float:
        """The least improvement worth promoting."""
        return self.settings.optimization_prompt_threshold

    @property
    def own(self) -> Prompt:
        """What speaks for the agent now."""
        return self.in_use[self.search.agent]

    def days(self, window: Window) -> Sequence[Session]:
        """The window's sessions; the last one is only measured at its close."""
        days = self.stage.days
        cut = len(days) - len(days) // SEALED
        match window:
            case "training":
                # What a decision of its last days came to must not be known from the days that judge.
                return days[: max(0, len(days) // SEALED - HORIZON)]
            case "validation":
                return [day for day in days[: cut + 1] if self.learned_until is None or day.day > self.learned_until]
            case "sealed":
                return days[cut:]

    def span(self, window: Window) -> str:
        """The window's first and last session, as the record has it."""
        days = self.days(window)
        return f"{days[0].day} to {days[-1].day}"

    def texts(self, prompt: Prompt) -> dict[str, Prompt]:
        """The prompts in use, with this one in the place of its agent's."""
        return self.in_use | {prompt.agent: prompt}

    def play(self, window: Window, prompts: Sequence[Prompt]) -> dict[str, RunTold]:
        """The window's days with each prompt, by its hash; what was played before is read again and not asked again."""
        days = self.days(window)
        # Named by its first day: the same prompt may be tried on fewer days after a candidate learned from some.
        home = self.stage.folder / window / f"{days[0].day}"
        wanted = [
            Run(
                replace(self.stage, days=days, folder=home / f"{prompt.agent}-{prompt.hash}"),
                self.texts(prompt),
                about=f"{window}, {prompt.name}: ",
            )
            for prompt in prompts
        ]
        told = play_all(wanted, home, self.tell, self.players)
        return {prompt.hash: each for prompt, each in zip(prompts, told, strict=True)}

    def after(self, chosen: Sequence[Prompt]) -> "Bench":
        """The bench for candidates of which some may have been found on the days themselves."""
        known = (self.trials.learned_until(prompt.hash) for prompt in chosen)
        days = [day for day in known if day is not None and day >= self.search.begins]
        return replace(self, learned_until=max(days, default=None))

    def need_days(self) -> None:
        """Enough in the smaller windows, before anybody is asked.

        Raises:
            ConfigurationError: how many there are and how many are needed.
        """
        for window in ("sealed", "validation"):
            if (decided := max(0, len(self.days(window)) - 1)) < FEWEST:
                raise ConfigurationError(
                    f"the days are too few: {decided} would be {window}, and {FEWEST} are needed; "
                    f"{FEWEST * SEALED + SEALED} sessions in all are enough"
                )


@contextmanager
def open_bench(search: Search, overrides: Mapping[str, str], tell: Tell, players: Players = WHOEVER) -> Iterator[Bench]:
    """The bench for a search, while the desk's ledger is open.

    Raises:
        ConfigurationError: the days or symbols are no good, the mind reads no prompts, or there is no such agent.
    """
    stage, in_use = set_up(Wish(search.begins, search.ends, search.symbols, search.provider), overrides)
    if stage.plan.provider == "baseline":
        raise ConfigurationError("the baseline policy reads no prompt: name a --provider that does")
    if search.agent not in in_use:
        raise ConfigurationError(f"there is no agent {search.agent}; there are: {', '.join(in_use)}")
    folder = data_folder(stage.settings) / "optimize" / stage.plan.fingerprint
    with open_registry(stage.settings) as prompts:
        trials = Trials(prompts.events, prompts.clock)
        yield Bench(search, prompts, trials, replace(stage, folder=folder), in_use, tell, players=players)
