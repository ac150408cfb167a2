"""What the record says of a cycle, gathered by subject: the one source of `why` and of what a run prints."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from perun.graph.desk import stamp
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.events import StoredEvent
from perun.graph.result import order_row, usage_row
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CycleEnded,
    CycleStarted,
    ErrorNoted,
    Event,
    EvidenceTainted,
    FillBooked,
    IntentWritten,
    MemoriesRecalled,
    ModelAsked,
    NumbersUnverified,
    OrderUpdated,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    SnapshotTaken,
    ToolCalled,
    VerdictGiven,
)
from perun.tools.domain.money import cents, plain

SCHEMA = "perun.why/1"
Kind = TypeVar("Kind")


def tell(cycle: Cycle, events: Sequence[StoredEvent], symbol: str | None = None) -> dict[str, Any]:
    """The document `perun.why/1` of a whole cycle, or of what concerns one symbol in it.

    Every part names the number of its event in the cycle's record, as `event`.
    """
    return {
        "schema": SCHEMA,
        "cycle_id": cycle.cycle_id,
        "slot": cycle.slot,
        "mode": cycle.mode,
        "as_of": stamp(cycle.as_of),
        "state": cycle.state.value,
        "outcome": cycle.outcome,
        "symbol": symbol,
        **subjects(events, symbol),
    }


def subjects(events: Sequence[StoredEvent], symbol: str | None = None) -> dict[str, Any]:
    """What events say, gathered by subject: of a cycle, or of what was done outside one."""
    told = _Told(events, symbol)
    return {
        "prompts": told.first(CycleStarted, lambda event: event.prompts) or {},
        "minds": {event.role: event.model for event in told.all(ModelAsked)},
        "account": {
            "before": told.first(SnapshotTaken, _account_before),
            "after": told.first(CycleEnded, _account_after),
        },
        "gathered": told.first(SnapshotTaken, lambda event: _gathered(event, symbol)) or [],
        "memories": told.rows(MemoriesRecalled, lambda event: event.symbol, _hits),
        "research": told.rows(ResearchRead, lambda event: event.symbol, _research),
        "reports": told.rows(ReportWritten, lambda event: event.symbol, lambda event: event.report),
        "signals": told.rows(SignalFormed, lambda event: event.signal.symbol, _dump("signal")),
        "advice": told.rows(AdviceGiven, lambda event: event.advice.symbol, _dump("advice")),
        "verdicts": told.rows(VerdictGiven, lambda event: event.verdict.symbol, _verdict),
        "intents": told.rows(IntentWritten, lambda event: event.terms.symbol, _dump("terms")),
        "orders": told.rows(OrderUpdated, lambda event: event.order.symbol, _order),
        "fills": told.rows(FillBooked, lambda event: event.fill.symbol, _dump("fill")),
        "tools": told.rows(ToolCalled, lambda event: event.symbol, _tool),
        "doubted_numbers": told.rows(NumbersUnverified, lambda event: event.symbol, _lowered),
        "tainted_evidence": told.rows(EvidenceTainted, lambda event: event.symbol, _lowered),
        "abstentions": told.rows(AgentAbstained, lambda event: event.symbol, lambda event: event.model_dump()),
        "errors": told.rows(ErrorNoted, lambda event: None, lambda event: event.model_dump()),
        "usage": usage_row(told.events),
    }


class _Told:
    """The events that concern the symbol, or all of them."""

    def __init__(self, stored: Sequence[StoredEvent], symbol: str | None) -> None:
        self._stored, self._symbol = stored, symbol
        self.events: list[Event] = [each.event for each in stored]

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def first(self, kind: type[Kind], of: Callable[[Kind], Any]) -> Any:
        return next((of(event) for event in self.all(kind)), None)

    def rows(
        self, kind: type[Kind], symbol_of: Callable[[Kind], str | None], of: Callable[[Kind], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        return [
            {"event": each.seq, **of(each.event)}
            for each in self._stored
            if isinstance(each.event, kind) and self._concerns(symbol_of(each.event))
        ]

    def _concerns(self, symbol: str | None) -> bool:
        return self._symbol is None or symbol is None or symbol == self._symbol


def _dump(part: str) -> Callable[[Any], dict[str, Any]]:
    def dump(event: Any) -> dict[str, Any]:
        row: dict[str, Any] = getattr(event, part).model_dump(mode="json")
        return row

    return dump


def _account_before(event: SnapshotTaken) -> dict[str, str]:
    account = event.snapshot["portfolio"]["account"]
    return {name: plain(cents(Decimal(account[name]))) for name in ("cash", "equity")}


def _account_after(event: CycleEnded) -> dict[str, str]:
    return {"cash": plain(cents(event.cash)), "equity": plain(cents(event.equity))}


def _gathered(event: SnapshotTaken, symbol: str | None) -> list[dict[str, Any]]:
    """Close and indicators of each symbol, as they were read."""
    seen = event.snapshot["symbols"]
    return [
        {"symbol": name, "close": known["bars"][-1]["close"] if known["bars"] else None, **known["indicators"]}
        for name, known in seen.items()
        if symbol in {None, name}
    ]


def _tool(event: ToolCalled) -> dict[str, Any]:
    return event.model_dump(include={"role", "symbol", "tool", "arguments", "result", "refused"})


def _lowered(event: NumbersUnverified | EvidenceTainted) -> dict[str, Any]:
    """What an agent said that did not stand, and how much less it counts for that."""
    return event.model_dump(mode="json", exclude={"kind"})


def _hits(event: MemoriesRecalled) -> dict[str, Any]:
    return {"symbol": event.symbol, "hits": [hit.model_dump(mode="json") for hit in event.hits]}


def _research(event: ResearchRead) -> dict[str, Any]:
    findings = [finding.model_dump(mode="json") for finding in event.findings]
    return {"symbol": event.symbol, "findings": findings, "abstained": event.abstained}


def _verdict(event: VerdictGiven) -> dict[str, Any]:
    return {"stage": event.stage, **event.verdict.model_dump(mode="json")}


def _order(event: OrderUpdated) -> dict[str, Any]:
    stop = event.order.stop_price
    return {**order_row(event.order), "stop_price": plain(stop) if stop else None, "parent": event.order.parent}
