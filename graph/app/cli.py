"""The command line `perun`: commands, their options, and how an error becomes one line and an exit code."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="perun",
    help="An automated trading desk run by LLM agents and held by deterministic rules. Paper trading by default.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config = typer.Typer(help="What is set, and from where.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config, name="config")
exchange = typer.Typer(help="The embedded exchange, for other programs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(exchange, name="exchange")

_INTERRUPTED = 130
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of text.")]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """An automated trading desk run by LLM agents and held by deterministic rules. Paper trading by default."""


@app.command()
def run(
    symbols: Annotated[str | None, typer.Option(help="Symbols, comma separated, instead of DEFAULT_SYMBOLS.")] = None,
    slot: Annotated[str | None, typer.Option(help="Name of the slot; the same slot is never run twice.")] = None,
    as_json: Json = False,
) -> None:
    """Run one decision cycle now."""
    from perun.graph.app import running

    document = running.run(_overrides(symbols), slot, _say)
    if as_json:
        _print_json(document)
    elif document["outcome"] == "halted":
        _say(f"perun: {document['errors'][0]}; nobody was asked. perun resume --reason … trades again")
    else:
        from perun.graph.app import inspecting
        from perun.graph.app.pages import run_page

        run_page(document, inspecting.why(document["cycle_id"], {}))
    raise typer.Exit(running.exit_code(document))


@app.command()
def status(as_json: Json = False) -> None:
    """Mode, trading state, account, positions, orders, last and next cycle."""
    from perun.graph.app import inspecting

    document = inspecting.status({})
    if as_json:
        _print_json(document)
    else:
        from perun.graph.app.pages import status_page

        status_page(document)


@app.command()
def why(
    id: Annotated[str, typer.Argument(help="A cycle id or slot, a decision id (slot/SYMBOL), or a client order id.")],
    as_json: Json = False,
) -> None:
    """Why a cycle, decision or order came out as it did."""
    from perun.graph.app import inspecting

    document = inspecting.why(id, {})
    if as_json:
        _print_json(document)
    else:
        from perun.graph.app.pages import why_page

        why_page(document)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Is everything in order?"""
    from perun.graph.app import doctor as examination

    document = examination.examine({})
    if as_json:
        _print_json(document)
    else:
        from perun.graph.app.pages import doctor_page

        doctor_page(document)
    raise typer.Exit(0 if document["ok"] else 2)


@app.command()
def init(as_json: Json = False) -> None:
    """Write a .env to begin with; one that is there is never touched."""
    from pathlib import Path

    from perun.graph.app.beginning import write_env

    _report(write_env(Path.cwd()), as_json)


Reason = Annotated[str, typer.Option("--reason", help="Why; it goes to the record.")]


@app.command()
def halt(reason: Reason = "", as_json: Json = False) -> None:
    """The kill switch: stop everything; survives restarts until resume."""
    from perun.graph.app import commanding

    _report(commanding.halt(reason, {}), as_json)


@app.command()
def resume(reason: Reason = "", as_json: Json = False) -> None:
    """Trade again after a halt; refused while an order is in doubt."""
    from perun.graph.app import commanding

    _report(commanding.resume(reason, {}), as_json)


@app.command()
def reconcile(as_json: Json = False) -> None:
    """Compare ledger and broker, repair, report."""
    from perun.graph.app import commanding

    document = commanding.reconcile_now({})
    _report(document, as_json)
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
    _report(document, as_json)
    raise typer.Exit(5 if document["errors"] else 0)


@exchange.command("serve")
def exchange_serve(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8420,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    pace: Annotated[str, typer.Option(help="manual: POST /perun/advance; auto: also after market orders.")] = "auto",
) -> None:
    """Serve the embedded exchange as an Alpaca-compatible HTTP and websocket server."""
    from perun.graph.app.serving_exchange import serve_exchange
    from perun.tools.domain.errors import ConfigurationError

    if pace not in {"manual", "auto"}:
        raise ConfigurationError(f"--pace {pace} should be manual or auto")
    serve_exchange(host, port, "manual" if pace == "manual" else "auto", _say)


@config.command("show")
def config_show(as_json: Json = False) -> None:
    """Every setting with its value and source; secrets are not shown."""
    from perun.graph.app import inspecting

    document = inspecting.configuration({})
    if as_json:
        _print_json(document)
    else:
        from perun.graph.app.pages import config_page

        config_page(document)


@config.command("rules")
def config_rules(as_json: Json = False) -> None:
    """Every rule of the gate, its limits as they are set, and what is left out and why."""
    from perun.graph.app import rules_page

    document = rules_page.rules({})
    if as_json:
        _print_json(document)
    else:
        print(rules_page.rules_text(document))


@config.command("schema")
def config_schema() -> None:
    """The JSON schema of the settings."""
    from perun.graph.app.settings import Settings

    _print_json(Settings.model_json_schema())


def main() -> None:
    """The process's entry point: every error of ours is one clear line; a traceback only with --debug."""
    from perun.graph.app.hushing import hush
    from perun.tools.domain.errors import PerunError

    hush()
    try:
        code = app(standalone_mode=False)
        if code == _INTERRUPTED:
            _fail("interrupted; the same slot goes on with what was begun", code)
    except PerunError as error:
        code = _fail(str(error), error.exit_code)
    except SystemExit:
        code = 0  # rich ends so when whoever reads stdout has heard enough; what was done is done
    except typer.Abort:
        code = _fail("interrupted", _INTERRUPTED)
    except KeyboardInterrupt:
        code = _fail("interrupted", _INTERRUPTED)
    except Exception as error:  # noqa: BLE001 # the process edge: nothing may reach a person as a traceback
        code = _usage_or_bug(error)
    sys.exit(code)


def _usage_or_bug(error: Exception) -> int:
    if "--debug" in sys.argv:
        raise error
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 0
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined] # typer's own
        return 2
    if hasattr(error, "format_message"):
        return _fail(error.format_message(), 2)
    return _fail(f"unexpected {type(error).__name__}: {error} (perun --debug … shows where)", 1)


def _fail(message: str, code: int) -> int:
    if "--debug" in sys.argv and sys.exc_info()[0] is not None:
        from perun.graph.app.hushing import told

        print(told(*sys.exc_info()), end="", file=sys.stderr)
    for line in _hushed(message).splitlines() or ["failed"]:
        print(f"perun: {line}", file=sys.stderr)
    return code


def _hushed(message: str) -> str:
    from perun.graph.app.hushing import of_this_process

    return of_this_process().text(message)


def _say(line: str) -> None:
    print(_hushed(line), file=sys.stderr)


def _report(document: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(document)
    else:
        from perun.graph.app.pages import report_page

        report_page(document)


def _overrides(symbols: str | None) -> dict[str, str]:
    return {} if symbols is None else {"DEFAULT_SYMBOLS": symbols.upper()}


def _print_json(document: Mapping[str, Any]) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))
