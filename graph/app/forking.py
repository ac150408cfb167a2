"""`perun trace fork`: a cycle's moment run again, with another prompt or model, by a desk that has no hand."""

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.agents.roles import ROSTER
from perun.graph.app.hushing import redaction
from perun.graph.app.lines import limits
from perun.graph.app.reading import read_settings
from perun.graph.app.remembering import index_place, memory_bounds
from perun.graph.app.settings import Settings
from perun.graph.app.sources import news
from perun.graph.app.speakers import minds, purse
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place, registry
from perun.graph.checkpoint_store import Saver, open_checkpoints
from perun.graph.ledger.ledger import Place, Remote, open_ledger
from perun.graph.ledger.looking import is_there, open_archive
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.shelf import read_prompt
from perun.graph.trace.agreement import agreement
from perun.graph.trace.forking import SPEAKERS, Bench, Fork, Wish, fork, refuse_the_silent
from perun.graph.trace.reading import Trace, find
from perun.graph.trace.then import MemdirThen, prompts_then
from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder, MiniLM, Recent
from perun.memory.recall import Memory
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.money import plain
from perun.tools.domain.orders import OrderTerms
from perun.tools.domain.ports import NewsSource
from perun.tools.risk.levers import SETTINGS

SCHEMA: Final = "perun.fork/1"


@dataclass(frozen=True)
class Otherwise:
    """What a fork does otherwise than its original, as it was typed."""

    at: str = "trade"
    prompts: Sequence[str] = ()
    """`trader=FILE`, `trader=VERSION`."""
    models: Sequence[str] = ()
    """`trader=MODEL`, or `MODEL` for all."""
    provider: str = ""
    runs: int = 1
    limits: Sequence[str] = ()
    """`MAX_POSITION_PERCENT=30`."""
    minds: Mapping[str, Mind] = field(default_factory=dict)
    """Stand-ins for those whom settings name."""
    news: NewsSource | None = None
    """Likewise for the source of documents."""
    embedder: Embedder | None = None
    """Likewise for what turns words into vectors."""

    @property
    def said(self) -> str:
        """The command for the record."""
        parts = [f"--at {self.at}", *(f"--prompt {each}" for each in self.prompts)]
        parts += [
            *(f"--model {each}" for each in self.models),
            *([f"--provider {self.provider}"] * bool(self.provider)),
            *(f"--set {each}" for each in self.limits),
        ]
        return " ".join(["trace fork", *parts, f"--runs {self.runs}"])

    @property
    def anew(self) -> tuple[str, ...]:
        """Who is asked whatever is on record: whoever has another model, and everybody when it is about stability."""
        if self.provider or self.runs > 1:
            return tuple(ROSTER)
        named = [role for role, _, model in (each.partition("=") for each in self.models) if model]
        return tuple(named) if len(named) == len(self.models) else tuple(ROSTER)


def forked(name: str, otherwise: Otherwise, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.fork/1`: what is decided now, how it differs, and over several runs how stable it is.

    Raises:
        ConfigurationError: there is no such cycle, prompt, role or limit; or the cycle never came to that node.
    """
    settings = read_settings({**overrides, **_other_models(otherwise), **_other_limits(otherwise)}).settings
    with _open_bench(name, settings, otherwise) as (trace, bench):
        wish = Wish(otherwise.at, otherwise.anew, otherwise.said, getpass.getuser())
        forks = [fork(trace, bench, wish) for _ in range(otherwise.runs)]
    return {
        "schema": SCHEMA,
        "cycle_id": trace.cycle.cycle_id,
        "at": otherwise.at,
        "forks": [_row(each) for each in forks],
        "agreement": agreement([each.signals for each in forks]),
        **forks[0].compared,
    }


def _other_models(otherwise: Otherwise) -> dict[str, str]:
    """The settings that name the models."""
    wanted = {"LLM_PROVIDER": otherwise.provider} if otherwise.provider else {}
    for each in otherwise.models:
        role, stroke, model = each.partition("=")
        if stroke and role not in ROSTER:
            raise ConfigurationError(f"there is no agent {role}; there are: {', '.join(ROSTER)}")
        wanted |= {f"LLM_MODEL_{role.upper()}": model} if stroke else {"LLM_MODEL": role}
    return wanted


def _other_limits(otherwise: Otherwise) -> dict[str, str]:
    """The limits by which it is judged instead. Nothing but limits: a fork has no other broker, place or key."""
    wanted = dict(_halves(each) for each in otherwise.limits)
    if unknown := wanted.keys() - SETTINGS:
        raise ConfigurationError(f"{', '.join(sorted(unknown))} is no limit of the gate: perun config rules shows them")
    return wanted


def _halves(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


@contextmanager
def _open_bench(name: str, settings: Settings, otherwise: Otherwise) -> Iterator[tuple[Trace, Bench]]:
    place, folder, clock = ledger_place(settings), data_folder(settings), SystemClock()
    trace = _found(place, name)
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(place, clock, redaction=redaction(settings)))
        venue = stack.enter_context(open_venue(settings, folder))
        if venue.account != trace.cycle.account:
            raise ConfigurationError(f"{trace.cycle.cycle_id} is of another account than {venue.account}")
        yield (
            trace,
            Bench(
                ledger=ledger,
                clock=clock,
                market=venue.market,
                listing=venue.book,
                memory=stack.enter_context(closing(_memory(settings, folder, trace, otherwise))),
                minds=otherwise.minds or minds(settings),
                prompts=_prompts(registry(folder, ledger, clock), trace, otherwise),
                purse=purse(settings),
                tool_rounds=settings.llm_tool_rounds,
                limits=limits(settings),
                steps=_steps(place, settings, stack),
                news=otherwise.news or news(settings),
                store=stack.enter_context(open_checkpoints(folder / "var" / "forks.db", redaction(settings))),
            ),
        )


def _memory(settings: Settings, folder: Path, trace: Trace, otherwise: Otherwise) -> Memory:
    """The memory without what was written since the cycle began."""
    index = ChromaIndex(index_place(settings, folder), Recent(otherwise.embedder or MiniLM()))
    return Memory(MemdirThen(folder / "memdir", trace.cycle.started_at), index, bounds=memory_bounds(settings))


def _found(place: Place, name: str) -> Trace:
    if not is_there(place):
        raise ConfigurationError(f"the ledger knows no {name}; there was no cycle yet")
    with open_archive(place) as archive:
        return find(archive, name)


def _steps(place: Place, settings: Settings, stack: ExitStack) -> Saver | None:
    """Where the original's steps lie, beside the ledger; None when nobody kept any."""
    beside = place.server if isinstance(place, Remote) else place.with_name("checkpoints.db")
    if isinstance(beside, Path) and not beside.exists():
        return None
    return stack.enter_context(open_checkpoints(beside, redaction(settings)))


def _prompts(known: Registry, trace: Trace, otherwise: Otherwise) -> dict[str, Prompt]:
    """Those with which the cycle began, but for the ones that are named."""
    named = dict(_prompt(known, each) for each in otherwise.prompts)
    models = [role for role, stroke, _ in (each.partition("=") for each in otherwise.models) if stroke]
    if otherwise.at in SPEAKERS:
        refuse_the_silent([*named, *models], otherwise.at)
    return {**known.speakers(prompts_then(trace)), **named}


def _prompt(known: Registry, text: str) -> tuple[str, Prompt]:
    role, _, wanted = text.partition("=")
    if not wanted:
        raise ConfigurationError(f"--prompt {text} should be ROLE=FILE or ROLE=VERSION")
    if not (path := Path(wanted)).is_file():
        return role, known.shelf.find(role, wanted.removeprefix(f"{role}@")).prompt
    try:
        prompt = read_prompt(path.read_text(encoding="utf-8-sig"), wanted)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the prompt {path} cannot be read: {error}") from error
    if prompt.agent != role:
        raise ConfigurationError(f"{path} is a prompt of the {prompt.agent}, not of the {role}")
    return role, prompt


def _row(made: Fork) -> dict[str, Any]:
    verdicts = {verdict.symbol: verdict for verdict in made.verdicts}
    decisions = []
    for signal in made.signals:
        verdict = verdicts.get(signal.symbol)
        decisions.append(
            {
                "symbol": signal.symbol,
                "action": signal.action.value,
                "confidence": signal.confidence,
                "rationale": signal.rationale,
                "cleared": verdict.cleared if verdict else None,
                "breaches": [check.code for check in verdict.breaches] if verdict else [],
            }
        )
    return {
        "stream": made.stream,
        "begun_from": made.begun_from,
        "decisions": decisions,
        "would_send": [_terms(each) for each in made.unsent],
        "usage": made.usage.model_dump(mode="json"),
    }


def _terms(terms: OrderTerms) -> dict[str, Any]:
    stop = plain(terms.stop_loss) if terms.stop_loss is not None else None
    return {"symbol": terms.symbol, "side": terms.side.value, "qty": plain(terms.qty), "stop_loss": stop}
