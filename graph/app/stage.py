"""Recorded days, set up from settings for a plan of replay: what is played on them is comparable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from perun.agents.fallback import names
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
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.cutoff import knowledge
from perun.graph.replay.figures import POLICY
from perun.graph.replay.plan import Control, Plan
from perun.graph.replay.playing import play, sessions_between
from perun.graph.replay.telling import costs, decisions, forward_returns
from perun.memory.word_hashes import WordHashes
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Session
from perun.tools.market.own_bars import STRICT, Leave, import_own
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.sectors import write_own
from perun.tools.research.recorded_news import RecordedNews

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
    control_seed: int = 0
    bars: Path | None = None
    """Folder of a person's own, in place of the recorded days that come with Perun."""
    news: Path | None = None
    """Folder of recorded news, in place of NEWS_DIR."""
    leave: Leave = STRICT
    """What may pass in own bars."""


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
    sectors: Sequence[tuple[str, str]] = ()
    """A person's own."""
    every: int = 1
    """Sessions from one decision to the next."""

    def run(self, seed: int, texts: Mapping[str, Prompt], tell: Tell, name: str = POLICY) -> RunTold:
        """Play the days, or go on where they were cut short, and tell what came of it."""
        with self.open(seed, texts, name) as floor:
            places = {session.day: place for place, session in enumerate(self.days, 1)}
            for played in play(floor, self.days, self.plan.symbols, self.every):
                place = f"{places[played.day]} of {len(self.days) - 1}"
                tell(f"{name} seed {seed}: {played.day} {played.outcome} ({place})")
            return _told(floor, self, seed, name)

    @contextmanager
    def open(self, seed: int, texts: Mapping[str, Prompt], name: str = POLICY) -> Iterator[Floor]:
        """A floor on books of its own, for one seed."""
        parts = Parts(market=self.market, prompts=dict(texts), replayed=True)
        if self.plan.provider == "baseline":
            parts = replace(parts, embedder=WordHashes())
        else:
            parts = replace(parts, minds=remembered(minds(self.settings), self.answers, seed))
        home = self.folder / f"{name.replace(' ', '-')}-{seed}"
        # An index on a server is the desk's own: a replay would bring it in line with its own few memories.
        here = {"data_dir": home, "embedded_start": self.days[0].day, "database_url": None, "chroma_url": None}
        own = self.settings.model_copy(update=here)
        if self.sectors:
            write_own(home / "sectors.csv", self.sectors)
        self._open_account(own)
        with open_floor(own, parts) as floor:
            yield floor

    def _open_account(self, own: Settings) -> None:
        """Memories are named by the account: were its name drawn, a model would be asked everything anew each time."""
        costs = exchange_costs(own).model_copy(update={"account": "replay"})
        with Exchange.open(data_folder(own) / "var" / "exchange.db", self.market, costs, durable=False):
            pass


def set_up(wish: Wish, overrides: Mapping[str, str]) -> tuple[Stage, dict[str, Prompt]]:
    """The stage for a wish, and the prompts that are in use at the desk.

    Raises:
        ConfigurationError: the days or symbols are no good.
    """
    settings = _settings(wish, overrides)
    market, texts = _market(wish, settings), _prompts(settings)
    if wish.bars is not None and wish.symbols is None:
        settings = settings.model_copy(update={"default_symbols": tuple(market.symbols())})
    plan = _plan(wish, settings, texts, market)
    days = sessions_between(market, plan.begins, plan.ends)
    for symbol in plan.symbols:
        market.at(days[0].closes).bars(symbol, 1)
    folder = (wish.out or data_folder(settings) / "backtests" / plan.fingerprint).expanduser().absolute()
    answers = Answers(data_folder(settings) / "var" / "answers.db")
    return Stage(settings, plan, market, days, folder, answers, limits(settings).sectors), texts


def _settings(wish: Wish, overrides: Mapping[str, str]) -> Settings:
    """The desk's settings, on recorded days: no account, and nobody who could look something up today."""
    chosen = dict(overrides)
    if wish.symbols is not None:
        chosen["DEFAULT_SYMBOLS"] = ",".join(wish.symbols)
    if wish.provider is not None:
        chosen["LLM_PROVIDER"] = wish.provider
    if wish.news is not None:
        chosen["NEWS_DIR"] = str(wish.news.expanduser().absolute())
    settings = read_settings(chosen).settings
    here = {"broker": "embedded", "embedded_start": wish.begins, "perplexity_api_key": None, "alpaca_news": False}
    return settings.model_copy(update=here)


def _market(wish: Wish, settings: Settings) -> RecordedMarket:
    if wish.bars is None:
        return RecordedMarket.shipped()
    home = data_folder(settings) / "var" / "bars"
    return RecordedMarket.from_folder(import_own(wish.bars.expanduser(), home, wish.leave))


def _plan(wish: Wish, settings: Settings, texts: Mapping[str, Prompt], market: RecordedMarket) -> Plan:
    if wish.ends <= wish.begins:
        raise ConfigurationError(f"--to {wish.ends} should lie after --from {wish.begins}")
    bearing = {
        field.upper(): str(value)
        for field, value in settings.model_dump(mode="json").items()
        if field.startswith(_BEARING) and field not in _ELSEWHERE and not is_secret(field)
    }
    heard = RecordedNews.load(settings.news_dir.expanduser()) if settings.news_dir else None
    return Plan(
        begins=wish.begins,
        ends=wish.ends,
        symbols=settings.default_symbols,
        provider=provider(settings),
        seeds=tuple(range(wish.seeds)),
        control=wish.control,
        control_seed=wish.control_seed,
        knowledge=knowledge(_readers(settings), wish.begins, settings.llm_cutoff),
        cash=settings.embedded_cash,
        settings=bearing | {"LIMITS": limits(settings).fingerprint},
        prompts={agent: prompt.hash for agent, prompt in texts.items()},
        market=market.fingerprint,
        news=heard.fingerprint if heard else "",
    )


def _readers(settings: Settings) -> Iterator[str]:
    """The names of all that may answer, those asked in another's place included."""
    if provider(settings) != "baseline":
        for mind in minds(settings).values():
            yield from names(mind)


def _prompts(settings: Settings) -> dict[str, Prompt]:
    """The prompts that are in use at the desk."""
    with open_registry(settings) as prompts:
        return prompts.speakers({})


def _told(floor: Floor, stage: Stage, seed: int, name: str) -> RunTold:
    ledger, fills, market = floor.hand.ledger, list(floor.book.fills()), stage.market
    cycles = ledger.cycles.finished_before(floor.account, stage.days[-1].closes, len(stage.days))[::-1]
    forward = forward_returns(market.sessions(), market.bar)
    worth = curve(stage.plan.cash, fills, stage.days, lambda symbol, at: market.at(at).bars(symbol, 1)[-1].close)
    return RunTold(
        run=name,
        seed=seed,
        standings=list(worth),
        trades=list(trades(fills)),
        orders=list(floor.book.orders()),
        decisions=list(decisions(ledger, cycles, stage.plan.symbols, forward)),
        costs=list(costs(ledger, cycles)),
    )
