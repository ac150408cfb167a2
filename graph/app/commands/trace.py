"""Commands that read a run again, or run it again: trace list, show, diff, fork, export, verify, schema."""

from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json, report, say

app = typer.Typer()
trace = typer.Typer(help="What is on record of each run.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(trace, name="trace")

Run = Annotated[
    str, typer.Argument(metavar="ID", help="A cycle id or slot, a decision (slot/SYMBOL), or a client order id.")
]


@trace.command("list")
def trace_list(
    symbol: Annotated[str, typer.Option(help="Cycles that watched this symbol.")] = "",
    outcome: Annotated[str, typer.Option(help="traded, held, denied, degraded or halted.")] = "",
    since: Annotated[str | None, typer.Option("--from", help="First day of the market's time, 2013-05-02.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day, included.")] = None,
    agent: Annotated[str, typer.Option(help="Cycles in which this agent was asked.")] = "",
    prompt: Annotated[
        str, typer.Option(help="Cycles in which this prompt spoke: a hash (or how it begins), or AGENT@VERSION.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """The cycles on record, the latest first."""
    from perun.graph.app import tracing
    from perun.graph.ledger.wanted import Wanted

    wanted = Wanted(symbol.upper(), outcome, agent=agent, prompt=prompt, limit=limit)
    document = tracing.cycles({}, wanted, since, until)
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.trace_pages import list_page

        list_page(document)


@trace.command("show")
def trace_show(
    id: Run,
    node: Annotated[
        list[str] | None, typer.Option(help="Only this node in full: trade, analyse, analyse/AAPL; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """One cycle from prompt to money: its nodes, rules, orders, and what came after; or one event of it."""
    from perun.graph.app import tracing

    document = tracing.show(id, {}, node or ())
    if as_json:
        print_json(document.json_document())
    else:
        from perun.graph.app.trace_pages import nodes_page, show_page
        from perun.graph.trace.reading import EVENT

        page = nodes_page if node or EVENT in id else show_page
        page(document)


@trace.command("diff")
def trace_diff(a: Run, b: Run, as_json: Json = False) -> None:
    """Two cycles side by side: prompts, inputs, outputs, decisions and cost, and of these only what differs."""
    from perun.graph.app import tracing

    document = tracing.differences(a, b, {})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.trace_pages import diff_page

        diff_page(document)


@trace.command("fork")
def trace_fork(
    id: Run,
    at: Annotated[
        str, typer.Option(help="The node from which it is run again: research, recall, analyse, trade, advise or gate.")
    ] = "trade",
    prompt: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=FILE|VERSION", help="Another prompt; may be repeated.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="[ROLE=]MODEL", help="Another model, for a role or for all.")
    ] = None,
    provider: Annotated[str, typer.Option(help="Another provider: openai, google, local or baseline.")] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another limit of the gate; may be repeated."),
    ] = None,
    runs: Annotated[int, typer.Option(help="So many times, every answer asked anew: how stable is it?", min=1)] = 1,
    as_json: Json = False,
) -> None:
    """Run a cycle's moment again with another prompt or model; nothing is sent, and the original stays as it is."""
    from perun.graph.app.forking import Otherwise, forked

    document = forked(id, Otherwise(at, prompt or (), model or (), provider, runs, limit or ()), {})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.fork_page import fork_page

        fork_page(document)


@trace.command("export")
def trace_export(
    id: Run,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write one page that needs no network.")] = None,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write the document perun.trace/1.")] = None,
) -> None:
    """Write a cycle's whole trace into one file."""
    from pathlib import Path

    from perun.graph.app import tracing
    from perun.tools.domain.errors import ConfigurationError

    files = [(form, Path(file)) for form, file in (("html", html), ("json", json)) if file]
    if not files:
        raise ConfigurationError("say --html FILE or --json FILE")
    for form, file in files:
        report(tracing.export(id, file, form, {}), as_json=False)


@trace.command("verify")
def trace_verify(as_json: Json = False) -> None:
    """Is the record as it was written? Names the first broken link of each chain, and ends with 1 if there is one."""
    from perun.graph.app import tracing

    found = tracing.verify({})
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    elif found.whole:
        print(f"{found.streams} chains of {found.events} events, every one whole")
    for fault in found.broken:
        say(f"perun: broken: {fault.why} ({fault.event or fault.stream})")
    raise typer.Exit(0 if found.whole else 1)


@trace.command("schema")
def trace_schema() -> None:
    """The JSON schema of the document that show and export write, perun.trace/1."""
    from perun.graph.trace.document import json_schema

    print_json(json_schema())
