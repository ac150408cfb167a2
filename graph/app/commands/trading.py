"""Commands that trade or stop trading: run, halt, resume, reconcile, flatten."""

from typing import Annotated

import typer

from perun.graph.app.output import Json, Reason, print_json, report, say

app = typer.Typer()


@app.command()
def run(
    symbols: Annotated[str | None, typer.Option(help="Symbols, comma separated, instead of DEFAULT_SYMBOLS.")] = None,
    slot: Annotated[str | None, typer.Option(help="Name of the slot; the same slot is never run twice.")] = None,
    as_json: Json = False,
) -> None:
    """Run one decision cycle now."""
    from perun.graph.app import running

    document = running.run(_overrides(symbols), slot, say)
    if as_json:
        print_json(document)
    elif document["outcome"] == "halted":
        say(f"perun: {document['errors'][0]}; nobody was asked. perun resume --reason … trades again")
    else:
        from perun.graph.app import tracing
        from perun.graph.app.pages import run_page

        run_page(document, tracing.why(document["cycle_id"], {}))
    raise typer.Exit(running.exit_code(document))


@app.command()
def halt(reason: Reason = "", as_json: Json = False) -> None:
    """The kill switch: stop everything; survives restarts until resume."""
    from perun.graph.app import commanding

    report(commanding.halt(reason, {}), as_json)


@app.command()
def resume(reason: Reason = "", as_json: Json = False) -> None:
    """Trade again after a halt; refused while an order is in doubt."""
    from perun.graph.app import commanding

    report(commanding.resume(reason, {}), as_json)


@app.command()
def reconcile(as_json: Json = False) -> None:
    """Compare ledger and broker, repair, report."""
    from perun.graph.app import commanding

    document = commanding.reconcile_now({})
    report(document, as_json)
    raise typer.Exit(0 if document["clean"] else 5)


@app.command()
def flatten(
    yes: Annotated[bool, typer.Option("--yes", help="Needed: every position is closed.")] = False,
    as_json: Json = False,
) -> None:
    """Cancel working orders and close every position through the gate's exit path."""
    from perun.graph.app import commanding
    from perun.tools.domain.errors import ConfigurationError

    if not yes:
        raise ConfigurationError("flatten closes every position: say --yes")
    document = commanding.flatten({})
    report(document, as_json)
    raise typer.Exit(5 if document["errors"] else 0)


def _overrides(symbols: str | None) -> dict[str, str]:
    return {} if symbols is None else {"DEFAULT_SYMBOLS": symbols.upper()}
