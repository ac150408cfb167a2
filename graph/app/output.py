"""What a command says: documents on stdout, people's lines on stderr, neither with a secret in it."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of text.")]
"""The option of every command that reads."""

Reason = Annotated[str, typer.Option("--reason", help="Why; it goes to the record.")]
"""The option of every command by which a person changes what the desk does; `person.need_reason` asks for it."""


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def report(document: Mapping[str, Any], as_json: bool) -> None:
    """What a command did, as JSON or as a short page."""
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.pages import report_page

        report_page(document)


def say(line: str) -> None:
    """One line for a person, on stderr."""
    print(hushed(line), file=sys.stderr)


def hushed(message: str) -> str:
    """The message without this process's secrets."""
    from perun.graph.app.hushing import of_this_process

    return of_this_process().text(message)
