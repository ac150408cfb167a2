"""What a cycle came to, as the JSON document `perun.cycle/1` that other programs read."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from perun.graph.desk import stamp
from perun.graph.state import CycleState
from perun.tools.domain.events import Event, ModelAsked, Usage
from perun.tools.domain.money import plain
from perun.tools.domain.orders import Order
from perun.tools.domain.signals import Action
from perun.tools.domain.verdicts import Verdict

SCHEMA = "perun.cycle/1"
EXIT_CODES = {"traded": 0, "held": 0, "duplicate": 0, "denied": 3, "halted": 3, "degraded": 5, "expired": 5}
"""Outcome to exit code."""


def outcome(state: CycleState) -> str:
    """One word for the cycle: trouble on the way outweighs what was done all the same."""
    if state.get("degraded"):
        return "degraded"
    if state.get("orders"):
        return "traded"
    wished = any(signal.action is not Action.HOLD for signal in state["signals"])
    return "denied" if wished else "held"


def cycle_document(state: CycleState, mode: str, events: Iterable[Event]) -> dict[str, Any]:
    """The whole result. Money and quantities are strings."""
    return {
        "schema": SCHEMA,
        "cycle_id": state["cycle_id"],
        "slot": state["slot"],
        "mode": mode,
        "as_of": stamp(state["snapshot"].as_of),
        "outcome": outcome(state),
        "signals": [signal.model_dump(mode="json") for signal in state["signals"]],
        "verdicts": [_verdict(verdict) for verdict in state.get("verdicts", ())],
        "orders": [order_row(order) for order in state.get("orders", ())],
        "usage": usage_row(events),
        "errors": list(state.get("degraded", ())),
    }


def halted_document(cycle_id: str, slot: str, mode: str, as_of: datetime, reason: str) -> dict[str, Any]:
    """The result of a cycle that was not run because the desk is halted."""
    return {
        "schema": SCHEMA,
        "cycle_id": cycle_id,
        "slot": slot,
        "mode": mode,
        "as_of": stamp(as_of),
        "outcome": "halted",
        "signals": [],
        "verdicts": [],
        "orders": [],
        "usage": usage_row([]),
        "errors": [f"halted: {reason}"],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "symbol": verdict.symbol,
        "cleared": verdict.cleared,
        "breaches": [
            {"code": check.code, "measured": check.measured, "allowed": check.allowed} for check in verdict.breaches
        ],
    }


def order_row(order: Order) -> dict[str, Any]:
    """An order as the contract writes it."""
    return {
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "qty": plain(order.qty),
        "type": order.type.value,
        "status": order.status.value,
        "filled_qty": plain(order.filled_qty),
        "filled_avg_price": plain(order.filled_avg_price) if order.filled_avg_price is not None else None,
    }


def usage_row(events: Iterable[Event]) -> dict[str, Any]:
    """What the model calls among the events cost."""
    asked = [event for event in events if isinstance(event, ModelAsked)]
    total = sum((event.usage for event in asked), Usage())
    return {**spending_row(total), "longest_chain": _longest_chain(asked)}


def agents_asked(events: Iterable[Event]) -> tuple[str, ...]:
    """The agents that were asked, sorted."""
    return tuple(sorted({event.role for event in events if isinstance(event, ModelAsked)}))


def spending_row(usage: Usage) -> dict[str, Any]:
    """What was spent on models, as the contract writes it."""
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": f"{usage.cost_usd:.4f}",
    }


def _longest_chain(asked: list[ModelAsked]) -> int:
    """Requests that had to wait for one another: the longest study of a symbol, then trader and risk manager."""
    studies, desk_wide = Counter[str](), 0
    for event in asked:
        if event.symbol is None:
            desk_wide += event.usage.calls
        else:
            studies[event.symbol] += event.usage.calls
    return max(studies.values(), default=0) + desk_wide
