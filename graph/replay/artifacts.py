"""A replay's folder: FINSABER's artifacts, and what every decision was worth, as plain CSV and JSON.

Only `run_manifest.json` says when and where it was made; the bytes of all others follow from the plan and the market.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any, Final

from perun.graph.replay.accounts import Standing, Trade
from perun.graph.replay.plan import Plan
from perun.graph.replay.telling import HORIZONS, Cost, Decision
from perun.tools.domain.money import plain
from perun.tools.domain.orders import Order, OrderStatus
from perun.tools.domain.whole_file import write_whole

Row = Mapping[str, Any]

MARKS: Final = ("control", "knowledge")
"""The last columns of every table: how the days were altered, and whether a model may have read about them."""

COLUMNS: Final = {
    "equity_curve.csv": ("run", "seed", "date", "equity", "cash", "exposure", *MARKS),
    "trades.csv": (
        "run", "seed", "symbol", "entered", "left", "qty", "entry_price", "exit_price", "commission", "pnl", *MARKS,
    ),
    "orders.csv": (
        "run", "seed", "submitted", "client_order_id", "symbol", "side", "qty", "type", "status", "filled_qty",
        "filled_avg_price", *MARKS,
    ),
    "rejected_orders.csv": ("run", "seed", "at", "symbol", "by", "reason", *MARKS),
    "llm_costs.csv": (
        "run", "seed", "slot", "role", "model", "calls", "input_tokens", "output_tokens", "cost_usd", *MARKS,
    ),
    "decisions.csv": (
        "run", "seed", "slot", "symbol", "action", "confidence", "prompt", "asked", "cleared", "breaches",
        *(f"return_{horizon}" for horizon in HORIZONS), *(f"excess_{horizon}" for horizon in HORIZONS),
        *MARKS,
    ),
}  # fmt: skip
"""The tables of a folder and their columns. Money is in US dollars, returns are fractions."""


@dataclass(frozen=True)
class RunTold:
    """What came of one run, for one seed."""

    run: str
    """`policy`, or the name of a baseline."""
    seed: int
    standings: Sequence[Standing]
    trades: Sequence[Trade] = ()
    orders: Sequence[Order] = ()
    decisions: Sequence[Decision] = ()
    costs: Sequence[Cost] = ()


def write_tables(folder: Path, plan: Plan, runs: Sequence[RunTold]) -> None:
    """Write the plan and every table; the same runs always give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "run_config.json", plan.model_dump(mode="json"))
    tables = {
        "equity_curve.csv": _standings,
        "trades.csv": _trades,
        "orders.csv": _orders,
        "rejected_orders.csv": _rejections,
        "llm_costs.csv": _costs,
        "decisions.csv": _decisions,
    }
    for name, rows in tables.items():
        marked = ({"run": told.run, "seed": told.seed, **row, **marks(plan)} for told in runs for row in rows(told))
        write_table(folder / name, COLUMNS[name], marked)


def marks(plan: Plan) -> Row:
    """What stands on every row and page: no figure goes about without it."""
    return dict(zip(MARKS, (plan.told_control, plan.knowledge), strict=True))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows under a line of columns; nothing stands under the name until all of it does."""
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue(), durable=False)


def write_json(path: Path, document: Row) -> None:
    """Write one document; nothing stands under the name until all of it does."""
    write_whole(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", durable=False)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every artifact but the manifest, by name."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "run_manifest.json")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _standings(told: RunTold) -> Iterable[Row]:
    for each in told.standings:
        money = {"equity": each.equity, "cash": each.cash, "exposure": each.exposure}
        yield {"date": each.day.isoformat(), **{name: _cents(amount) for name, amount in money.items()}}


def _trades(told: RunTold) -> Iterable[Row]:
    for each in told.trades:
        yield {
            "symbol": each.symbol,
            "entered": each.entered.isoformat(),
            "left": each.left.isoformat(),
            "qty": plain(each.qty),
            "entry_price": plain(each.entry_price),
            "exit_price": plain(each.exit_price),
            "commission": _cents(each.commission),
            "pnl": _cents(each.profit),
        }


def _orders(told: RunTold) -> Iterable[Row]:
    for each in told.orders:
        yield {
            "submitted": each.submitted_at.isoformat(),
            "client_order_id": each.client_order_id,
            "symbol": each.symbol,
            "side": each.side.value,
            "qty": plain(each.qty),
            "type": each.type.value,
            "status": each.status.value,
            "filled_qty": plain(each.filled_qty),
            "filled_avg_price": "" if each.filled_avg_price is None else plain(each.filled_avg_price),
        }


def _rejections(told: RunTold) -> Iterable[Row]:
    for each in told.decisions:
        if each.asked and not each.cleared:
            reason = " ".join(each.breaches)
            yield {"at": each.as_of.isoformat(), "symbol": each.symbol, "by": "gate", "reason": reason}
    for order in told.orders:
        if order.status is OrderStatus.REJECTED:
            at = order.submitted_at.isoformat()
            yield {"at": at, "symbol": order.symbol, "by": "broker", "reason": order.reason}


def _costs(told: RunTold) -> Iterable[Row]:
    for each in told.costs:
        usage = each.usage
        yield {
            "slot": each.slot,
            "role": each.role,
            "model": each.model,
            "calls": usage.calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": plain(usage.cost_usd),
        }


def _decisions(told: RunTold) -> Iterable[Row]:
    for each in told.decisions:
        yield {
            "slot": each.slot,
            "symbol": each.symbol,
            "action": each.action,
            "confidence": f"{each.confidence:.4f}",
            "prompt": each.prompt,
            "asked": int(each.asked),
            "cleared": int(each.cleared),
            "breaches": " ".join(each.breaches),
            **{f"return_{horizon}": _fraction(each.returns[horizon]) for horizon in HORIZONS},
            **{f"excess_{horizon}": _fraction(each.excess[horizon]) for horizon in HORIZONS},
        }


def _cents(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _fraction(change: Decimal | None) -> str:
    return "" if change is None else f"{change:.6f}"
