"""What people see in a terminal: tables made from the same documents that programs read."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Document = Mapping[str, Any]
_GATHERED = ("symbol", "close", "sma_50", "sma_200", "momentum_12_1", "return_20", "rsi_14", "volatility_20", "atr_14")
_POSITION = ("symbol", "qty", "avg_entry_price", "current_price", "market_value", "unrealized_pl")
_WORKING = ("client_order_id", "symbol", "side", "qty", "type", "stop_price", "status")
_COLOURS = {"BUY": "green", "SELL": "red", "HOLD": "dim", "ok": "green", "denied": "red", "cleared": "green"}


def run_page(result: Document, story: Document) -> None:
    """What a run prints: the story of its cycle, and where to look next."""
    console = Console()
    if result["outcome"] == "duplicate":
        console.print(
            f"The slot {result['slot']} was run before; this is what its cycle came to. No model was asked.\n"
        )
    _story(console, story)
    slot = result["slot"]
    console.print("\n[bold]Where to look next[/bold]")
    console.print(f"  perun why {slot}            the whole story of this cycle, with every rule that was asked")
    console.print(f"  perun why {slot}/{_first(story)}       one decision of it")
    console.print("  perun status                   account, positions and orders as they stand")
    console.print("  perun run                      the next cycle")


def why_page(story: Document) -> None:
    """What `perun why` prints."""
    console = Console()
    _story(console, story)
    _record(console, story)


def status_page(status: Document) -> None:
    """What `perun status` prints."""
    console = Console()
    reason = f" ({status['reason']})" if status["reason"] else ""
    console.print(f"[bold]{status['mode']}[/bold] account {status['account_id']}, {status['trading_state']}{reason}")
    console.print(f"equity {status['equity']}, cash {status['cash']}, buying power {status['buying_power']} US dollars")
    _table(console, "Positions", _POSITION, status["positions"])
    _table(console, "Working orders", _WORKING, status["working_orders"])
    _table(console, "Unresolved orders", ("client_order_id", "symbol", "state", "detail"), status["unresolved_orders"])
    last, following = status["last_cycle"], status["next_cycle"]
    console.print(f"last cycle: {last['slot']} {last['outcome'] or last['state']}" if last else "last cycle: none yet")
    console.print(f"next cycle: as of {following['as_of']}" if following else "next cycle: none")


def doctor_page(document: Document) -> None:
    """What `perun doctor` prints."""
    rows = [{**row, "ok": "ok" if row["ok"] else "FAULT"} for row in document["checks"]]
    _table(Console(), "Doctor", ("check", "ok", "detail"), rows)


def config_page(document: Document) -> None:
    """What `perun config show` prints."""
    console = Console()
    _table(console, "Settings", ("name", "value", "source"), document["settings"])
    for warning in document["warnings"]:
        console.print(escape(warning))


def _story(console: Console, story: Document) -> None:
    minds = ", ".join(sorted(set(story["minds"].values()))) or "nobody was asked"
    ended = story["outcome"] or story["state"]
    console.print(f"[bold]Cycle {story['slot']}[/bold] as of {story['as_of']}, {story['mode']}: [bold]{ended}[/bold]")
    console.print(f"minds: {escape(minds)}\n")
    _table(console, "What was gathered", _GATHERED, story["gathered"])
    reports = sorted(story["reports"], key=lambda row: str(row["symbol"]))
    _table(console, "What the analyst said", ("symbol", "stance", "conviction", "summary"), reports)
    _table(console, "What the trader wishes", ("symbol", "action", "confidence", "rationale"), story["signals"])
    advice = [{**row, "keep": f"{row['keep']}%"} for row in story["advice"]]
    _table(console, "What the risk manager advises", ("symbol", "ruling", "keep", "reason"), advice)
    _verdicts(console, story["verdicts"])
    last = {row["client_order_id"]: row for row in story["orders"]}
    _table(console, "Orders", (*_WORKING, "filled_avg_price"), last.values())
    _table(console, "Fills", ("client_order_id", "side", "qty", "symbol", "price", "commission", "at"), story["fills"])
    _table(console, "Troubles", ("where", "code", "message"), story["errors"])
    _account(console, story["account"])


def _record(console: Console, story: Document) -> None:
    """What stands behind the story: memories, research, prompts."""
    hits = [{"symbol": row["symbol"], **hit} for row in story["memories"] for hit in row["hits"]]
    _table(console, "Memories that reached the analyst", ("symbol", "id", "kind", "score", "as_of"), hits)
    research = [{**row, "findings": len(row["findings"])} for row in story["research"]]
    _table(console, "Research", ("symbol", "findings", "abstained"), research)
    evidence = [{"symbol": row["symbol"], "evidence": " ".join(row["evidence"])} for row in story["signals"]]
    _table(console, "Evidence of the signals", ("symbol", "evidence"), evidence)
    usage = story["usage"]
    console.print(
        f"{usage['calls']} model calls, {usage['input_tokens']} tokens read, {usage['output_tokens']} written; "
        f"prompts {', '.join(f'{agent} {hash_}' for agent, hash_ in story['prompts'].items())}"
    )


def _verdicts(console: Console, verdicts: Iterable[Document]) -> None:
    """A row for each rule that was asked, with the measured against the allowed."""
    rows = [
        {
            "symbol": verdict["symbol"],
            "verdict": "cleared" if verdict["cleared"] else "denied",
            "rule": check["code"],
            "measured": check["measured"],
            "allowed": check["allowed"],
            "": "ok" if check["passed"] else "BREACH",
        }
        for verdict in verdicts
        for check in verdict["checks"]
    ]
    columns = ("symbol", "verdict", "rule", "measured", "allowed", "")
    _table(console, "What the gate measured and allows", columns, rows)


def _account(console: Console, account: Document) -> None:
    before, after = account["before"], account["after"]
    if before and after:
        console.print(f"account before: cash {before['cash']}, equity {before['equity']} US dollars")
        console.print(f"account after:  cash {after['cash']}, equity {after['equity']} US dollars")


def _table(console: Console, title: str, columns: Iterable[str], rows: Iterable[Document]) -> None:
    """A table, or nothing when there are no rows. The text of cells is never read as markup."""
    rows, columns = list(rows), list(columns)
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(table)


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.2f}" if isinstance(value, float) else escape(str(value))
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/{colour}]" if colour else text


def _first(story: Document) -> str:
    return story["signals"][0]["symbol"] if story["signals"] else "SYMBOL"
