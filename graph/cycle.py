"""One cycle from its slot to its result: claim, run or resume, let the market trade, close the record."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from perun.agents.asking import Asker
from perun.agents.budget import Budget, Purse
from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.graph.bookkeeping import OURS, keep_books
from perun.graph.breakers import look, withdraw_entries
from perun.graph.builder import Cycle, build
from perun.graph.desk import Desk
from perun.graph.hushed import hushed
from perun.graph.labelling import label
from perun.graph.ledger.cycles import Claim, Standing
from perun.graph.ledger.cycles import Cycle as LedgerCycle
from perun.graph.ledger.cycles import CycleState as Stage
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.nodes.execute import Hand, executing
from perun.graph.precedents import Precedents
from perun.graph.reconciling import reconcile
from perun.graph.result import agents_asked, cycle_document, halted_document
from perun.graph.slots import check_slot
from perun.graph.state import CycleState
from perun.graph.submission import OrderDesk
from perun.memory.recall import Memory
from perun.tools.domain.clock import Clock, seconds_between
from perun.tools.domain.events import CycleEnded, CycleStarted, Event
from perun.tools.domain.orders import Leg
from perun.tools.domain.ports import BookReader, Market, NewsSource
from perun.tools.domain.standing import TradingState
from perun.tools.domain.verdicts import Verdict
from perun.tools.research.archive import Archive
from perun.tools.risk.limits import Limits


@dataclass(frozen=True)
class Floor:
    """Everything that a cycle is run with."""

    mode: str
    account: str
    clock: Clock
    market: Market
    book: BookReader
    hand: Hand
    memory: Memory
    news: NewsSource | None
    minds: dict[str, Mind]
    prompts: Callable[[Mapping[str, str]], dict[str, Prompt]]
    """From the hashes with which a cycle began (none yet: empty) to the prompts that speak in it, by agent."""
    purse: Purse
    """What may be spent on the minds."""
    tool_rounds: int
    """Requests of one turn that a mind may spend on tools."""
    limits: Limits
    checkpointer: BaseCheckpointSaver[str] | None
    """Where an interrupted cycle waits; without one it begins anew, and finds its answers and orders on record."""
    default_slot: Callable[[datetime], str]
    """From the market's time to the slot that a cycle takes when none is named."""
    archive: Archive | None = None
    """What was found out about symbols, shared by the cycles of an interval."""
    asides: Mapping[str, Prompt] = field(default_factory=dict)
    """Prompts of those who are asked beside the decision, by agent; nobody searches for better ones."""

    @cached_property
    def graph(self) -> Cycle:
        """The graph of a cycle on this floor, built once."""
        return build(executing(self.hand), self.checkpointer)


def run_cycle(floor: Floor, symbols: Sequence[str], slot: str | None = None) -> dict[str, Any]:
    """Run the slot's cycle, go on with it where it was interrupted, or report how it ended.

    Returns:
        The document `perun.cycle/1`; its outcome is `duplicate` when the slot's cycle had ended before, and `halted`
        when the desk may not trade: then nobody was asked, and the slot is free for when it may. A loss that is found
        beyond its limit when the cycle begins halts it there; it goes on when a person has resumed. It is `expired`
        when an interrupted cycle is found again too late to act on, and had not come to any order.

    Raises:
        ConfigurationError: the slot's name or a symbol is no good; nothing was claimed.
        BrokerUnavailable, LedgerUnavailable: the cycle stands as interrupted, and the same slot resumes it.
    """
    now = floor.book.clock().now
    slot = floor.default_slot(now) if slot is None else slot
    check_slot(slot)
    view = floor.market.at(now)
    for symbol in symbols:
        view.bars(symbol, 1)
    ledger, cycle_id = floor.hand.ledger, f"cycle:{floor.account}:{slot}"
    if not _is_finished(floor, slot) and (troubles := _stopped(floor)) is not None:
        return _halted(floor, cycle_id, slot, now, troubles)
    prompts = floor.prompts(_pinned(ledger, cycle_id))
    claim = ledger.cycles.claim(cycle_id, floor.account, slot, floor.mode, now, symbols, floor.clock.now())
    if claim.standing is Standing.FINISHED:
        return {**json.loads(claim.cycle.result or "{}"), "outcome": "duplicate"}
    return _carry_through(floor, claim, prompts)


def see_to_outcomes(floor: Floor, name: str, symbols: Sequence[str]) -> None:
    """Between cycles: what a cycle does for earlier decisions at its start, on record under that name.

    Raises:
        BrokerUnavailable: the broker does not tell the time.
    """
    recorder = EventRecorder(floor.hand.ledger, name, floor.clock)
    desk = _desk(floor, name, "", floor.prompts({}), recorder)
    label(desk, floor.hand.ledger, floor.account, symbols)


def _carry_through(floor: Floor, claim: Claim, prompts: dict[str, Prompt]) -> dict[str, Any]:
    cycle, ledger = claim.cycle, floor.hand.ledger
    recorder = EventRecorder(ledger, cycle.cycle_id, floor.clock)
    desk = _desk(floor, cycle.cycle_id, cycle.slot, prompts, recorder)
    if not _pinned(ledger, cycle.cycle_id):
        recorder.record(_started(floor, claim, prompts))
    counter = floor.hand.counter(desk)
    reconcile(cycle.cycle_id, counter, floor.hand.broker)
    look(counter, floor.hand.broker, floor.limits)
    if floor.hand.watch.state() is TradingState.HALTED:
        return _halted(floor, cycle.cycle_id, cycle.slot, cycle.as_of, [])
    if (why := _too_late(floor, claim)) is not None:
        return _closed(floor, cycle, counter, {**_untraded(floor, cycle, "expired"), "errors": [why]})
    label(desk, ledger, floor.account, cycle.symbols)
    state = _invoke(floor.graph, desk, claim)
    floor.hand.pace.end_cycle(state["snapshot"].as_of)
    keep_books(floor.book, ledger, floor.account, recorder, floor.clock.now())
    return _closed(floor, cycle, counter, cycle_document(state, floor.mode, _events(ledger, cycle)))


def _closed(floor: Floor, cycle: LedgerCycle, counter: OrderDesk, document: dict[str, Any]) -> dict[str, Any]:
    """Mark what the account is worth, and close the cycle's record with its result."""
    ledger, mark = floor.hand.ledger, look(counter, floor.hand.broker, floor.limits)
    asked = agents_asked(_events(ledger, cycle))
    counter.recorder.record(CycleEnded(outcome=document["outcome"], cash=mark.cash, equity=mark.equity, asked=asked))
    result = ledger.redaction.document(json.dumps(document))
    ledger.cycles.finish(cycle.cycle_id, document["outcome"], result, floor.clock.now())
    return cast(dict[str, Any], json.loads(result))


def _too_late(floor: Floor, claim: Claim) -> str | None:
    """Why an interrupted cycle is not gone on with: its facts are too old to decide on, and nothing was ordered yet."""
    cycle, ttl = claim.cycle, floor.limits.decision_ttl_seconds
    age = seconds_between(cycle.as_of, floor.book.clock().now)
    if claim.standing is not Standing.INTERRUPTED or age <= ttl or floor.hand.ledger.intents.of_cycle(cycle.cycle_id):
        return None
    if _stood(floor.graph, cycle.cycle_id).get("done"):
        return None
    return f"expired: interrupted and found again {age:.0f} seconds after its facts were gathered; they hold {ttl}"


def _stood(graph: Cycle, cycle_id: str) -> dict[str, Any]:
    """The thread's state at its last checkpoint; empty without one."""
    config: Any = {"configurable": {"thread_id": cycle_id}}
    return graph.get_state(config).values if graph.checkpointer else {}


def _events(ledger: Ledger, cycle: LedgerCycle) -> list[Event]:
    return [stored.event for stored in ledger.events.read(cycle.cycle_id)]


def _invoke(graph: Cycle, desk: Desk, claim: Claim) -> CycleState:
    """Start the thread, or go on with it from its last checkpoint; one that came to its end is only read.

    Whether it came to its end the state says itself: LangGraph names no next node either when every task of a step has
    written and the step's checkpoint has not.
    """
    lanes = len(claim.cycle.symbols)  # all symbols are studied at once; providers keep lanes of their own
    config: Any = {"configurable": {"thread_id": claim.cycle.cycle_id}, "max_concurrency": max(lanes, 2)}
    stood = _stood(graph, claim.cycle.cycle_id)
    if stood.get("done"):
        return cast(CycleState, stood)
    start = CycleState(cycle_id=claim.cycle.cycle_id, slot=claim.cycle.slot, symbols=claim.cycle.symbols)
    values = graph.invoke(
        None if stood else start, config, context=desk, durability="sync" if graph.checkpointer else None
    )
    return cast(CycleState, values)


def _stopped(floor: Floor) -> list[str] | None:
    """None while the desk may trade; else its working entries are cancelled, and what went wrong with that is told."""
    hand = floor.hand
    counter = hand.counter_between_cycles(floor.book, floor.clock)
    hand.watch.notice_halt_file(counter.recorder)
    if hand.watch.state() is not TradingState.HALTED:
        return None
    return withdraw_entries(counter, hand.broker)[1]


def _halted(floor: Floor, cycle_id: str, slot: str, as_of: datetime, troubles: list[str]) -> dict[str, Any]:
    document = halted_document(cycle_id, slot, floor.mode, as_of, floor.hand.watch.standing().reason)
    return {**document, "errors": [*document["errors"], *troubles]}


def _untraded(floor: Floor, cycle: LedgerCycle, outcome: str) -> dict[str, Any]:
    """The document of a cycle that came to no decision."""
    return {**halted_document(cycle.cycle_id, cycle.slot, floor.mode, cycle.as_of, ""), "outcome": outcome}


def _is_finished(floor: Floor, slot: str) -> bool:
    known = floor.hand.ledger.cycles.find(slot, floor.account)
    return known is not None and known.state is Stage.FINISHED


def _pinned(ledger: Ledger, cycle_id: str) -> dict[str, str]:
    """Hash of each agent's prompt with which the cycle began; empty for one that is yet to begin."""
    begun = ledger.events.of_kind(cycle_id, "cycle.started")
    return next((event.prompts for event in begun if isinstance(event, CycleStarted)), {})


def _desk(floor: Floor, cycle_id: str, slot: str, prompts: dict[str, Prompt], recorder: EventRecorder) -> Desk:
    # What every node is given must not hold the floor, for that would be the hand as well.
    mode, account, ledger = floor.mode, floor.account, floor.hand.ledger

    def order_id(symbol: str, leg: Leg) -> str:
        return f"{OURS}{mode}-{slot}-{symbol}-{leg}-1"

    def handed_in(id_: str) -> Verdict | None:
        return recorder.verdict(id_) if ledger.intents.get(account, id_) else None

    return Desk(
        cycle_id=cycle_id,
        mode=floor.mode,
        clock=floor.clock,
        market=floor.market,
        book=floor.book,
        memory=floor.memory,
        news=floor.news,
        asker=Asker(_minds(floor, cycle_id), {**floor.asides, **prompts}, recorder, floor.tool_rounds),
        limits=floor.limits,
        recorder=recorder,
        past=Precedents(ledger, account),
        watch=floor.hand.watch,
        order_id=order_id,
        archive=floor.archive,
        handed_in=handed_in,
    )


def _minds(floor: Floor, cycle_id: str) -> dict[str, Mind]:
    """Who is asked: within this cycle's budget, and without secrets."""
    return hushed(_budget(floor, cycle_id).over(floor.minds), floor.hand.ledger.redaction)


def _budget(floor: Floor, cycle_id: str) -> Budget:
    """What this cycle may still spend."""
    spending = floor.hand.ledger.spending
    return floor.purse.open(spending.of(cycle_id), spending.on_day_of(floor.clock.now()).cost_usd)


def _started(floor: Floor, claim: Claim, prompts: dict[str, Prompt]) -> CycleStarted:
    return CycleStarted(
        slot=claim.cycle.slot,
        mode=floor.mode,
        as_of=claim.cycle.as_of,
        symbols=claim.cycle.symbols,
        prompts={agent: prompt.hash for agent, prompt in prompts.items()},
        limits_hash=floor.limits.fingerprint,
    )
