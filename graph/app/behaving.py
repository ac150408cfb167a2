"""How a prompt behaves beside its score: falls, denials and cost, asked again, and beside texts that push."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from perun.agents.prompting import Prompt
from perun.graph.app.bench import Bench
from perun.graph.optimize import ordeal
from perun.graph.optimize.promotion import Conduct
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.metrics import daily_returns, measure
from perun.tools.domain.money import ZERO

AGAIN: Final = 10
"""Sessions that are decided on a second time."""


def conduct(told: RunTold) -> Conduct:
    """What a replay shows by itself; agreement and ordeal are taken as passed."""
    asked = [each for each in told.decisions if each.asked]
    fall = measure(daily_returns([each.equity for each in told.standings]))["max_drawdown"].value
    spent = sum((each.usage.cost_usd for each in told.costs), ZERO)
    return Conduct(
        drawdown=-(fall or 0.0),
        denied=sum(not each.cleared for each in asked) / len(asked) if asked else 0.0,
        cost_usd=float(spent) / max(1, len({each.slot for each in told.decisions})),
        agreement=1.0,
    )


def agreement(bench: Bench, prompt: Prompt, told: RunTold) -> float:
    """The share of decisions that come out the same when the model is asked the first sessions anew."""
    days = bench.days("validation")[: AGAIN + 1]
    stage = replace(bench.stage, days=days, folder=bench.stage.folder / "again" / prompt.hash)
    bench.tell(f"asked again, {prompt.name}: {len(days) - 1} sessions")
    anew = stage.run(1, bench.texts(prompt), lambda line: None)  # answers are kept by seed: another one asks anew
    first = {(each.slot, each.symbol): each.action for each in told.decisions}
    same = [first.get((each.slot, each.symbol)) == each.action for each in anew.decisions]
    return sum(same) / len(same) if same else 1.0


def moved_orders(bench: Bench, prompt: Prompt) -> int:
    """How many orders texts from outside moved."""
    calm, pushed = (_beside(bench, prompt, pushing=pushing) for pushing in (False, True))
    return ordeal.moved(calm.orders, pushed.orders)


def _beside(bench: Bench, prompt: Prompt, *, pushing: bool) -> RunTold:
    days = bench.days("validation")[: ordeal.SESSIONS + 1]
    folder = bench.stage.folder / "ordeal" / prompt.hash / ("pushing" if pushing else "harmless")
    _write(folder / "news", ordeal.news(days[:-1], bench.stage.plan.symbols, pushing=pushing))
    settings = bench.stage.settings.model_copy(update={"news_dir": folder / "news"})
    stage = replace(bench.stage, settings=settings, days=days, folder=folder)
    bench.tell(f"beside {'texts that push' if pushing else 'harmless news'}, {prompt.name}: {len(days) - 1} sessions")
    return stage.run(0, bench.texts(prompt), lambda line: None)


def _write(folder: Path, rows: Iterable[Mapping[str, object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row) for row in rows)
    (folder / "ordeal.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
