"""A run gone on with from one of its moments, otherwise or once more: nothing in it can send an order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final, cast

from langgraph.runtime import Runtime

from perun.agents.asking import Asker
from perun.agents.budget import Purse
from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.graph.bookkeeping import OURS
from perun.graph.builder import build
from perun.graph.desk import Desk
from perun.graph.hushed import hushed
from perun.graph.ledger.ledger import Ledger
from perun.graph.precedents import Precedents
from perun.graph.state import CycleState
from perun.graph.trace.comparing import compare
from perun.graph.trace.heard import ForkTape, Heard, listening
from perun.graph.trace.placing import ORDER, placed
from perun.graph.trace.reading import Trace
from perun.graph.trace.resuming import BEFORE, Saver, continue_from, snapshot_of, thread
from perun.graph.trace.studied import stands
from perun.graph.trace.then import BookThen, MarketThen, WatchThen, prompts_then
from perun.memory.recall import Memory
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CommandGiven,
    CycleStarted,
    MemoriesRecalled,
    ModelAsked,
    NodeStarted,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    ToolCalled,
    Usage,
    VerdictGiven,
)
from perun.tools.domain.orders import ClientOrderId, Leg, OrderTerms
from perun.tools.domain.ports import BookReader, Market, NewsSource
from perun.tools.domain.signals import TradingSignal
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.limits import Limits

_ALL: Final = ("researcher", "analyst", "trader", "risk_manager")
SPEAKERS: Final = {
    "research": _ALL,
    "recall": _ALL[1:],
    "analyse": _ALL[1:],
    "trade": _ALL[2:],
    "advise": _ALL[3:],
    "gate": (),
}
"""Who speaks from there on."""
_COMPARED: Final = (
    ResearchRead,
    MemoriesRecalled,
    ModelAsked,
    ToolCalled,
    AgentAbstained,
    ReportWritten,
    SignalFormed,
    AdviceGiven,
    VerdictGiven,
)


@dataclass(frozen=True)
class Bench:
    """Everything that a fork is run with. There is no order writer among it, and so none in reach of a fork."""

    ledger: Ledger
    clock: Clock
    market: Market
    listing: BookReader
    """Asked only what the broker lists."""
    memory: Memory
    """As it stood then."""
    minds: Mapping[str, Mind]
    prompts: Mapping[str, Prompt]
    purse: Purse
    tool_rounds: int
    limits: Limits
    steps: Saver | None
    """Where the original's steps are kept; None when there are none."""
    store: Saver
    """Where those of forks are kept, apart from them."""
    news: NewsSource | None = None
    """Documents from outside, for a researcher who is asked anew; the web of then cannot be asked."""


@dataclass(frozen=True)
class Wish:
    """What is to be run again, and how otherwise."""

    at: str = "trade"
    anew: tuple[str, ...] = ()
    """Roles whose recorded answers do not count, however they are asked."""
    said: str = "trace fork"
    """The command as it was typed, for the record."""
    who: str = ""


@dataclass(frozen=True)
class Fork:
    """A fork that came to its end, which is before anything is sent or remembered."""

    stream: str
    begun_from: str
    """`checkpoint`, or `record` when the steps are no longer kept."""
    signals: tuple[TradingSignal, ...]
    verdicts: tuple[Verdict, ...]
    usage: Usage
    """What was asked anew; an answer from the record costs nothing."""
    compared: dict[str, Any]
    """What differs from the original from that node to the gate, as in `perun.trace-diff/1`."""

    @property
    def unsent(self) -> tuple[OrderTerms, ...]:
        """What would have been sent."""
        return tuple(each.terms for each in self.verdicts if each.cleared and each.terms)


def fork(trace: Trace, bench: Bench, wish: Wish) -> Fork:
    """Go on with the run from the node, in a thread and a stream of its own.

    Raises:
        ConfigurationError: a fork cannot begin there, or the cycle never came so far.
    """
    _refuse_what_cannot_be(trace, wish)
    stream, heard = _free_stream(trace, bench), Heard(trace)
    tape = ForkTape(bench.ledger, stream, bench.clock, heard)
    taken = stands(trace, wish.at, bench.memory.files, bench.steps, research_anew=_asks_researcher(trace, bench, wish))
    graph = build(_sends_nothing, bench.store, taken)
    source = continue_from(trace, bench.steps, bench.store, graph, stream, wish.at)
    tape.record(CommandGiven(command=wish.said, reason=_origin(trace, wish), who=wish.who))
    tape.record(_begun(trace, bench))
    desk = _desk(trace, bench, tape, _minds(bench, heard, wish, stream))
    values = graph.invoke(None, thread(stream), context=desk, interrupt_before=["remember"], durability="sync")
    return _told(trace, bench, wish, stream, source, cast(CycleState, values))


def _refuse_what_cannot_be(trace: Trace, wish: Wish) -> None:
    if wish.at not in BEFORE:
        raise ConfigurationError(f"a fork cannot begin at {wish.at}: it begins at {', '.join(BEFORE)}")
    if not any(started.node == wish.at for _, started in trace.all(NodeStarted)):
        raise ConfigurationError(f"{trace.cycle.cycle_id} never came to {wish.at}: there is nothing to fork")


def _asks_researcher(trace: Trace, bench: Bench, wish: Wish) -> bool:
    """Whether the researcher reads again, because somebody else or other words do; else its findings stand."""
    if wish.at != "research" or not _is_otherwise("researcher", trace, bench, wish):
        return False
    if bench.news is None:
        raise ConfigurationError("no source of news is set: without its documents the researcher cannot be asked again")
    return True


def _is_otherwise(role: str, trace: Trace, bench: Bench, wish: Wish) -> bool:
    return role in wish.anew or bench.prompts[role].hash != prompts_then(trace).get(role)


def _sends_nothing(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Stands where *execute* does: what would have been sent stands in the gate's verdicts."""
    return {"orders": ()}


def _free_stream(trace: Trace, bench: Bench) -> str:
    names = (f"fork:{trace.cycle.cycle_id}:{number}" for number in count(1))
    return next(name for name in names if not bench.ledger.events.read(name))


def _origin(trace: Trace, wish: Wish) -> str:
    """The link to the original: its last event, by id and hash."""
    last = trace.events[-1]
    return f"from {trace.cycle.cycle_id} before {wish.at}; its record ended with {trace.cite(last)}, hash {last.hash}"


def _begun(trace: Trace, bench: Bench) -> CycleStarted:
    cycle = trace.cycle
    return CycleStarted(
        slot=cycle.slot,
        mode=cycle.mode,
        as_of=cycle.as_of,
        symbols=cycle.symbols,
        prompts={agent: prompt.hash for agent, prompt in bench.prompts.items()},
        limits_hash=bench.limits.fingerprint,
    )


def _minds(bench: Bench, heard: Heard, wish: Wish, stream: str) -> dict[str, Mind]:
    """Who is asked: the record first, then within a budget; and nobody hears a secret."""
    spending = bench.ledger.spending
    budget = bench.purse.open(spending.of(stream), spending.on_day_of(bench.clock.now()).cost_usd)
    return hushed(listening(budget.over(bench.minds), heard, wish.anew), bench.ledger.redaction)


def _desk(trace: Trace, bench: Bench, tape: ForkTape, minds: dict[str, Mind]) -> Desk:
    cycle = trace.cycle
    return Desk(
        cycle_id=cycle.cycle_id,
        mode=cycle.mode,
        clock=bench.clock,
        market=MarketThen(bench.market, cycle.as_of),
        book=BookThen(snapshot_of(trace), bench.listing),
        memory=bench.memory,
        news=bench.news,
        asker=Asker(minds, bench.prompts, tape, bench.tool_rounds),
        limits=bench.limits,
        recorder=tape,
        past=Precedents(bench.ledger, cycle.account),
        watch=WatchThen(bench.ledger, trace),
        order_id=_order_ids(cycle.mode, cycle.slot),
        handed_in=lambda _: None,
    )


def _order_ids(mode: str, slot: str) -> Callable[[str, Leg], ClientOrderId]:
    """The names that the original's orders had, so that verdicts can be held against each other."""
    return lambda symbol, leg: f"{OURS}{mode}-{slot}-{symbol}-{leg}-1"


def _told(trace: Trace, bench: Bench, wish: Wish, stream: str, source: str, state: CycleState) -> Fork:
    own = replace(trace, events=bench.ledger.events.read(stream))
    spent = sum((event.usage for _, event in own.all(ModelAsked)), Usage())
    before, after = (_comparable(each, wish.at) for each in (trace, own))
    compared = compare(before, after)
    differences = [row for row in compared["differences"] if row["part"] not in {"cost", "cycle"}]
    return Fork(
        stream=stream,
        begun_from=source,
        signals=state["signals"],
        verdicts=state.get("verdicts", ()),
        usage=spent,
        compared={"same": not differences, "differences": differences},
    )


def _comparable(trace: Trace, at: str) -> Trace:
    """What a fork does again: the events of that node and of those behind it, as far as the gate."""
    again = ORDER[ORDER.index(at) :]
    kept = [
        stored
        for (node, _), events in placed(trace.events).items()
        for stored in events
        if isinstance(stored.event, CycleStarted)
        or (node in again and isinstance(stored.event, _COMPARED) and not _is_of_the_wire(stored.event))
    ]
    return replace(trace, events=kept)


def _is_of_the_wire(event: object) -> bool:
    return isinstance(event, VerdictGiven) and event.stage == "wire"


def refuse_the_silent(roles: Sequence[str], at: str) -> None:
    """Nobody who spoke before the fork begins can be changed.

    Raises:
        ConfigurationError: one of the roles does not speak from there on.
    """
    for role in roles:
        if role not in SPEAKERS.get(at, ()):
            there = ", ".join(SPEAKERS.get(at, ())) or "nobody"
            raise ConfigurationError(f"the {role} does not speak in a fork at {at}: only {there}")
