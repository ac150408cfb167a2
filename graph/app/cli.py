"""The command line `perun`: its groups of commands, and how an error becomes one line and an exit code."""

import os
import sys
from typing import Annotated

import typer

from perun.graph.app.commands import (
    backtest,
    backup,
    chat,
    config,
    exchange,
    looking,
    memory,
    optimize,
    prompts,
    schedule,
    trace,
    trading,
)
from perun.graph.app.output import hushed

app = typer.Typer(
    name="perun",
    help="An automated trading desk run by LLM agents and held by deterministic rules. Paper trading by default.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (trading, schedule, looking, trace, chat, memory, prompts, backtest, optimize, backup, config, exchange):
    app.add_typer(group.app)

_INTERRUPTED = 130


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """An automated trading desk run by LLM agents and held by deterministic rules. Paper trading by default."""


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
    for line in hushed(message).splitlines() or ["failed"]:
        print(f"perun: {line}", file=sys.stderr)
    return code
