"""`perun backtest`: a plan from settings, its runs on books of their own, and the folder that tells of them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from perun.agents.prompting import Prompt
from perun.graph.app.lines import limits
from perun.graph.app.prompts import open_registry
from perun.graph.app.reading import is_secret, read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import minds, provider
from perun.graph.app.venues import exchange_costs
from perun.graph.app.wiring import Parts, data_folder, open_floor
from perun.graph.cycle import Floor
from perun.graph.replay.accounts import curve, trades
from perun.graph.replay.answers import Answers, remembered
from perun.graph.replay.artifacts import RunTold, digests, write_json, write_table, write_tables
from perun.graph.replay.baselines import Ground
from perun.graph.replay.figures import POLICY, SUMMARY, baselines, metrics, summary
from perun.graph.replay.plan import Control, Plan
from perun.graph.replay.playing import play, sessions_between
from perun.graph.replay.telling import costs, decisions, forward_returns
from perun.memory.word_hashes import WordHashes
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Session
from perun.tools.market.recorded import RecordedMarket

_ELSEWHERE: Final = frozenset(
    {"data_dir", "database_url", "chroma_url", "broker", "embedded_start", "embedded_cash", "default_symbols"}
)
"""Settings that a replay has of its own."""
_BEARING: Final = ("risk", "max", "min", "stop", "daily", "weekly", "cooldown", "price", "cluster", "llm", "embedded")
"""How the names of settings begin that bear on decisions or costs."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What a person asked for."""

    begins: date
    ends: date
    symbols: tuple[str, ...] | None = None
    provider: str | None = None
    seeds: int = 1
    control: Control = "none"
    out: Path | None = None


@dataclass(frozen=True)
class Stage:
    """Recorded days, set up for a plan: what is played on it, with whichever prompts, is comparable."""

    settings: Settings
    plan: Plan
    market: RecordedMarket
    days: Sequence[Session]
    folder: Path
    """Where runs keep their books."""
    answers: Answers

    def run(self, seed: int, texts: Mapping[str, Prompt], tell: Tell) -> RunTold:
        """Play the days, or go on where they were cut short, and tell what came of it."""
        with self._open(seed, texts) as floor:
            for number, played in enumerate(play(floor, self.days, self.plan.symbols), 1):
                tell(f"{POLICY} seed {seed}: {played.day} {played.outcome} ({number} of {len(self.days) - 1})")
            return _told(floor, self, seed)

    @contextmanager
    def _open(self, seed: int, texts: Mapping[str, Prompt]) -> Iterator[Floor]:
        """A floor on books of its own, for one seed."""
        if self.plan.provider == "baseline":
            parts = Parts(market=self.market, embedder=WordHashes(), prompts=dict(texts), replayed=True)
        else:
            speakers = remembered(minds(self.settings), self.answers, seed)
            parts = Parts(market=self.market, minds=speakers, prompts=dict(texts), replayed=True)
        own = {"data_dir": self.folder / f"{POLICY}-{seed}", "embedded_start": self.days[0].day}
        home = self.settings.model_copy(update=own)
        with open_floor(home, parts) as floor:
            yield floor


def set_up(wish: Wish, overrides: Mapping[str, str]) -> tuple[Stage, dict[str, Prompt]]:
    """The stage for a wish, and the prompts that are in use at the desk.

    Raises:
        ConfigurationError: the days or symbols are no good.
    """
    settings = _settings(wish, overrides)
    market, texts = RecordedMarket.shipped(), _prompts(settings)
    plan = _plan(wish, settings, texts)
    days = sessions_between(market, plan.begins, plan.ends)
    for symbol in plan.symbols:
        market.at(days[0].closes).bars(symbol, 1)
    folder = (wish.out or data_folder(settings) / "backtests" / plan.fingerprint).expanduser().absolute()
    return Stage(settings, plan, market, days, folder, Answers(data_folder(settings) / "var" / "answers.db")), texts


def backtest(wish: Wish, overrides: Mapping[str, str], tell: Tell) -> dict[str, Any]:
    """Play the plan, or go on with it where it was cut short, and write its folder.

    Returns:
        The document `perun.backtest/1`.

    Raises:
        ConfigurationError: the days, symbols or folder are no good; nothing was played.
    """
    stage, texts = set_up(wish, overrides)
    plan, folder = stage.plan, stage.folder
    _own(folder, plan)
    stage = replace(stage, folder=folder / "work")
    told = [stage.run(seed, texts, tell) for seed in plan.seeds]
    tell("baselines and intervals")
    told += list(baselines(_ground(stage), told))
    write_tables(folder, plan, told)
    measured = metrics(told)
    write_json(folder / "metrics.json", measured)
    write_table(folder / "run_summary.csv", SUMMARY, summary(told, measured))
    write_json(folder / "run_manifest.json", {"plan": plan.fingerprint, "artifacts": digests(folder)})
    return {
        "schema": "perun.backtest/1",
        "plan": plan.fingerprint,
        "folder": str(folder),
        "sessions": len(stage.days),
        "runs": [_summary(each) for each in told],
    }


def _settings(wish: Wish, overrides: Mapping[str, str]) -> Settings:
    """The desk's settings, on recorded days: no account, and nobody who could look something up today."""
    chosen = dict(overrides)
    if wish.symbols is not None:
        chosen["DEFAULT_SYMBOLS"] = ",".join(wish.symbols)
    if wish.provider is not None:
        chosen["LLM_PROVIDER"] = wish.provider
    settings = read_settings(chosen).settings
    here = {"broker": "embedded", "embedded_start": wish.begins, "perplexity_api_key": None, "alpaca_news": False}
    return settings.model_copy(update=here)


def _plan(wish: Wish, settings: Settings, texts: Mapping[str, Prompt]) -> Plan:
    if wish.ends <= wish.begins:
        raise ConfigurationError(f"--to {wish.ends} should lie after --from {wish.begins}")
    bearing = {
        field.upper(): str(value)
        for field, value in settings.model_dump(mode="json").items()
        if field.startswith(_BEARING) and field not in _ELSEWHERE and not is_secret(field)
    }
    manifest = files("perun.recorded").joinpath("manifest.json").read_bytes()
    return Plan(
        begins=wish.begins,
        ends=wish.ends,
        symbols=settings.default_symbols,
        provider=provider(settings),
        seeds=tuple(range(wish.seeds)),
        control=wish.control,
        cash=settings.embedded_cash,
        settings=bearing | {"LIMITS": limits(settings).fingerprint},
        prompts={agent: prompt.hash for agent, prompt in texts.items()},
        market=hashlib.sha256(manifest).hexdigest()[:12],
    )


def _prompts(settings: Settings) -> dict[str, Prompt]:
    """The prompts that are in use at the desk."""
    with open_registry(settings) as prompts:
        return prompts.speakers({})


def _own(folder: Path, plan: Plan) -> None:
    """Take the folder for this plan; one in which the same plan was begun is gone on with."""
    known = folder / "work" / "plan.txt"
    if known.exists():
        if known.read_text() != plan.fingerprint:
            raise ConfigurationError(f"{folder} holds another replay: name another --out, or remove it")
        return
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty and holds no replay: name another --out")
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(plan.fingerprint)


def _ground(stage: Stage) -> Ground:
    """The days for the baselines, at the desk's own costs."""
    history = [session for session in stage.market.sessions() if session.day <= stage.days[-1].day]
    costs, plan = exchange_costs(stage.settings), stage.plan
    return Ground(stage.days, history, plan.symbols, stage.market.bar, plan.cash, costs)


def _told(floor: Floor, stage: Stage, seed: int) -> RunTold:
    ledger, fills, market = floor.hand.ledger, list(floor.book.fills()), stage.market
    cycles = ledger.cycles.finished_before(floor.account, stage.days[-1].closes, len(stage.days))[::-1]
    forward = forward_returns(market.sessions(), market.bar)
    worth = curve(stage.plan.cash, fills, stage.days, lambda symbol, at: market.at(at).bars(symbol, 1)[-1].close)
    return RunTold(
        run=POLICY,
        seed=seed,
        standings=list(worth),
        trades=list(trades(fills)),
        orders=list(floor.book.orders()),
        decisions=list(decisions(ledger, cycles, stage.plan.symbols, forward)),
        costs=list(costs(ledger, cycles)),
    )


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
    for row in document["runs"]:
        change = f"{Decimal(row['return']) * 100:+.2f} %"
        print(f"{row['run']} seed {row['seed']}: {change}, {row['trades']} trades, {row['decisions']} decisions")
    print(f"{document['sessions']} sessions; everything is in {document['folder']}")
