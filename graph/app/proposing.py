"""`perun optimize propose`: other words for a prompt, written by a model from what went wrong on recorded days.

What is found lands on the shelf as a *candidate*; whether it is better, `perun optimize run` judges on other days.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from importlib import resources
from typing import Any, Final

from perun.agents.models import Mind
from perun.agents.prompting import Prompt, load_prompts
from perun.agents.roles import EDITOR
from perun.graph.app.bench import Bench, Search, Tell, open_bench
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import minds
from perun.graph.optimize.lessons import cases
from perun.graph.optimize.rewriting import Allowance, Rewriter, written
from perun.graph.optimize.scoring import COIN, loss
from perun.graph.optimize.trials import exact
from perun.graph.replay.answers import remembered
from perun.graph.replay.artifacts import RunTold
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import Event
from perun.tools.domain.market import Session
from perun.tools.domain.money import ZERO
from perun.tools.domain.prompt_events import CandidatesSought

SCHEMA: Final = "perun.optimize_propose/1"
OPTIMIZER: Final = "optimizer"
"""Who did it, when nobody did."""
STRETCH: Final = 5
"""Decided sessions that are played and judged together."""
FEWEST_STRETCHES: Final = 2


def propose(search: Search, rewrites: int, overrides: Mapping[str, str], tell: Tell) -> dict[str, Any]:
    """Look for better words on the first third of the days, and put the best on the shelf as a candidate.

    Returns:
        The document `perun.optimize_propose/1`.

    Raises:
        ConfigurationError: the days are too few, or the mind reads no prompts.
        ModelUnavailable: the model that writes did not answer; a search begun again repeats no question.
    """
    from perun.graph.optimize import reflecting

    with open_bench(search, overrides, tell) as bench:
        school = _School(bench)
        mind = remembered({EDITOR.name: _editor(bench.settings, search.agent)}, bench.stage.answers, 0)[EDITOR.name]
        rewriter = Rewriter(mind, editor_prompt(), _allowance(bench.settings, rewrites), lambda: school.usd)
        found = reflecting.search(bench.own, len(school.stretches), school.play, rewriter)
        landed = "" if found.best is None else _land(bench, found.best)
        cost = school.usd + rewriter.usd
        days = bench.days("training")
        sought = CandidatesSought(
            attempt=bench.stage.plan.fingerprint,
            agent=search.agent,
            incumbent=bench.own.hash,
            model=mind.name,
            days=bench.span("training"),
            last_day=days[-1].day,
            asked=rewriter.asked,
            refused=tuple(rewriter.refused),
            landed=landed,
            before=exact(found.before),
            after=exact(found.after),
            cost_usd=exact(float(cost)),
        )
        bench.trials.note(sought)
        name = found.best.name if found.best else None
        return {"schema": SCHEMA, "candidate": name, **sought.model_dump(mode="json", exclude={"kind"})}


def _land(bench: Bench, best: Prompt) -> str:
    version, _ = bench.prompts.add(written(replace(best, parent=bench.own.name)), "the optimizer's search", OPTIMIZER)
    prompt = version.prompt
    bench.prompts.label(prompt.agent, "candidate", prompt.hash, "did better on the days it was found on", OPTIMIZER)
    return prompt.hash


class _School:
    """The days that are learned from, in stretches, each played on an account of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.stretches = list(_stretches(bench.days("training")))
        self.usd: Decimal = ZERO
        if len(self.stretches) < FEWEST_STRETCHES:
            raise ConfigurationError(
                f"the days are too few: the first third holds {len(self.stretches)} stretches of {STRETCH} sessions to "
                f"learn from, and {FEWEST_STRETCHES} are needed"
            )

    def play(self, prompt: Prompt, place: int) -> "Any":
        """How the prompt did on the stretch, and what went wrong."""
        from perun.graph.optimize.reflecting import Played

        bench, days = self._bench, self.stretches[place]
        folder = bench.stage.folder / "training" / f"{prompt.agent}-{prompt.hash}" / str(place)
        stage, texts = replace(bench.stage, days=days, folder=folder), bench.texts(prompt)
        bench.tell(f"training, {prompt.name}: {days[0].day} to {days[-1].day}")
        told = stage.run(0, texts, lambda line: None)
        self.usd += sum((each.usage.cost_usd for each in told.costs), ZERO)
        with stage.open(0, texts) as floor:
            cycles = floor.hand.ledger.cycles.finished_before(floor.account, days[-1].closes, len(days))
            events = {cycle.slot: _events(floor, cycle.cycle_id) for cycle in cycles}
        return Played(_score(told), tuple(cases(told.decisions, events, prompt.agent)))


def _events(floor: Any, cycle_id: str) -> list[Event]:
    return [stored.event for stored in floor.hand.ledger.events.read(cycle_id)]


def _stretches(days: Sequence[Session]) -> Iterator[Sequence[Session]]:
    for start in range(0, len(days) - STRETCH, STRETCH):
        yield days[start : start + STRETCH + 1]


def _score(told: RunTold) -> float:
    """One less the mean loss; a coin's when nothing can be judged."""
    losses = [value for each in told.decisions if (value := loss(each)) is not None]
    return 1 - (sum(losses) / len(losses) if losses else COIN)


def _allowance(settings: Settings, rewrites: int) -> Allowance:
    return Allowance(rewrites, settings.optimization_max_usd)


def _editor(settings: Settings, agent: str) -> Mind:
    """Who writes: OPTIMIZATION_MODEL, or else the model whose prompt it is."""
    if settings.optimization_model:
        settings = settings.model_copy(update={f"llm_model_{agent}": settings.optimization_model})
    return minds(settings)[agent]


def editor_prompt() -> Prompt:
    """What the editor is told, from the package."""
    with resources.as_file(resources.files("perun.agents.prompts")) as folder:
        return load_prompts(folder, {EDITOR.name: EDITOR.holes})[EDITOR.name]
