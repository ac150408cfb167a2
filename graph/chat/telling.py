"""One event, cycle, order or memory as plain words: what a model reads of it, and what numbers are held against."""

import json
from typing import Any, Final

from perun.graph.chat.record import Record
from perun.graph.desk import stamp
from perun.graph.ledger.cycles import Cycle
from perun.graph.trace.denials import headroom
from perun.memory.entries import MemoryEntry
from perun.tools.domain.events import (
    AdviceGiven,
    CycleEnded,
    Event,
    FillBooked,
    MemoriesRecalled,
    ModelAsked,
    OrderUpdated,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    SnapshotTaken,
    VerdictGiven,
)
from perun.tools.domain.money import cents, plain
from perun.tools.domain.orders import Fill, Order
from perun.tools.domain.verdicts import Check, Verdict
from perun.tools.research.cleaning import plain as visible
from perun.tools.risk.breaches import Code
from perun.tools.risk.catalogue import RULES
from perun.tools.risk.levers import lever

LONGEST: Final = 3_000
"""Characters of an event that anybody is told; an answer or a prompt may be longer."""


def event_text(event: Event) -> str:
    """What the event says, on one line, with nothing hidden in it."""
    return visible(_said(event), LONGEST)


def _said(event: Event) -> str:
    match event:
        case SnapshotTaken():
            return snapshot_text(event.snapshot)
        case ReportWritten():
            row = event.report
            return f"{event.symbol}: the analyst was {row['stance']}, conviction {row['conviction']}: {row['summary']}"
        case ModelAsked():
            shown = " | ".join(f"{speaker}: {text}" for speaker, text in event.messages)
            asked = f"{event.role} asked {event.model} with prompt {event.prompt}"
            return f"{asked}; answer: {event.answer}; shown: {shown}"
        case CycleEnded():
            cash, equity = (plain(cents(amount)) for amount in (event.cash, event.equity))
            return f"the cycle ended {event.outcome}: cash {cash}, equity {equity}"
        case _:
            return _decided(event)


def _decided(event: Event) -> str:
    match event:
        case SignalFormed(signal=wish):
            evidence = " ".join(wish.evidence)
            said = f"{wish.symbol}: the trader wished {wish.action}, confidence {wish.confidence:.2f}: {wish.rationale}"
            return f"{said} Evidence: {evidence}"
        case AdviceGiven(advice=said):
            return f"{said.symbol}: the risk manager said {said.ruling}, keep {said.keep}%: {said.reason}"
        case VerdictGiven():
            return verdict_text(event.verdict, event.stage)
        case OrderUpdated():
            return order_text(event.order)
        case FillBooked():
            return fill_text(event.fill)
        case MemoriesRecalled():
            hits = (f"[mem:{hit.id}] {hit.kind} of {stamp(hit.as_of)}" for hit in event.hits)
            return f"{event.symbol}: came to mind: {'; '.join(hits) or 'nothing'}"
        case ResearchRead():
            found = (f"{each.source} {each.direction}: {each.summary}" for each in event.findings)
            return f"{event.symbol}: the researcher found: {'; '.join(found) or event.abstained or 'nothing'}"
        case _:
            return json.dumps(event.model_dump(mode="json"), ensure_ascii=False)


def is_from_outside(event: Event) -> bool:
    """Whether the event's words may go back to text that anybody may have written."""
    match event:
        case ResearchRead():
            return bool(event.findings)
        case SignalFormed():
            return event.tainted
        case ReportWritten():
            return bool(event.report.get("tainted"))
    return False


def snapshot_text(snapshot: dict[str, Any]) -> str:
    """Account, positions, and close and indicators of each symbol, as the cycle found them."""
    account, seen = snapshot["portfolio"]["account"], snapshot["symbols"]
    held = (
        f"{row['symbol']} {row['qty']} shares bought at {row['avg_entry_price']}, worth {row['market_value']}"
        for row in snapshot["portfolio"]["positions"]
    )
    market = (f"{name} {_market(known)}" for name, known in seen.items())
    book = f"cash {account['cash']}, equity {account['equity']}, positions: {'; '.join(held) or 'none'}"
    return f"as of {snapshot['as_of']}: {book}. {'. '.join(market)}"


def _market(known: dict[str, Any]) -> str:
    close = known["bars"][-1]["close"] if known["bars"] else "unknown"
    told = (f"{name} {value}" for name, value in known["indicators"].items() if value is not None)
    return f"close {close}, {', '.join(told)}"


def verdict_text(verdict: Verdict, stage: str) -> str:
    """The whole verdict, what stands against the order first."""
    result = f"{verdict.symbol} {verdict.action} {'cleared' if verdict.cleared else 'denied'} at the {stage}"
    terms = verdict.terms
    size = f", {terms.side} {plain(terms.qty)} shares" if terms else ""
    stop = f", stop {plain(terms.stop_loss)}" if terms and terms.stop_loss else ""
    passed = [check for check in verdict.checks if check.passed]
    against = "; ".join(map(check_text, verdict.breaches))
    counted = f"{len(passed)} of {len(verdict.checks)} rules passed"
    return f"{result}{size}{stop}. {f'Against it: {against}. ' if against else ''}{counted}: " + "; ".join(
        map(check_text, sorted(passed, key=_is_word))
    )


def check_text(check: Check) -> str:
    """One rule's answer, and of one that denied how far off it was."""
    left = None if check.passed else headroom(check.measured, check.allowed)
    said = f"{check.code} measured {check.measured}, allowed {check.allowed}"
    return said if left is None else f"{said}, headroom {left}"


def _is_word(check: Check) -> bool:
    return not check.measured[:1].isdigit()


def order_text(order: Order) -> str:
    """An order as it stood."""
    asked = f"{order.client_order_id}: {order.side} {plain(order.qty)} {order.symbol} {order.type}"
    stop = f", stop {plain(order.stop_price)}" if order.stop_price else ""
    price = f" at {plain(order.filled_avg_price)}" if order.filled_avg_price is not None else ""
    return f"{asked}{stop}, {order.status}, filled {plain(order.filled_qty)}{price}. {order.reason}".strip()


def fill_text(fill: Fill) -> str:
    """Shares that changed hands."""
    cost = f"price {plain(fill.price)}, commission {plain(fill.commission)}"
    return f"{fill.client_order_id}: {fill.side} {plain(fill.qty)} {fill.symbol} filled, {cost}, {stamp(fill.at)}"


def cycle_text(record: Record, cycle: Cycle) -> str:
    """A cycle in short: when, what for, how it ended, and each decision."""
    made = (f"{each.symbol} {each.action} {each.fate}" for each in record.decisions_of(cycle))
    ended = cycle.outcome or cycle.state.value
    head = f"cycle {cycle.slot} ({cycle.cycle_id}) as of {stamp(cycle.as_of)}, {cycle.mode}: {ended}"
    return f"{head}. {'; '.join(made)}"


def order_life(record: Record, order: Order) -> str:
    """An order and all its fills."""
    fills = "; ".join(fill_text(Fill.model_validate(row)) for row in record.fills(order.client_order_id))
    return visible(f"{order_text(order)} {fills}", LONGEST)


def memory_text(entry: MemoryEntry) -> str:
    """A memory, its date and where it comes from."""
    outside = " (from outside)" if entry.tainted else ""
    return visible(f"{stamp(entry.as_of)} {entry.kind}{outside} by {entry.source}: {entry.text}", LONGEST)


def rule_text(code: str) -> str | None:
    """What the catalogue says of a rule; None when there is no such code."""
    if code not in set(Code):
        return None
    rule = next((rule for rule in RULES if code in rule.codes), None)
    said = f"{code}: {rule.name}. {rule.note}" if rule else f"{code}: a fact that is not known, or cannot be true."
    return f"{said} Governed by {lever(code)}."
