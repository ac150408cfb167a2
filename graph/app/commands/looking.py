"""Commands that only look: status, why, doctor."""

from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json

app = typer.Typer()


@app.command()
def status(as_json: Json = False) -> None:
    """Mode, trading state, account, positions, orders, last and next cycle."""
    from perun.graph.app import inspecting

    document = inspecting.status({})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.pages import status_page

        status_page(document)


@app.command()
def why(
    id: Annotated[str, typer.Argument(help="A cycle id or slot, a decision id (slot/SYMBOL), or a client order id.")],
    full: Annotated[
        bool, typer.Option("--full", help="Everything: what was gathered, every rule, the evidence.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Why a cycle, decision or order came out as it did, in about ten lines; each names its events."""
    from perun.graph.app import tracing

    document = tracing.why(id, {})
    if as_json:
        print_json(document)
    elif full and document["cycle_id"]:
        from perun.graph.app.pages import why_page

        why_page(document)
    else:
        from perun.graph.app.trace_pages import short_page

        short_page(document)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Is everything in order?"""
    from perun.graph.app import doctor as examination

    document = examination.examine({})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.pages import doctor_page

        doctor_page(document)
    raise typer.Exit(examination.exit_code(document))
