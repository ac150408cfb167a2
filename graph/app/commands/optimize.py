"""Commands of the search for better prompts: optimize run, status, promote."""

from datetime import datetime
from typing import Annotated, Any

import typer

from perun.graph.app.output import Json, Reason, print_json, report, say

app = typer.Typer()
optimize = typer.Typer(help="The search for better prompts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(optimize, name="optimize")


Agent = Annotated[str, typer.Option(help="Whose prompt.")]
Begins = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First recorded session.")]
Ends = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last; a third of the days is sealed.")]
Watched = Annotated[str | None, typer.Option("--symbols", help="Comma separated, instead of DEFAULT_SYMBOLS.")]
Provider = Annotated[str | None, typer.Option("--provider", help="Who thinks, instead of LLM_PROVIDER.")]
Workers = Annotated[
    int | None, typer.Option(min=1, max=64, help="Processes of this machine; unsaid, perun workers or 1.")
]


def _watched(symbols: str | None) -> tuple[str, ...] | None:
    return tuple(symbols.upper().split(",")) if symbols else None


@optimize.command("run")
def optimize_run(
    agent: Agent,
    candidate: Annotated[list[str], typer.Option(help="A version or hash on the shelf; may be given several times.")],
    begins: Begins,
    ends: Ends,
    symbols: Watched = None,
    provider: Provider = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Hold candidates against the prompt in use over the same recorded days, and judge the best."""
    from perun.graph.app import optimizing
    from perun.graph.app.players import Players

    search = optimizing.Search(agent, tuple(candidate), begins.date(), ends.date(), _watched(symbols), provider)
    document = optimizing.optimize(search, {}, say, Players(workers))
    if as_json:
        print_json(document)
        return
    shown = document["validation"]
    print(
        f"{document['best']} is better by {shown['effect']} ({shown['low']} to {shown['high']}), p = {shown['p_value']}"
        f" of {shown['tried']} tried over {shown['cycles']} cycles; about {shown['needed']} would tell"
    )
    print("eligible: perun optimize promote puts it in the shadow" if document["eligible"] else "not eligible:")
    for reason in document["reasons"]:
        print(f"  {reason}")


@optimize.command("propose")
def optimize_propose(
    agent: Agent,
    begins: Begins,
    ends: Ends,
    symbols: Watched = None,
    provider: Provider = None,
    rewrites: Annotated[int, typer.Option(min=1, help="How many; OPTIMIZATION_MAX_USD bounds them too.")] = 5,
    as_json: Json = False,
) -> None:
    """Let a model write other words for a prompt, from what went wrong on the first third of the days."""
    from perun.graph.app import optimizing, proposing

    search = optimizing.Search(agent, (), begins.date(), ends.date(), _watched(symbols), provider)
    document = proposing.propose(search, rewrites, {}, say)
    if as_json:
        print_json(document)
        return
    print(f"{document['asked']} rewrites over {document['days']}, {len(document['refused'])} refused")
    for reason in document["refused"]:
        print(f"  {reason}")
    if document["candidate"] is None:
        print("none did better on those days")
    else:
        print(f"{document['candidate']} is a candidate: {document['before']} became {document['after']} on those days")


@optimize.command("status")
def optimize_status(as_json: Json = False) -> None:
    """Everything that was tried, oldest first."""
    from perun.graph.app import optimizing

    document = optimizing.status({})
    if as_json:
        print_json(document)
        return
    for trial in document["trials"]:
        print("  ".join(f"{name}={value}" for name, value in trial.items()))


@optimize.command("promote")
def optimize_promote(
    name: Annotated[str, typer.Argument(help="AGENT@VERSION of an eligible candidate.")],
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Let an eligible candidate decide in the shadow of the prompt in use; perun optimize watch lets it speak then."""
    from perun.graph.app import optimizing

    report(optimizing.promote(name, reason, {}), as_json)


@optimize.command("review")
def optimize_review(as_json: Json = False) -> None:
    """How the desk's own decisions came out, by prompt, symbol, regime and confidence; also written to DATA_DIR."""
    from perun.graph.app import reviewing
    from perun.graph.optimize.review_page import page

    document = reviewing.reviewed({})
    if as_json:
        print_json(document)
        return
    print("\n".join(page(document)))
    say(f"written to {document['files'][1]}")


@optimize.command("watch")
def optimize_watch(as_json: Json = False) -> None:
    """Let promoted prompts decide the latest cycles in the shadow, put them in use, or take them back."""
    from perun.graph.app import shadowing

    document = shadowing.watched({}, say)
    if as_json:
        print_json(document)
        return
    for row in document["prompts"]:
        print(f"{row['prompt']}: {row['stands']} after {row['cycles']} cycles")
        for reason in row["reasons"]:
            print(f"  {reason}")
    if not document["prompts"]:
        print("no promoted prompt is watched")


@optimize.command("parameters")
def optimize_parameters(
    begins: Begins,
    ends: Ends,
    symbols: Watched = None,
    provider: Provider = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Would other limits, confidence or symbols have done better on these days? Suggests a patch; applies nothing."""
    from perun.graph.app import suggesting
    from perun.graph.app.players import Players
    from perun.graph.app.stage import Wish

    wish = Wish(begins.date(), ends.date(), _watched(symbols), provider)
    document = suggesting.parameters(wish, {}, say, Players(workers))
    if as_json:
        print_json(document)
        return
    _alternatives(document)
    if document["patch"]:
        print(f"suggested: {document['better']}; read it and apply it yourself: patch .env {document['patch']}")


@optimize.command("frequency")
def optimize_frequency(
    begins: Begins,
    ends: Ends,
    symbols: Watched = None,
    provider: Provider = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Would deciding less often have done better on these days?"""
    from perun.graph.app import suggesting
    from perun.graph.app.players import Players
    from perun.graph.app.stage import Wish

    wish = Wish(begins.date(), ends.date(), _watched(symbols), provider)
    document = suggesting.frequency(wish, {}, say, Players(workers))
    if as_json:
        print_json(document)
        return
    _alternatives(document)
    if document["better"]:
        print(f"suggested: {document['better']}, at {document['suggestion']['trading_schedule']}")


def _alternatives(document: dict[str, Any]) -> None:
    """What each way of trading came to, and whether chance explains it."""
    for row in document["alternatives"]:
        gain = f"{row['gain_a_year']:+.1%} a year ({row['low']:+.1%} to {row['high']:+.1%})"
        traded = f"{row['trades']} trades, turnover {row['turnover']:.2f}, models {row['cost_usd']} USD"
        print(f"{row['name']:32} {row['return']:+.2%}  against now {gain}; {traded}")
    needed = f"; about {document['needed_sessions']} sessions would tell" if document["needed_sessions"] else ""
    print(f"p = {document['p_value']} with {document['tried']} tried over {document['days']}{needed}")
    if document["better"] is None:
        print("no evidence that another one is better")
