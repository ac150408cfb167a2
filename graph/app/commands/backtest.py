"""The command backtest: the same graph over recorded days."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from perun.graph.app.output import Json, print_json, say

app = typer.Typer()


@app.command()
def backtest(
    begins: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First session decided on.")],
    ends: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Session that ends the account.")],
    symbols: Annotated[str | None, typer.Option(help="Symbols, comma separated, instead of DEFAULT_SYMBOLS.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who thinks, instead of LLM_PROVIDER.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many runs; each asks models anew.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the artifacts; begun ones are gone on with.")] = None,
    as_json: Json = False,
) -> None:
    """Play recorded days through the same graph, gate and exchange, on an account of its own."""
    from perun.graph.app import backtesting

    wish = backtesting.Wish(
        begins=begins.date(),
        ends=ends.date(),
        symbols=tuple(symbols.upper().split(",")) if symbols else None,
        provider=provider,
        seeds=seeds,
        out=out,
    )
    document = backtesting.backtest(wish, {}, say)
    if as_json:
        print_json(document)
    else:
        backtesting.page(document)
