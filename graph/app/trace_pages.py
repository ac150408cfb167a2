"""What `perun trace` and `perun why` print: the record for a person, made from the documents that programs read."""

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from perun.graph.app.tables import Document, new_console, table
from perun.graph.trace.document import NodeRow, TraceDocument, VerdictRow
from perun.tools.domain.events import ModelAsked
from perun.tools.domain.money import plain
from perun.tools.risk.levers import Lever

_RUN: Final = {
    "cycle_id": "cycle",
    "as_of": "as of",
    "outcome": "outcome",
    "wished": "wished",
    "orders": "orders",
    "denied": "denied",
    "calls": "calls",
    "tokens": "tokens",
    "cost_usd": "US dollars",
}
_NODE: Final = {
    "node": "node",
    "seconds": "seconds",
    "calls": "calls",
    "tokens": "tokens",
    "cost": "US dollars",
    "what": "events",
}
_DENIED: Final = {"code": "rule", "measured": "measured", "limit": "limit", "headroom": "headroom"} | {
    "governed": "governed by"
}
_RULE: Final = {"code": "rule", "measured": "measured", "limit": "limit", "headroom": "headroom", "kept": ""} | {
    "governed": "governed by"
}
_STEP: Final = {"order": "order", "what": "what became of it", "at": "at", "event": "event"}
_MEMORY: Final = {"symbol": "symbol", "id": "memory", "kind": "kind", "score": "score", "as_of": "as of"} | {
    "cited": "",
    "earned": "earned a decision",
}
_AFTER: Final = {"symbol": "symbol", "action": "wish", "close": "close", "1": "1 session", "5": "5 sessions"} | {
    "20": "20 sessions"
}
_DIFFERENCE: Final = {"part": "", "name": "what", "a": "a", "b": "b"}


def list_page(document: Document) -> None:
    """What `perun trace list` prints."""
    console, cycles = new_console(), document["cycles"]
    told = ({**row, "wished": _wished(row["wishes"]), "outcome": row["outcome"] or row["state"]} for row in cycles)
    rows = [{**row, "as_of": row["as_of"].replace("T", " ")[:16]} for row in told]
    table(console, "", _RUN, rows)
    if not rows:
        console.print("no cycle on record")


def short_page(story: Document) -> None:
    """What `perun why` prints: about ten lines, each with the numbers of its events."""
    console = new_console()
    for row in story["short"]:
        numbers = ",".join(id_.rpartition(":")[2] for id_ in row["events"])
        console.print(f"[dim]\\[event:{numbers}][/dim] {escape(row['line'])}", highlight=False)
    for denied in story["denied"]:
        _denied(console, denied)
    # Of a whole cycle, those that somebody rested on; of one decision, all that came to mind.
    _memories(console, [row for row in story["recalled"] if story["symbol"] or row["cited"]])
    stream = story["cycle_id"]
    known = f"An event's whole id is {stream}/event:N." if stream else f"No cycle sent it, but {story['stream']}."
    more = "--full" if stream else "--json"
    console.print(f"[dim]{escape(known)} {more} tells everything.[/dim]", highlight=False)


def _memories(console: Console, rows: Iterable[Document]) -> None:
    """What came to mind, who rested on it, and what the decisions that did have earned since."""
    told = ({**row, "cited": "cited" if row["cited"] else "", "earned": _percent(row["earned"])} for row in rows)
    table(console, "Memories", _MEMORY, told)


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:+.2%}"


def _denied(console: Console, denied: Document) -> None:
    """Each rule that stood against an order, and what a person would change."""
    rows = [{**rule, "governed": Lever(tuple(rule["settings"]), rule["otherwise"])} for rule in denied["rules"]]
    where = _number(denied["event"])
    table(
        console,
        f"{denied['action']} {denied['symbol']} DENIED by the {denied['stage']} (event:{where})",
        _DENIED,
        rows,
    )


def show_page(trace: TraceDocument) -> None:
    """What `perun trace show` prints."""
    console = new_console()
    _head(console, trace)
    table(console, "Nodes", _NODE, (_node(row) for row in trace.nodes))
    _said(console, trace)
    _memories(console, [row.model_dump(mode="json") for row in trace.memories])
    for verdict in trace.verdicts:
        _rules(console, verdict)
    steps = [
        {"order": life.client_order_id, **step.model_dump(mode="json")} for life in trace.orders for step in life.steps
    ]
    table(console, "Orders", _STEP, ({**row, "event": _number(row["event"])} for row in steps))
    _aftermath(console, trace)
    console.print(f"record: {trace.chain.length} events, {trace.chain.bytes} bytes, head {trace.chain.head[:16]}…")
    if trace.chain.fault:
        console.print(f"[red]BROKEN: {escape(trace.chain.fault)}[/red]")


def nodes_page(trace: TraceDocument) -> None:
    """What `perun trace show --node` prints: every event of the nodes, prompts and answers word for word."""
    console = new_console()
    for node in trace.nodes:
        took = f", {plain(node.seconds)} seconds" if node.seconds is not None else ""
        console.print(f"[bold]{node.name}[/bold]{took}, {node.usage.calls} calls, {_dollars(node)} US dollars")
        for row in node.events:
            console.print(f"\n[bold]{row.id}[/bold] {row.event.kind}", highlight=False)
            if isinstance(row.event, ModelAsked):
                _turn(console, row.event)
            else:
                _fields(console, row.event.model_dump(mode="json", exclude={"kind"}))
        console.print()


def diff_page(document: Document) -> None:
    """What `perun trace diff` prints."""
    console, a, b = new_console(), document["a"], document["b"]
    titles = {**_DIFFERENCE, "a": f"a: {a['slot']}", "b": f"b: {b['slot']}"}
    table(console, f"{a['cycle_id']} and {b['cycle_id']}", titles, document["differences"])
    if document["same"]:
        console.print("nothing differs")


def _head(console: Console, trace: TraceDocument) -> None:
    usage = trace.usage
    console.print(
        f"[bold]{escape(trace.cycle_id)}[/bold] as of {trace.as_of:%Y-%m-%d %H:%M} UTC, {trace.mode}: "
        f"[bold]{trace.outcome or trace.state}[/bold]",
        highlight=False,
    )
    took = f" in {(trace.finished_at - trace.started_at).total_seconds():.1f} seconds" if trace.finished_at else ""
    console.print(
        f"{trace.started_at:%Y-%m-%d %H:%M:%S} UTC{took}; {usage.calls} calls, {usage.input_tokens} tokens read, "
        f"{usage.output_tokens} written, {plain(usage.cost_usd)} US dollars; "
        f"prompts {', '.join(f'{agent} {hash_}' for agent, hash_ in trace.prompts.items())}\n",
        highlight=False,
    )


def _node(row: NodeRow) -> Document:
    kinds = dict.fromkeys(each.event.kind for each in row.events)
    spent = row.usage
    return {
        "node": row.name,
        "seconds": row.seconds if row.seconds is not None else "",
        "calls": spent.calls or "",
        "tokens": spent.input_tokens + spent.output_tokens or "",
        "cost": _dollars(row) if spent.calls else "",
        "what": ", ".join(kind for kind in kinds if not kind.startswith("node.")),
    }


def _dollars(row: NodeRow) -> str:
    return f"{row.usage.cost_usd:.4f}"


def _said(console: Console, trace: TraceDocument) -> None:
    """What each agent saw, in characters, and what it said."""
    turns = [(row.id, row.event) for node in trace.nodes for row in node.events if isinstance(row.event, ModelAsked)]
    rows = [
        {
            "event": _number(id_),
            "who": asked.role if asked.symbol is None else f"{asked.role} {asked.symbol}",
            "model": asked.model,
            "saw": f"{sum(len(text) for _, text in asked.messages)} characters",
            "said": asked.answer or asked.problem or ", ".join(call.name for call in asked.calls),
        }
        for id_, asked in turns
    ]
    titles = {"event": "event", "who": "who", "model": "model", "saw": "saw", "said": "said"}
    table(console, "What each agent said (trace show --node NODE has the prompts)", titles, rows)


def _rules(console: Console, verdict: VerdictRow) -> None:
    """What stands against an order first; one that the wire cleared like the gate is only named."""
    if verdict.stage == "wire" and verdict.cleared:
        said = f"{verdict.action} {verdict.symbol} cleared again at the wire, {len(verdict.rules)} rules kept"
        console.print(f"{said} (trace show {escape(verdict.event)})\n", highlight=False)
        return
    rows = sorted(verdict.rules, key=lambda rule: (rule.passed, not rule.warns))
    said = "cleared" if verdict.cleared else "DENIED"
    kept = (
        {
            **rule.model_dump(),
            "kept": _kept(rule.passed, rule.warns),
            "governed": "" if rule.passed else rule.governed,
        }
        for rule in rows
    )
    where = "the gate" if verdict.stage == "gate" else "the wire"
    table(console, f"{verdict.action} {verdict.symbol} {said} by {where} ({verdict.event})", _RULE, kept)


def _kept(passed: bool, warns: bool) -> str:
    return "BREACH" if not passed else "NOTE" if warns else "ok"


def _aftermath(console: Console, trace: TraceDocument) -> None:
    rows: list[dict[str, Any]] = []
    for each in trace.aftermath:
        gains = {str(after.sessions): f"{after.gain:+}% ({after.benchmark:+}%)" for after in each.after}
        rows.append({"symbol": each.symbol, "action": each.action, "close": each.close, **gains})
    table(console, "What came after (in brackets: the cycle's symbols in equal parts)", _AFTER, rows)


def _turn(console: Console, asked: ModelAsked) -> None:
    console.print(f"prompt {asked.prompt} {asked.prompt_hash}, model {asked.model}, {asked.seconds} seconds")
    for speaker, text in asked.messages:
        _quoted(console, f"--- {speaker}", text)
    _quoted(console, "--- answer", asked.answer or asked.problem)
    for call in asked.calls:
        _quoted(console, f"--- calls {call.name}", call.arguments)


def _fields(console: Console, fields: Document) -> None:
    for name, value in fields.items():
        console.print(f"  {name}: {escape(str(value))}", highlight=False, soft_wrap=True)


def _quoted(console: Console, title: str, text: str) -> None:
    """A text as it was, not wrapped, so that it can be copied."""
    console.print(f"[bold]{escape(title)}[/bold]")
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _wished(wishes: Document) -> str:
    asked: Iterable[str] = (f"{action} {symbol}" for symbol, action in wishes.items() if action != "HOLD")
    return ", ".join(asked) or "HOLD"


def _number(event: str) -> str:
    return event.rpartition(":")[2]
