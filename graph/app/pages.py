"""What people see in a terminal: tables made from the same documents that programs read."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from shutil import which
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from perun.graph.app.tables import Document, new_console, table

_SIDE_BY_SIDE: Final = 4
"""Verdicts in one table."""
_GATHERED: Final = {
    "symbol": "symbol",
    "close": "close",
    "sma_50": "average 50",
    "sma_200": "average 200",
    "momentum_12_1": "momentum 12-1",
    "return_20": "return 20",
    "rsi_14": "RSI 14",
    "volatility_20": "volatility 20",
    "atr_14": "ATR 14",
}
_REPORT: Final = {"symbol": "symbol", "stance": "stance", "conviction": "conviction", "summary": "summary"}
_SIGNAL: Final = {"symbol": "symbol", "action": "action", "confidence": "confidence", "rationale": "rationale"}
_ADVICE: Final = {"symbol": "symbol", "ruling": "ruling", "keep": "keep", "reason": "reason"}
_ORDER: Final = {
    "client_order_id": "client order id",
    "side": "side",
    "qty": "shares",
    "symbol": "symbol",
    "type": "type",
    "stop_price": "stop",
    "status": "status",
    "filled_avg_price": "filled at",
}
_FILL: Final = {
    "client_order_id": "client order id",
    "side": "side",
    "qty": "shares",
    "symbol": "symbol",
    "price": "price",
    "commission": "commission",
    "at": "at",
}
_POSITION: Final = {
    "symbol": "symbol",
    "qty": "shares",
    "avg_entry_price": "bought at",
    "current_price": "now",
    "market_value": "value",
    "unrealized_pl": "gain",
}
_DOUBT: Final = {"client_order_id": "client order id", "symbol": "symbol", "state": "state", "detail": "detail"}
_LATCH: Final = {
    "kind": "latch",
    "state": "state",
    "reason": "reason",
    "who": "who",
    "since": "since",
    "until": "until",
}
_TROUBLE: Final = {"where": "where", "code": "code", "message": "message"}
_MEMORY: Final = {"symbol": "symbol", "id": "memory", "kind": "kind", "score": "likeness", "as_of": "as of"}
_RESEARCH: Final = {"symbol": "symbol", "findings": "findings", "abstained": "abstained because"}
_TELLING: Final = ("BREACH", "NOTE")
"""How the measure of a rule begins that says more than that it was kept."""
_TOOL: Final = {"role": "role", "symbol": "symbol", "tool": "tool", "arguments": "arguments", "result": "told"}
_LOWERED: Final = {"role": "role", "symbol": "symbol", "what": "what did not stand", "said": "said", "stands": "stands"}


def run_page(result: Document, story: Document) -> None:
    """What a run prints: the story of its cycle, and where to look next."""
    console = new_console()
    if result["outcome"] == "duplicate":
        console.print(f"The slot {result['slot']} was run before; this is what it came to. No model was asked.\n")
    _story(console, story, in_full=False)
    slot = story["slot"]
    decision = f"{slot}/{story['signals'][0]['symbol']}" if story["signals"] else slot
    console.print("[bold]Where to look next[/bold]")
    for command, what in (
        (f"why {slot}", "this cycle again, with the memories and the evidence behind it"),
        (f"why {decision}", "one decision of it"),
        ("status", "account, positions and orders as they stand"),
        ("run", "the next cycle"),
    ):
        console.print(f"  {_called()} {command:20} {what}", highlight=False)


def why_page(story: Document) -> None:
    """What `perun why` prints."""
    console = new_console()
    _story(console, story, in_full=True)
    _record(console, story)


def status_page(status: Document) -> None:
    """What `perun status` prints."""
    console = new_console()
    reason = f" ({status['reason']})" if status["reason"] else ""
    console.print(f"[bold]{status['mode']}[/bold] account {status['account_id']}, {status['trading_state']}{reason}")
    console.print(f"equity {status['equity']}, cash {status['cash']}, buying power {status['buying_power']} US dollars")
    console.print(_measured_losses(status))
    table(console, "What holds the desk back", _LATCH, status["latches"])
    table(console, "Positions", _POSITION, status["positions"])
    table(console, "Working orders", _ORDER, status["working_orders"])
    table(console, "Unresolved orders", _DOUBT, status["unresolved_orders"])
    for cycle in status["interrupted_cycles"]:
        console.print(f"interrupted: {cycle['slot']}; perun run --slot {cycle['slot']} goes on with it")
    today = status["models_today"]
    console.print(f"models today (UTC): {today['calls']} calls, {today['cost_usd']} US dollars")
    last, following = status["last_cycle"], status["next_cycle"]
    console.print(f"last cycle: {last['slot']} {last['outcome'] or last['state']}" if last else "last cycle: none yet")
    console.print(f"next cycle: as of {following['as_of']}" if following else "next cycle: none")


def _measured_losses(status: Document) -> str:
    """How far the account came in the session, in five, and from its high-water mark; each with its start."""
    measures = (
        ("this session", "daily_loss_percent", "day_start"),
        ("five sessions", "weekly_loss_percent", "week_start"),
        ("from the high-water mark", "drawdown_percent", "high_water"),
    )
    said = [
        f"{name} {-Decimal(status[loss]):+}% of {status[start]}"
        for name, loss, start in measures
        if status[loss] is not None
    ]
    return ", ".join(said) or "no loss is measured before the first cycle"


def report_page(document: Document) -> None:
    """What a command did: one line for each part that has something to say."""
    console = new_console()
    for name, value in document.items():
        if name != "schema" and value not in ([], ""):
            said = "\n  ".join(["", *map(_said, value)]) if isinstance(value, list) else _said(value)
            console.print(f"{name.replace('_', ' ')}: {escape(said)}", highlight=False)


def _said(row: Any) -> str:
    """An order in one line, counts side by side; anything else as it is."""
    if row is None:
        return "none"
    if not isinstance(row, Mapping):
        return str(row)
    if "side" not in row:
        return ", ".join(f"{value} {name}" for name, value in row.items())
    at = f" at {row['filled_avg_price']}" if row["filled_avg_price"] else ""
    return f"{row['side']} {row['qty']} {row['symbol']}: {row['status']}{at}"


def doctor_page(document: Document) -> None:
    """What `perun doctor` prints."""
    rows = [{**row, "ok": "ok" if row["ok"] else "FAULT"} for row in document["checks"]]
    table(new_console(), "Doctor", {"check": "check", "ok": "", "detail": "detail"}, rows)


def config_page(document: Document) -> None:
    """What `perun config show` prints."""
    console = new_console()
    table(console, "Settings", {"name": "name", "value": "value", "source": "source"}, document["settings"])
    for warning in document["warnings"]:
        console.print(escape(warning))


def _called() -> str:
    """How this command can be called again from here: by its name where the shell finds it, else by its path."""
    if which("perun"):
        return "perun"
    path = Path(sys.argv[0]).absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _story(console: Console, story: Document, *, in_full: bool) -> None:
    minds = ", ".join(sorted(set(story["minds"].values()))) or "nobody was asked"
    ended = story["outcome"] or story["state"]
    console.print(f"[bold]Cycle {story['slot']}[/bold] as of {story['as_of']}, {story['mode']}: [bold]{ended}[/bold]")
    console.print(f"minds: {escape(minds)}\n")
    table(console, "What was gathered", _GATHERED, story["gathered"])
    reports = sorted(story["reports"], key=lambda row: str(row["symbol"]))
    table(console, "What the analyst said", _REPORT, reports)
    table(console, "What the trader wishes", _SIGNAL, story["signals"])
    advice = [{**row, "keep": f"{row['keep']}%"} for row in story["advice"]]
    table(console, "What the risk manager advises", _ADVICE, advice)
    for stage, title in (("gate", "What the gate measured"), ("wire", "What was measured again at the wire")):
        # What the wire cleared like the gate before it tells nothing new, unless everything is asked for.
        telling = [verdict for verdict in story["verdicts"] if in_full or stage == "gate" or not verdict["cleared"]]
        verdicts = [verdict for verdict in telling if verdict["stage"] == stage]
        _verdicts(console, title, verdicts, in_full=in_full)
    last = {row["client_order_id"]: row for row in story["orders"]}
    table(console, "Orders", _ORDER, last.values())
    table(console, "Fills", _FILL, story["fills"])
    table(console, "Troubles", _TROUBLE, story["errors"])
    _account(console, story["account"])


def _record(console: Console, story: Document) -> None:
    """What stands behind the story: memories, research, prompts."""
    hits = [{"symbol": row["symbol"], **hit} for row in story["memories"] for hit in row["hits"]]
    table(console, "Memories that reached the analyst", _MEMORY, hits)
    research = [{**row, "findings": len(row["findings"])} for row in story["research"]]
    table(console, "Research", _RESEARCH, research)
    table(console, "Tools that agents called", _TOOL, story["tools"])
    numbers = [{**row, "what": ", ".join(row["numbers"])} for row in story["doubted_numbers"]]
    outside = [{**row, "what": f"outside text alone: {' '.join(row['evidence'])}"} for row in story["tainted_evidence"]]
    table(console, "Confidence that was lowered", _LOWERED, [*numbers, *outside])
    evidence = [{"symbol": row["symbol"], "evidence": " ".join(row["evidence"])} for row in story["signals"]]
    table(console, "Evidence of the signals", {"symbol": "symbol", "evidence": "evidence"}, evidence)
    usage = story["usage"]
    console.print(
        f"{usage['calls']} model calls, {usage['input_tokens']} tokens read, {usage['output_tokens']} written; "
        f"prompts {', '.join(f'{agent} {hash_}' for agent, hash_ in story['prompts'].items())}",
        highlight=False,
    )


def _verdicts(console: Console, title: str, verdicts: Sequence[Document], *, in_full: bool) -> None:
    """A row for each rule, what stands against an order first; a column for each symbol, a few symbols at a time.

    Unless it is asked for in full, rules that let everything pass are only counted.
    """
    for start in range(0, len(verdicts), _SIDE_BY_SIDE):
        some = verdicts[start : start + _SIDE_BY_SIDE]
        titles = {v["symbol"]: f"{v['symbol']} {'cleared' if v['cleared'] else 'DENIED'}" for v in some}
        rules = dict.fromkeys(check["code"] for verdict in some for check in verdict["checks"])
        rows = [{"rule": rule, **{v["symbol"]: _measured(v, rule) for v in some}} for rule in rules]
        telling = [row for row in rows if any(cell.startswith(_TELLING) for cell in row.values())]
        quiet = [row for row in rows if row not in telling]
        shown = [*telling, *quiet] if in_full else [*telling, *_counted(quiet, some)]
        table(console, title, {"rule": "rule", **titles}, shown)


def _counted(quiet: Sequence[Document], verdicts: Sequence[Document]) -> list[Document]:
    """One row that tells how many other rules each order passed."""
    passed = {v["symbol"]: str(sum(bool(row[v["symbol"]]) for row in quiet)) for v in verdicts}
    return [{"rule": "rules that passed", **passed}]


def _measured(verdict: Document, rule: str) -> str:
    """What a rule measured against what it allows; a breach says so, and what passed and is worth a look."""
    check = next((check for check in verdict["checks"] if check["code"] == rule), None)
    if check is None:
        return ""
    measured, allowed = check["measured"], check["allowed"]
    if measured == allowed or allowed.startswith(">="):
        said = measured if measured == allowed else f"{measured} {allowed}"
    else:
        said = f"{measured} <= {allowed}" if allowed.replace(".", "").isdigit() else f"{measured} ({allowed})"
    if not check["passed"]:
        return f"BREACH {measured}, allowed {allowed}"
    return f"NOTE {said}" if check.get("warns") else said


def _account(console: Console, account: Document) -> None:
    before, after = account["before"], account["after"]
    if before and after:
        console.print(f"account before: cash {before['cash']}, equity {before['equity']} US dollars")
        console.print(f"account after:  cash {after['cash']}, equity {after['equity']} US dollars\n")
