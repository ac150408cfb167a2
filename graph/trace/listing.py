"""A line for each run: what was wished, what became of it, what it cost."""

import json
from typing import Any, Final

from perun.graph.desk import stamp
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.wanted import Wanted

SCHEMA: Final = "perun.traces/1"


def listed(archive: Archive, wanted: Wanted) -> dict[str, Any]:
    """The document `perun.traces/1`: the cycles that are asked for, the latest first."""
    return {"schema": SCHEMA, "cycles": [_row(cycle) for cycle in archive.cycles(wanted)]}


def _row(cycle: Cycle) -> dict[str, Any]:
    # An unfinished cycle has no result, and one that was never asked anything has no usage in it.
    result = json.loads(cycle.result or "{}")
    usage = result.get("usage", {})
    return {
        "cycle_id": cycle.cycle_id,
        "slot": cycle.slot,
        "mode": cycle.mode,
        "as_of": stamp(cycle.as_of),
        "started_at": stamp(cycle.started_at),
        "state": cycle.state.value,
        "outcome": cycle.outcome,
        "symbols": list(cycle.symbols),
        "wishes": {row["symbol"]: row["action"] for row in result.get("signals", ())},
        "orders": len(result.get("orders", ())),
        "denied": sum(not row["cleared"] for row in result.get("verdicts", ())),
        "calls": usage.get("calls", 0),
        "tokens": usage.get("input_tokens", 0) + usage.get("output_tokens", 0),
        "cost_usd": usage.get("cost_usd", "0.0000"),
    }
