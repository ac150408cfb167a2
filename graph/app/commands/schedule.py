"""Commands that stay: schedule, worker; and notify, which tries whom the daemon tells."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from perun.graph.app.output import Json, print_json

if TYPE_CHECKING:
    from perun.graph.app.daemon.telling import Tell

app = typer.Typer()

JsonLogs = Annotated[bool, typer.Option("--json-logs", help="One JSON object a line on stderr instead of text.")]


@app.command()
def schedule(
    embedded_speed: Annotated[
        str | None, typer.Option(help="Recorded time: seconds for each session, or max.", metavar="SECONDS|max")
    ] = None,
    cycles: Annotated[int | None, typer.Option(min=1, help="End after so many cycles.")] = None,
    until: Annotated[str | None, typer.Option(help="End after this day.", metavar="DATE")] = None,
    as_json: Json = False,
    json_logs: JsonLogs = False,
) -> None:
    """The daemon: a cycle at every moment of TRADING_SCHEDULE; SIGTERM finishes or parks the work in hand."""
    from perun.graph.app import scheduling

    speed, last = _speed(embedded_speed), _day(until)
    tally = scheduling.schedule({}, speed, cycles, last, _tell(json_logs))
    if as_json:
        print_json(tally.document())
    else:
        from perun.graph.app.pages import report_page

        report_page(tally.document())
    raise typer.Exit(tally.exit_code)


@app.command()
def worker(
    adopt: Annotated[str | None, typer.Option(help="Take over the work of this dead executor.", metavar="ID")] = None,
    as_json: Json = False,
    json_logs: JsonLogs = False,
) -> None:
    """Take queued work from the shared database until told to end."""
    from perun.graph.app import scheduling

    document = scheduling.work({}, adopt, _tell(json_logs))
    if as_json:
        print_json(document)


@app.command()
def notify(as_json: Json = False) -> None:
    """Send a trial message to every address of NOTIFY_URLS."""
    from perun.graph.app.notifying import try_out
    from perun.graph.app.reading import read_settings

    document = try_out(read_settings({}).settings)
    if as_json:
        print_json(document)
    else:
        for row in document["addresses"]:
            print(f"{row['address']}: {'taken' if row['taken'] else 'not taken'}")
    raise typer.Exit(0 if document["ok"] else 4)


def _tell(json_logs: bool) -> "Tell":
    from perun.graph.app.daemon.telling import json_lines, plain_lines
    from perun.tools.domain.clock import SystemClock

    return json_lines(SystemClock()) if json_logs else plain_lines


def _speed(text: str | None) -> float | None:
    """Seconds for each recorded session; None for the wall clock."""
    try:
        seconds = None if text is None else 0.0 if text == "max" else float(text)
    except ValueError:
        seconds = -1.0
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise typer.BadParameter(f"--embedded-speed {text}: write max, or seconds for each session")
    return seconds


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"--until {text}: write a day as 2009-06-30") from None
