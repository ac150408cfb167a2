"""A run gone on with from one of its moments, otherwise or once more: nothing in it can send an order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.runtime import Runtime

from perun.agents.answers import AnalystReport
from perun.agents.asking import Asker
from perun.agents.budget import Purse
from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.graph.bookkeeping import OURS
from perun.graph.builder import Cycle, build
from perun.graph.desk import Desk
from perun.graph.hushed import hushed
from perun.graph.ledger.ledger import Ledger
from perun.graph.precedents import Precedents
from perun.graph.state import CycleState
from perun.graph.trace.comparing import compare
from perun.graph.trace.heard import ForkTape, Heard, listening
from perun.graph.trace.reading import Trace
from perun.graph.trace.then import BookThen, MarketThen, WatchThen
from perun.memory.recall import Memory
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CommandGiven,
    CycleStarted,
    ModelAsked,
    NodeStarted,
    ReportWritten,
    SignalFormed,
    SnapshotTaken,
    ToolCalled,
    Usage,
    VerdictGiven,
)
from perun.tools.domain.orders import ClientOrderId, Leg, OrderTerms
from perun.tools.domain.ports import BookReader, Market
from perun.tools.domain.signals import TradingSignal
from perun.tools.domain.verdicts import Verdict
from perun.tools.market.snapshot import Snapshot
from perun.tools.risk.limits import Limits

Saver = BaseCheckpointSaver[str]

BEFORE: Final = {"trade": "study", "advise": "trade", "gate": "advise"}
"""Where a fork may begin, and the node whose work it takes over as it was."""
SPEAKERS: Final = {"trade": ("trader", "risk_manager"), "advise": ("risk_manager",), "gate": ()}
"""Who speaks from there on."""
_COMPARED: Final = (ModelAsked, ToolCalled, AgentAbstained, SignalFormed, AdviceGiven, VerdictGiven)


@dataclass(frozen=True)
class Bench:
    """Everything that a fork is run with. There is no order writer among it, and so none in reach of a fork."""

    ledger: Ledger
    clock: Clock
    market: Market
    listing: BookReader
    """Asked only what the broker lists."""
    memory: Memory
    minds: Mapping[str, Mind]
    prompts: Mapping[str, Prompt]
    purse: Purse
    tool_rounds: int
    limits: Limits
    steps: Saver | None
    """Where the original's steps are kept; None when there are none."""
    store: Saver
    """Where those of forks are kept, apart from them."""


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
    graph = build(_sends_nothing, bench.store)
    source = _continue_from(trace, bench, graph, stream, wish.at)
    tape.record(CommandGiven(command=wish.said, reason=_origin(trace, wish), who=wish.who))
    tape.record(_begun(trace, bench))
    desk = _desk(trace, bench, tape, _minds(bench, heard, wish, stream))
    values = graph.invoke(None, _thread(stream), context=desk, interrupt_before=["remember"], durability="sync")
    return _told(trace, bench, wish, stream, source, cast(CycleState, values))


def _refuse_what_cannot_be(trace: Trace, wish: Wish) -> None:
    if wish.at not in BEFORE:
        raise ConfigurationError(f"a fork cannot begin at {wish.at}: it begins at {', '.join(BEFORE)}")
    if not any(started.node == wish.at for _, started in trace.all(NodeStarted)):
        raise ConfigurationError(f"{trace.cycle.cycle_id} never came to {wish.at}: there is nothing to fork")


def _sends_nothing(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Stands where *execute* does: what would have been sent stands in the gate's verdicts."""
    return {"orders": ()}


def _free_stream(trace: Trace, bench: Bench) -> str:
    names = (f"fork:{trace.cycle.cycle_id}:{number}" for number in count(1))
    return next(name for name in names if not bench.ledger.events.read(name))


def _thread(thread_id: str, checkpoint_id: str | None = None) -> Any:
    named = {"thread_id": thread_id, "checkpoint_ns": ""}
    return {"configurable": named if checkpoint_id is None else {**named, "checkpoint_id": checkpoint_id}}


def _continue_from(trace: Trace, bench: Bench, graph: Cycle, stream: str, at: str) -> str:
    """Lay the fork's thread: the original's steps up to the node, or what the record tells of them."""
    if bench.steps is not None and (step := _step_before(trace, bench.steps, at)):
        _copy_steps(bench.steps, bench.store, trace.cycle.cycle_id, stream, step)
        return "checkpoint"
    graph.update_state(_thread(stream), _as_recorded(trace, at), as_node=BEFORE[at])
    return "record"


def _step_before(trace: Trace, steps: Saver, at: str) -> str | None:
    """The checkpoint after which the node ran; None when it is not kept any more."""
    kept = build(_sends_nothing, steps).get_state_history(_thread(trace.cycle.cycle_id))
    return next((str(each.config["configurable"]["checkpoint_id"]) for each in kept if at in each.next), None)


def _copy_steps(steps: Saver, store: Saver, cycle_id: str, stream: str, last: str) -> None:
    """The chain up to that step, without what the step's own tasks wrote: they are to be run anew."""
    chain = [each for each in steps.list(_thread(cycle_id)) if each.checkpoint["id"] <= last]
    for each in reversed(chain):
        parent = each.parent_config["configurable"]["checkpoint_id"] if each.parent_config else None
        store.put(_thread(stream, parent), each.checkpoint, each.metadata, each.checkpoint["channel_versions"])


def _as_recorded(trace: Trace, at: str) -> CycleState:
    """The state before the node, from the events of those before it."""
    cycle = trace.cycle
    state = CycleState(cycle_id=cycle.cycle_id, slot=cycle.slot, symbols=cycle.symbols, snapshot=_snapshot(trace))
    reports = {event.symbol: AnalystReport.model_validate(event.report) for _, event in trace.all(ReportWritten)}
    formed = {event.signal.symbol: event for _, event in trace.all(SignalFormed)}
    state["reports"] = reports
    if at != "trade":
        state["signals"] = tuple(event.signal for event in formed.values())
        state["tainted"] = any(event.tainted for event in formed.values())
    if at == "gate":
        state["advice"] = tuple({event.advice.symbol: event.advice for _, event in trace.all(AdviceGiven)}.values())
    return state


def _snapshot(trace: Trace) -> Snapshot:
    taken = [event for _, event in trace.all(SnapshotTaken)]
    if not taken:
        raise ConfigurationError(f"{trace.cycle.cycle_id} has no snapshot on record: there is nothing to fork")
    return Snapshot.model_validate(taken[-1].snapshot)


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
        book=BookThen(_snapshot(trace), bench.listing),
        memory=bench.memory,
        news=None,
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
    started = [stored.seq for stored, event in trace.all(NodeStarted) if event.node == at]
    kept = [
        stored
        for stored in trace.events
        if isinstance(stored.event, CycleStarted)
        or (stored.seq >= started[0] and isinstance(stored.event, _COMPARED) and not _is_of_the_wire(stored.event))
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
