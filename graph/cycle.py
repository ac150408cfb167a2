"""One cycle from its slot to its result: claim, run or resume, let the market trade, close the record."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from perun.agents.asking import Asker
from perun.agents.models import Mind
from perun.agents.prompting import Prompt
from perun.graph.bookkeeping import OURS, keep_books
from perun.graph.builder import Cycle, build
from perun.graph.desk import Desk
from perun.graph.ledger.cycles import Claim, Standing
from perun.graph.ledger.cycles import CycleState as Stage
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.nodes.execute import Hand, executing
from perun.graph.reconciling import reconcile
from perun.graph.result import cycle_document, halted_document
from perun.graph.slots import check_slot
from perun.graph.state import CycleState
from perun.memory.recall import Memory
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import CycleEnded, CycleStarted
from perun.tools.domain.orders import Leg
from perun.tools.domain.ports import BookReader, Market, NewsSource
from perun.tools.domain.standing import TradingState
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
    prompts: dict[str, Prompt]
    limits: Limits
    checkpointer: BaseCheckpointSaver[str]
    default_slot: Callable[[datetime], str]
    """From the market's time to the slot that a cycle takes when none is named."""


def run_cycle(floor: Floor, symbols: Sequence[str], slot: str | None = None) -> dict[str, Any]:
    """Run the slot's cycle, go on with it where it was interrupted, or report how it ended.

    Returns:
        The document `perun.cycle/1`; its outcome is `duplicate` when the slot's cycle had ended before, and `halted`
        when the desk may not trade: then nobody was asked, and the slot is free for when it may.

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
    standing = floor.hand.watch.standing()
    if standing.state is TradingState.HALTED and not _is_finished(floor, slot):
        return halted_document(cycle_id, slot, floor.mode, now, standing.reason)
    claim = ledger.cycles.claim(cycle_id, floor.account, slot, floor.mode, now, symbols, floor.clock.now())
    if claim.standing is Standing.FINISHED:
        return {**json.loads(claim.cycle.result or "{}"), "outcome": "duplicate"}
    return _carry_through(floor, claim)


def _carry_through(floor: Floor, claim: Claim) -> dict[str, Any]:
    cycle, ledger = claim.cycle, floor.hand.ledger
    recorder = EventRecorder(ledger, cycle.cycle_id, floor.clock)
    desk = _desk(floor, cycle.cycle_id, cycle.slot, recorder)
    if claim.standing is Standing.NEW:
        recorder.record(_started(floor, claim))
    reconcile(cycle.cycle_id, floor.hand.counter(desk), floor.hand.broker)
    state = _invoke(build(executing(floor.hand), floor.checkpointer), desk, claim)
    floor.hand.pace.end_cycle(state["snapshot"].as_of)
    keep_books(floor.book, ledger, floor.account, recorder, floor.clock.now())
    events = [stored.event for stored in ledger.events.read(cycle.cycle_id)]
    document = cycle_document(state, floor.mode, events)
    account = floor.book.account()
    recorder.record(CycleEnded(outcome=document["outcome"], cash=account.cash, equity=account.equity))
    ledger.cycles.finish(cycle.cycle_id, document["outcome"], json.dumps(document), floor.clock.now())
    return document


def _invoke(graph: Cycle, desk: Desk, claim: Claim) -> CycleState:
    """Start the thread, or go on with it from its last checkpoint; one that came to its end is only read.

    Whether it came to its end the state says itself: LangGraph names no next node either when every task of a step has
    written and the step's checkpoint has not.
    """
    config: Any = {"configurable": {"thread_id": claim.cycle.cycle_id}}
    stood = graph.get_state(config).values
    if stood.get("done"):
        return cast(CycleState, stood)
    start = CycleState(cycle_id=claim.cycle.cycle_id, slot=claim.cycle.slot, symbols=claim.cycle.symbols)
    values = graph.invoke(None if stood else start, config, context=desk, durability="sync")
    return cast(CycleState, values)


def _is_finished(floor: Floor, slot: str) -> bool:
    known = floor.hand.ledger.cycles.find(slot, floor.account)
    return known is not None and known.state is Stage.FINISHED


def _desk(floor: Floor, cycle_id: str, slot: str, recorder: EventRecorder) -> Desk:
    def order_id(symbol: str, leg: Leg) -> str:
        return f"{OURS}{floor.mode}-{slot}-{symbol}-{leg}-1"

    return Desk(
        cycle_id=cycle_id,
        mode=floor.mode,
        clock=floor.clock,
        market=floor.market,
        book=floor.book,
        memory=floor.memory,
        news=floor.news,
        asker=Asker(floor.minds, floor.prompts, recorder),
        limits=floor.limits,
        recorder=recorder,
        watch=floor.hand.watch,
        order_id=order_id,
    )


def _started(floor: Floor, claim: Claim) -> CycleStarted:
    return CycleStarted(
        slot=claim.cycle.slot,
        mode=floor.mode,
        as_of=claim.cycle.as_of,
        symbols=claim.cycle.symbols,
        prompts={agent: prompt.hash for agent, prompt in floor.prompts.items()},
        limits_hash=floor.limits.fingerprint,
    )
