"""Commands of the search for better prompts: optimize run, status, promote."""

from datetime import datetime
from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json, report, say

app = typer.Typer()
optimize = typer.Typer(help="The search for better prompts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(optimize, name="optimize")


@optimize.command("run")
def optimize_run(
    agent: Annotated[str, typer.Option(help="Whose prompt.")],
    candidate: Annotated[list[str], typer.Option(help="A version or hash on the shelf; may be given several times.")],
    begins: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First recorded session.")],
    ends: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last; a third of the days is sealed.")],
    symbols: Annotated[str | None, typer.Option(help="Symbols, comma separated, instead of DEFAULT_SYMBOLS.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who thinks, instead of LLM_PROVIDER.")] = None,
    as_json: Json = False,
) -> None:
    """Hold candidates against the prompt in use over the same recorded days, and judge the best."""
    from perun.graph.app import optimizing

    watched = tuple(symbols.upper().split(",")) if symbols else None
    search = optimizing.Search(agent, tuple(candidate), begins.date(), ends.date(), watched, provider)
    document = optimizing.optimize(search, {}, say)
    if as_json:
        print_json(document)
        return
    shown = document["validation"]
    print(
        f"{document['best']} is better by {shown['effect']} ({shown['low']} to {shown['high']}), p = {shown['p_value']}"
        f" of {shown['tried']} tried over {shown['cycles']} cycles; about {shown['needed']} would tell"
    )
    print("eligible: perun optimize promote puts it in use" if document["eligible"] else "not eligible:")
    for reason in document["reasons"]:
        print(f"  {reason}")


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
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes to the record.")] = "",
    as_json: Json = False,
) -> None:
    """Put an eligible candidate in use from the next cycle on."""
    from perun.graph.app import optimizing

    report(optimizing.promote(name, reason, {}), as_json)
