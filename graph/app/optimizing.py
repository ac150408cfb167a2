"""`perun optimize …`: candidates held against the prompt in use over the same recorded days, judged, and promoted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from perun.agents.prompting import Prompt
from perun.graph.app.behaving import agreement, conduct, moved_orders
from perun.graph.app.bench import Bench, Tell, Window, open_bench
from perun.graph.app.bench import Search as Search
from perun.graph.app.person import login, need_reason
from perun.graph.app.players import WHOEVER, Players
from perun.graph.app.prompts import open_registry
from perun.graph.app.reading import read_settings
from perun.graph.optimize.evidence import Evidence, weigh
from perun.graph.optimize.promotion import Conduct, Judgement, judge, unshown
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.scoring import pair
from perun.graph.optimize.trials import Trials, exact, weighed
from perun.graph.optimize.watching import SHADOWS
from perun.graph.replay.artifacts import RunTold
from perun.tools.domain.errors import ConfigurationError, Halted
from perun.tools.domain.prompt_events import CandidateJudged, WindowWeighed

OPTIMIZER: Final = "optimizer"
"""Who did it, when nobody did."""


def optimize(search: Search, overrides: Mapping[str, str], tell: Tell, players: Players = WHOEVER) -> dict[str, Any]:
    """Hold the candidates against the prompt in use, open the sealed days for the best, judge it, note everything.

    Returns:
        The document `perun.optimize/1`.

    Raises:
        ConfigurationError: a version is not there, the mind reads no prompts, or the days are too few.
    """
    with open_bench(search, overrides, tell, players) as opened:
        own = opened.own
        chosen = [opened.prompts.shelf.find(search.agent, each).prompt for each in search.candidates]
        bench = opened.after(chosen)
        bench.need_days()
        tried = _tried(bench, own, chosen)
        if not tried:
            raise ConfigurationError(f"every candidate says what the {search.agent}'s prompt in use says")
        runs = bench.play("validation", [own, *tried])
        incumbent = runs.pop(own.hash)
        found = _weigh(bench, "validation", own, incumbent, runs)
        best = next(prompt for prompt in tried if prompt.hash == found.best)
        sealed = None
        if not unshown("the validation window", found, bench.threshold):
            after = bench.play("sealed", [best, own])
            sealed = _weigh(bench, "sealed", own, after.pop(own.hash), after)
        behaved = conduct(incumbent), conduct(runs[best.hash])
        verdict = judge(found, sealed, bench.threshold, *behaved)
        if verdict.eligible:
            behaved = behaved[0], _tested(bench, best, behaved[1], runs[best.hash])
            verdict = judge(found, sealed, bench.threshold, *behaved)
        judged, promoted = _settle(bench, best, verdict, behaved[1])
        return {**_document(bench, judged, found, sealed), "conduct": _behaviour(*behaved), "promoted": promoted}


def _tested(bench: Bench, best: Prompt, behaved: Conduct, told: RunTold) -> Conduct:
    """Asked again, and asked beside texts that push: only of whom would pass otherwise, for both cost money."""
    return replace(behaved, agreement=agreement(bench, best, told), injected=moved_orders(bench, best))


def _behaviour(incumbent: Conduct, candidate: Conduct) -> dict[str, Any]:
    return {"in_use": vars(incumbent), "candidate": vars(candidate)}


def _settle(bench: Bench, best: Prompt, verdict: Judgement, behaved: Conduct) -> tuple[CandidateJudged, bool]:
    """Put the judgement on record, and promote the prompt where that was asked for; whether it was."""
    attempt = bench.stage.plan.fingerprint
    judged = CandidateJudged(
        attempt=attempt,
        agent=best.agent,
        version=best.version,
        hash=best.hash,
        eligible=verdict.eligible,
        reasons=verdict.reasons,
        threshold=exact(bench.threshold),
        drawdown=exact(behaved.drawdown),
        who=login(),
    )
    bench.trials.note(judged)
    bench.prompts.label(best.agent, "candidate", best.hash, "the best of a search", OPTIMIZER)
    promoted = judged.eligible and bench.stage.settings.optimization_auto_promote
    if promoted:
        advance(bench.prompts, best, f"eligible after {attempt}", OPTIMIZER)
    return judged, promoted


def status(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.optimize_status/1`: every trial, oldest first."""
    with open_registry(read_settings(overrides).settings) as prompts:
        tried = Trials(prompts.events, prompts.clock).all()
    return {"schema": "perun.optimize_status/1", "trials": [event.model_dump(mode="json") for event in tried]}


def promote(name: str, reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Let an eligible candidate decide in the shadow of the prompt in use, which it follows when it does no harm there.

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
        stands = advance(prompts, prompt, reason, login())
        return {"schema": "perun.command/1", stands: prompt.name, "hash": prompt.hash, "reason": reason}


def advance(prompts: Registry, prompt: Prompt, reason: str, who: str) -> str:
    """Put a promoted prompt where it belongs: in the shadow, or in use where there is no shadow; `shadow` or `in_use`.

    A shadow decides finished cycles again on the facts that are on record; the researcher and the analyst speak before
    those facts are, so for them there is none.
    """
    if prompt.agent in SHADOWS:
        prompts.label(prompt.agent, "shadow", prompt.hash, reason, who)
        return "shadow"
    prompts.use(prompt.agent, prompt.hash, reason, who)
    return "in_use"


def _tried(bench: Bench, own: Prompt, chosen: Sequence[Prompt]) -> list[Prompt]:
    """The candidates, and all that were ever held against this prompt over these days: they count too."""
    agent = bench.search.agent
    before = bench.trials.counted(agent, own.hash, bench.span("validation"))
    known = (bench.prompts.shelf.spoken(agent, hash_) for hash_ in sorted(before))
    every = {prompt.hash: prompt for prompt in (*chosen, *known) if prompt is not None}
    return [prompt for hash_, prompt in every.items() if hash_ != own.hash]


def _weigh(bench: Bench, window: Window, own: Prompt, incumbent: RunTold, runs: Mapping[str, RunTold]) -> Evidence:
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
            days=bench.span(window),
            best=found.best,
            **weighed(found),
        )
    )
    return found


def _document(bench: Bench, judged: CandidateJudged, found: Evidence, sealed: Evidence | None) -> dict[str, Any]:
    return {
        "schema": "perun.optimize/1",
        "agent": judged.agent,
        "best": f"{judged.agent}@{judged.version}",
        "hash": judged.hash,
        "eligible": judged.eligible,
        "reasons": list(judged.reasons),
        "validation": {"days": bench.span("validation"), **_figures(found)},
        "sealed": None if sealed is None else {"days": bench.span("sealed"), **_figures(sealed)},
        "sealed_openings": bench.trials.openings(bench.span("sealed")),
    }


def _figures(found: Evidence) -> dict[str, Any]:
    return {"tried": found.tried} | {name: str(value) for name, value in weighed(found).items()}
