"""Commands of the embedded exchange: exchange serve."""

from typing import Annotated

import typer

from perun.graph.app.output import say

app = typer.Typer()
exchange = typer.Typer(help="The embedded exchange, for other programs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(exchange, name="exchange")


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
    serve_exchange(host, port, "manual" if pace == "manual" else "auto", say)
