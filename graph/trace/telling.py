"""From a run's events to its trace: a tree of nodes, the tables of rules, the lives of orders."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from perun.graph.ledger.archive import Archive
from perun.graph.ledger.events import StoredEvent
from perun.graph.trace.denials import headroom
from perun.graph.trace.document import (
    Aftermath,
    ChainRow,
    EventRow,
    NodeRow,
    OrderLife,
    RuleRow,
    Step,
    TraceDocument,
    VerdictRow,
)
from perun.graph.trace.memories import Worth, remembered, unknown
from perun.graph.trace.placing import Place, placed
from perun.graph.trace.reading import Trace
from perun.tools.domain.events import (
    CycleStarted,
    Event,
    FillBooked,
    IntentWritten,
    ModelAsked,
    NodeFinished,
    NodeStarted,
    OrderUpdated,
    Usage,
    VerdictGiven,
)
from perun.tools.domain.money import plain
from perun.tools.domain.verdicts import Check
from perun.tools.risk.levers import lever


def tell(trace: Trace, archive: Archive, aftermath: Iterable[Aftermath] = (), worth: Worth = unknown) -> TraceDocument:
    """The whole trace of a cycle."""
    cycle, started = trace.cycle, next((event for _, event in trace.all(CycleStarted)), None)
    return TraceDocument(
        cycle_id=cycle.cycle_id,
        slot=cycle.slot,
        account=cycle.account,
        mode=cycle.mode,
        as_of=cycle.as_of,
        started_at=cycle.started_at,
        finished_at=cycle.finished_at,
        state=cycle.state.value,
        outcome=cycle.outcome,
        symbols=cycle.symbols,
        prompts=started.prompts if started else {},
        limits_hash=started.limits_hash if started else "",
        usage=_usage(trace.events),
        nodes=tuple(_node(place, stored, trace) for place, stored in placed(trace.events).items()),
        verdicts=tuple(_verdict(trace.cite(stored), event) for stored, event in trace.all(VerdictGiven)),
        orders=tuple(_orders(trace)),
        memories=tuple(remembered(replace(trace, symbol=None), worth)),
        aftermath=tuple(aftermath),
        chain=_chain(trace, archive),
    )


def _node(place: Place, stored: list[StoredEvent], trace: Trace) -> NodeRow:
    node, symbol = place
    began = [each.at for each in stored if isinstance(each.event, NodeStarted)]
    took = [each.event.seconds for each in stored if isinstance(each.event, NodeFinished)]
    return NodeRow(
        node=node,
        symbol=symbol,
        began=began[0] if began else None,
        seconds=Decimal(str(round(sum(took), 3))) if took else None,
        usage=_usage(stored),
        events=tuple(_row(each, trace) for each in stored),
    )


def _row(stored: StoredEvent, trace: Trace) -> EventRow:
    # Read from the record a moment ago: nothing in it needs to be checked again.
    return EventRow.model_construct(id=trace.cite(stored), seq=stored.seq, at=stored.at, event=stored.event)


def _usage(stored: Iterable[StoredEvent]) -> Usage:
    return sum((each.event.usage for each in stored if isinstance(each.event, ModelAsked)), Usage())


def _verdict(id_: str, given: VerdictGiven) -> VerdictRow:
    verdict = given.verdict
    return VerdictRow(
        event=id_,
        stage=given.stage,
        symbol=verdict.symbol,
        action=verdict.action.value,
        cleared=verdict.cleared,
        rules=tuple(_rule(check) for check in verdict.checks),
    )


def _rule(check: Check) -> RuleRow:
    governed = lever(check.code)
    return RuleRow(
        code=check.code,
        measured=check.measured,
        limit=check.allowed,
        headroom=headroom(check.measured, check.allowed),
        passed=check.passed,
        warns=check.warns,
        settings=governed.settings,
        otherwise=governed.otherwise,
    )


def _orders(trace: Trace) -> Iterator[OrderLife]:
    """Each order of the cycle, in the order of its first event."""
    lives: dict[tuple[str, str], list[Step]] = {}
    for stored in trace.events:
        if (moment := _moment(stored.event)) is not None:
            id_, symbol, what = moment
            lives.setdefault((id_, symbol), []).append(Step(event=trace.cite(stored), at=stored.at, what=what))
    for (id_, symbol), steps in lives.items():
        yield OrderLife(client_order_id=id_, symbol=symbol, steps=tuple(steps))


def _moment(event: Event) -> tuple[str, str, str] | None:
    """Client order id, symbol, and what happened to the order; None for events of other kinds."""
    match event:
        case VerdictGiven(verdict=verdict) if verdict.terms is not None:
            said = "cleared" if verdict.cleared else "denied"
            return verdict.terms.client_order_id, verdict.symbol, f"{said} by the {event.stage}"
        case IntentWritten(terms=terms):
            asked = f"intent: {terms.side} {plain(terms.qty)} {terms.type}"
            stop = f", stop {plain(terms.stop_loss)}" if terms.stop_loss is not None else ""
            return terms.client_order_id, terms.symbol, asked + stop
        case OrderUpdated(order=order):
            at = f" at {plain(order.filled_avg_price)}" if order.filled_avg_price is not None else ""
            filled = f", {plain(order.filled_qty)} of {plain(order.qty)} filled{at}" if order.filled_qty else ""
            return order.client_order_id, order.symbol, f"{order.status}{filled} {order.reason}".strip()
        case FillBooked(fill=fill):
            what = f"{fill.side} {plain(fill.qty)} at {plain(fill.price)}, commission {plain(fill.commission)}"
            return fill.client_order_id, fill.symbol, what
    return None


def _chain(trace: Trace, archive: Archive) -> ChainRow:
    stream = trace.cycle.cycle_id
    return ChainRow(
        stream=stream,
        length=len(trace.events),
        head=trace.events[-1].hash if trace.events else "",
        bytes=archive.size(stream),
        fault=archive.events.verify(stream) or "",
    )
