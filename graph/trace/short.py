"""The short story of a run, or of one decision in it: about ten lines, each with the events that it rests on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from perun.graph.desk import stamp
from perun.graph.ledger.events import StoredEvent
from perun.graph.recalls import citations
from perun.graph.trace.reading import Stretch
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CommandGiven,
    CycleEnded,
    CycleStarted,
    ErrorNoted,
    EvidenceTainted,
    FillBooked,
    IntentWritten,
    MemoriesRecalled,
    ModelAsked,
    NumbersUnverified,
    OrderUpdated,
    Reconciled,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    SnapshotTaken,
    StateChanged,
    Usage,
    VerdictGiven,
)
from perun.tools.domain.money import cents, plain
from perun.tools.domain.orders import Order

Kind = TypeVar("Kind")
Line = tuple[str, list[tuple[StoredEvent, str]]]
"""What is told of, and what each event adds to it."""


def in_short(trace: Stretch) -> list[dict[str, Any]]:
    """A row for each line: the ids of its events, and its text."""
    return [
        {"events": [trace.cite(stored) for stored, _ in parts], "line": f"{what}: {_grouped(parts, trace)}"}
        for what, parts in _lines(trace)
        if parts
    ]


def _grouped(parts: Sequence[tuple[StoredEvent, str]], trace: Stretch) -> str:
    """What is the same for several symbols is said once."""
    said: dict[str, list[str]] = {}
    for _, text in parts:
        symbol, _, rest = text.partition(" ")
        is_named = symbol in trace.symbols
        said.setdefault(rest if is_named else text, []).extend([symbol] * is_named)
    return "; ".join(f"{', '.join(symbols)} {text}".strip() for text, symbols in said.items())


def _lines(trace: Stretch) -> Iterator[Line]:
    brief = trace.symbol is None
    yield "commanded", _said(trace, CommandGiven, _anybody, _commanded)
    yield "state", _said(trace, StateChanged, _anybody, lambda event: f"{event.state} by {event.who}: {event.reason}")
    yield "began", _said(trace, CycleStarted, _anybody, lambda event: _began(event, trace))
    yield "reconciled", _said(trace, Reconciled, _anybody, _reconciled)
    yield "gathered", _said(trace, SnapshotTaken, _anybody, lambda event: _gathered(event, trace))
    yield "remembered", _said(trace, MemoriesRecalled, _symbol, lambda event: _remembered(event, trace))
    yield "research", _said(trace, ResearchRead, _symbol, _research)
    yield "analyst", _said(trace, ReportWritten, _symbol, lambda event: _report(event, brief))
    yield "trader", _said(trace, SignalFormed, lambda event: event.signal.symbol, lambda event: _signal(event, brief))
    yield "risk manager", _said(trace, AdviceGiven, lambda event: event.advice.symbol, _advice)
    yield (
        "gate",
        [
            (stored, said)
            for stored, said in _said(trace, VerdictGiven, lambda event: event.verdict.symbol, _verdict)
            if said
        ],
    )
    yield "sent", _said(trace, IntentWritten, lambda event: event.terms.symbol, _intent)
    yield "orders", _last_of_each(trace)
    yield "filled", _said(trace, FillBooked, lambda event: event.fill.symbol, _fill)
    yield (
        "confidence lowered",
        [
            *_said(trace, NumbersUnverified, _symbol, _lowered),
            *_said(trace, EvidenceTainted, _symbol, _lowered),
        ],
    )
    yield (
        "trouble",
        [
            *_said(trace, AgentAbstained, _symbol, lambda event: f"the {event.role} abstained: {event.reason}"),
            *_said(trace, ErrorNoted, _anybody, lambda event: f"{event.code} in {event.where}: {event.message}"),
        ],
    )
    yield "ended", _said(trace, CycleEnded, _anybody, lambda event: _ended(event, trace))


def _said(
    trace: Stretch, kind: type[Kind], symbol_of: Callable[[Kind], str | None], say: Callable[[Kind], str]
) -> list[tuple[StoredEvent, str]]:
    return [
        (stored, say(event))
        for stored, event in trace.all(kind)
        if trace.symbol in {None, symbol_of(event)} or symbol_of(event) is None
    ]


def _anybody(_: Any) -> None:
    """What concerns every symbol."""


def _symbol(event: Any) -> str | None:
    symbol: str | None = event.symbol
    return symbol


def _commanded(event: CommandGiven) -> str:
    return f"{event.command} by {event.who}{f': {event.reason}' if event.reason else ''}"


def _began(event: CycleStarted, trace: Stretch) -> str:
    minds = sorted({asked.model for _, asked in trace.all(ModelAsked)})
    return f"{event.slot} as of {stamp(event.as_of)}, {event.mode}; asked {', '.join(minds) or 'nobody'}"


def _reconciled(event: Reconciled) -> str:
    return ", ".join((*event.resolved, *event.adjusted, *event.protected, *event.trimmed, *event.exited))


def _gathered(event: SnapshotTaken, trace: Stretch) -> str:
    account, seen = event.snapshot["portfolio"]["account"], event.snapshot["symbols"]
    closes = [
        f"{symbol} {known['bars'][-1]['close']}"
        for symbol, known in seen.items()
        if known["bars"] and trace.symbol in {None, symbol}
    ]
    return f"equity {account['equity']}, cash {account['cash']}; close {', '.join(closes)}"


def _remembered(event: MemoriesRecalled, trace: Stretch) -> str:
    given = citations([stored.event for stored in trace.events], event.symbol)
    told = " ".join(
        f"[mem:{hit.id}]{'' if hit.score is None else f' {hit.score:.2f}'}{' cited' if hit.id in given else ''}"
        for hit in event.hits
    )
    return f"{event.symbol} {told or 'nothing'}"


def _research(event: ResearchRead) -> str:
    return f"{event.symbol} {f'{len(event.findings)} findings' if event.findings else event.abstained or 'nothing'}"


def _report(event: ReportWritten, brief: bool) -> str:
    report = event.report
    said = f"{event.symbol} {report.get('stance')}, conviction {report.get('conviction')}"
    return said if brief else f"{said}. {report.get('summary', '')} {_evidence(report.get('evidence', ()))}"


def _signal(event: SignalFormed, brief: bool) -> str:
    signal = event.signal
    why = "" if brief else f". {signal.rationale}"
    return f"{signal.action} {signal.symbol} {signal.confidence:.2f}{why} {_evidence(signal.evidence)}".strip()


def _evidence(ids: Sequence[str]) -> str:
    return " ".join(ids)


def _advice(event: AdviceGiven) -> str:
    advice = event.advice
    return f"{advice.symbol} {advice.ruling}, keep {advice.keep}: {advice.reason}"


def _verdict(event: VerdictGiven) -> str:
    verdict = event.verdict
    where = "" if event.stage == "gate" else " at the wire"
    if verdict.cleared:
        # Cleared once more at the wire: what was sent says so.
        return "" if where else f"{verdict.symbol} cleared, {len(verdict.checks)} rules kept"
    broken = ", ".join(f"{each.code} {each.measured} against {each.allowed}" for each in verdict.breaches)
    return f"{verdict.symbol} denied{where} ({broken})"


def _intent(event: IntentWritten) -> str:
    terms = event.terms
    stop = f", stop {plain(terms.stop_loss)}" if terms.stop_loss is not None else ""
    return f"{terms.side} {plain(terms.qty)} {terms.symbol} {terms.type}{stop} ({terms.client_order_id})"


def _last_of_each(trace: Stretch) -> list[tuple[StoredEvent, str]]:
    """Where each order stood last."""
    last: dict[str, tuple[StoredEvent, str]] = {}
    for stored, updated in trace.all(OrderUpdated):
        if trace.symbol in {None, updated.order.symbol}:
            last[updated.order.client_order_id] = stored, _order(updated.order)
    return list(last.values())


def _order(order: Order) -> str:
    at = f" at {plain(order.filled_avg_price)}" if order.filled_avg_price is not None else ""
    return f"{order.side} {plain(order.qty)} {order.symbol} {order.type} {order.status}{at}"


def _fill(event: FillBooked) -> str:
    fill = event.fill
    return f"{fill.side} {plain(fill.qty)} {fill.symbol} at {plain(fill.price)}"


def _lowered(event: NumbersUnverified | EvidenceTainted) -> str:
    why = "numbers that stand nowhere" if isinstance(event, NumbersUnverified) else "nothing but outside text"
    return f"{event.role} on {event.symbol}, {why}: {event.said} became {event.stands}"


def _ended(event: CycleEnded, trace: Stretch) -> str:
    spent = sum((asked.usage for _, asked in trace.all(ModelAsked)), Usage())
    cost = f"{spent.calls} model calls, {plain(spent.cost_usd)} US dollars"
    return f"{event.outcome}; equity {plain(cents(event.equity))}, cash {plain(cents(event.cash))}; {cost}"
