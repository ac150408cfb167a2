"""`perun backtest`: a plan from settings, its runs on books of their own, and the folder that tells of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from perun.graph.app.masking import masked
from perun.graph.app.players import WHOEVER, Players
from perun.graph.app.prompts import open_registry
from perun.graph.app.runs import play_all, runs
from perun.graph.app.stage import Stage as Stage
from perun.graph.app.stage import Tell
from perun.graph.app.stage import Wish as Wish
from perun.graph.app.stage import set_up as set_up
from perun.graph.app.venues import exchange_costs
from perun.graph.replay.artifacts import RunTold, digests, write_json, write_table, write_tables
from perun.graph.replay.baselines import Ground
from perun.graph.replay.cutoff import TOLD
from perun.graph.replay.figures import SUMMARY, baselines, metrics, summary
from perun.graph.replay.plan import Plan
from perun.graph.replay.report import Replay, as_html
from perun.graph.replay.tried import count
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.whole_file import write_whole


def backtest(wish: Wish, overrides: Mapping[str, str], tell: Tell, players: Players = WHOEVER) -> dict[str, Any]:
    """Play the plan, or go on with it where it was cut short, and write its folder.

    Returns:
        The document `perun.backtest/1`.

    Raises:
        ConfigurationError: the days, symbols or folder are no good; nothing was played.
        Unavailable: those who were to play it are not there.
    """
    stage, texts = set_up(wish, overrides)
    plan, folder = stage.plan, stage.folder
    _own(folder, plan)
    with open_registry(stage.settings) as prompts:
        trial = count(plan, prompts.events, prompts.clock)
    shown = masked(replace(stage, folder=folder / "work"))
    told = play_all(list(runs(shown, texts)), shown.folder, tell, players)
    tell("baselines and intervals")
    told += list(baselines(_ground(shown), told))
    write_tables(folder, plan, told)
    measured = metrics(plan, told)
    write_json(folder / "metrics.json", measured)
    write_table(folder / "run_summary.csv", SUMMARY, summary(plan, told, measured))
    write_whole(folder / "report.html", as_html(_replay(plan, shown, told, measured, trial)), durable=False)
    write_json(folder / "run_manifest.json", {"plan": plan.fingerprint, "artifacts": digests(folder)})
    return {
        "schema": "perun.backtest/1",
        "plan": plan.fingerprint,
        "folder": str(folder),
        "sessions": len(stage.days),
        "control": plan.told_control,
        "knowledge": plan.knowledge,
        "trial": trial,
        "runs": [_summary(each) for each in told],
    }


def _own(folder: Path, plan: Plan) -> None:
    """Take the folder for this plan; one in which the same plan was begun is gone on with."""
    known = folder / "work" / "plan.json"
    if known.exists():
        begun = Plan.model_validate_json(known.read_bytes())
        if begun.fingerprint != plan.fingerprint:
            other = ", ".join(name for name in Plan.model_fields if getattr(begun, name) != getattr(plan, name))
            raise ConfigurationError(f"{folder} holds another replay (other {other}): name another --out, or remove it")
        return
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty and holds no replay: name another --out")
    known.parent.mkdir(parents=True, exist_ok=True)
    write_whole(known, plan.model_dump_json(indent=2) + "\n", durable=False)


def _ground(stage: Stage) -> Ground:
    """The days for the baselines, at the desk's own costs."""
    history = [session for session in stage.market.sessions() if session.day <= stage.days[-1].day]
    costs, plan = exchange_costs(stage.settings), stage.plan
    return Ground(stage.days, history, plan.symbols, stage.market.bar, plan.cash, costs)


def _replay(plan: Plan, shown: Stage, told: Sequence[RunTold], measured: Mapping[str, Any], trial: int) -> Replay:
    """All that the report tells; under a control its charts show what the desk was shown."""
    days = [session.day for session in shown.days]
    closes = {
        symbol: {day: bar.close for day in days if (bar := shown.market.bar(symbol, day)) is not None}
        for symbol in shown.plan.symbols
    }
    return Replay(plan, told, measured, trial, closes)


def _summary(told: RunTold) -> dict[str, Any]:
    first, last = told.standings[0], told.standings[-1]
    return {
        "run": told.run,
        "seed": told.seed,
        "return": f"{last.equity / first.equity - 1:.6f}",
        "equity": f"{last.equity:.2f}",
        "trades": len(told.trades),
        "decisions": len(told.decisions),
    }


def page(document: Mapping[str, Any]) -> None:
    """The document for a person."""
    if document["control"] != "none":
        print(f"control: {document['control']}; these days never were, or not under these names")
    for row in document["runs"]:
        change = f"{Decimal(row['return']) * 100:+.2f} %"
        print(f"{row['run']} seed {row['seed']}: {change}, {row['trades']} trades, {row['decisions']} decisions")
    print(f"{document['sessions']} sessions; everything is in {document['folder']}, to be seen in report.html")
    print(f"knowledge: {TOLD[document['knowledge']]}")
