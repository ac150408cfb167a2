"""Commands for talking about decisions: chat, and serve for other programs that talk."""

from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json, say

app = typer.Typer()


@app.command()
def chat(
    agent: Annotated[
        str, typer.Option(help="Whom to talk to: desk, analyst, researcher, trader or risk_manager.")
    ] = "desk",
    cycle: Annotated[str, typer.Option(help="The cycle to talk about, by id or slot; else the question tells.")] = "",
    message: Annotated[str | None, typer.Option("-m", "--message", help="One question; its answer ends it.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Go on with a conversation, or give it a name.")] = None,
    as_json: Json = False,
) -> None:
    """Talk to the agents about decisions; every sentence cites the record. Can halt after a yes, never trade."""
    import sys

    from perun.graph.app.terminal import Person, converse

    here = sys.stdin.isatty()
    person = Person(say, (lambda text: None) if as_json else print, input if here else None)
    questions = [message] if message is not None else None if here else sys.stdin
    document = converse({}, person, questions, voice=agent, cycle=cycle, name=conversation)
    if as_json:
        print_json(document)
    raise typer.Exit(2 if any(turn["unconfirmed"] for turn in document["turns"]) else 0)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else WEB_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; else WEB_PORT.", min=0, max=65535)] = None,
) -> None:
    """Serve the chat to other programs (AG-UI at /agui) until it is stopped."""
    from perun.graph.app.serving import serve as serve_app

    overrides = {"WEB_HOST": host, "WEB_PORT": None if port is None else str(port)}
    serve_app({name: value for name, value in overrides.items() if value is not None}, say)
