"""The commands backtest: the same graph over recorded days, under controls, and the check for look-ahead."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perun.graph.app.output import Json, print_json, say

if TYPE_CHECKING:
    from perun.graph.app.players import Players
    from perun.graph.replay.plan import Control

app = typer.Typer()
backtest = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(backtest, name="backtest")

Begins = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session decided on.")]
Ends = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Session that ends the account.")]
Symbols = Annotated[str | None, typer.Option(help="Symbols, comma separated, instead of DEFAULT_SYMBOLS.")]
Workers = Annotated[
    int | None, typer.Option(min=1, max=64, help="Processes of this machine; unsaid, perun workers or 1.")
]
Provider = Annotated[str | None, typer.Option(help="Who thinks, instead of LLM_PROVIDER.")]


@backtest.callback()
def play(
    context: typer.Context,
    begins: Begins = None,
    ends: Ends = None,
    symbols: Symbols = None,
    provider: Provider = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many runs; each asks models anew.")] = 1,
    workers: Workers = None,
    dask: Annotated[str | None, typer.Option(help="Play on this Dask scheduler's workers: tcp://HOST:8786.")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Control: names and dates are masked.")] = False,
    contradicted: Annotated[bool, typer.Option("--contradicted", help="Control: prices are mirrored.")] = False,
    shuffled: Annotated[bool, typer.Option("--shuffled", help="Control: days are drawn in another order.")] = False,
    control_seed: Annotated[int, typer.Option(min=0, help="Of the draws by which a control alters the days.")] = 0,
    bars: Annotated[Path | None, typer.Option(help="Folder of SYMBOL.csv or .parquet to play instead.")] = None,
    news: Annotated[Path | None, typer.Option(help="Folder of recorded news, instead of NEWS_DIR.")] = None,
    allow_splits: Annotated[bool, typer.Option("--allow-splits", help="Own prices may leap overnight.")] = False,
    allow_gaps: Annotated[bool, typer.Option("--allow-gaps", help="Own bars may lack days.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the artifacts; begun ones are gone on with.")] = None,
    as_json: Json = False,
) -> None:
    """Play recorded days through the same graph, gate and exchange, on an account of its own."""
    if context.invoked_subcommand is not None:
        return
    from perun.graph.app import backtesting
    from perun.tools.market.own_bars import Leave

    days = _given(begins, "--from").date(), _given(ends, "--to").date()
    control = _control(blind=blind, contradicted=contradicted, shuffled=shuffled)
    leave = Leave(splits=allow_splits, gaps=allow_gaps)
    wish = backtesting.Wish(*days, _listed(symbols), provider, seeds, control, out, control_seed, bars, news, leave)
    document = backtesting.backtest(wish, {}, say, _players(workers, dask))
    if as_json:
        print_json(document)
    else:
        backtesting.page(document)


@backtest.command("lookahead-check")
def lookahead_check(
    begins: Begins = None,
    ends: Ends = None,
    symbols: Symbols = None,
    provider: Provider = None,
    samples: Annotated[int, typer.Option(min=1, max=1000, help="How many sessions are decided again.")] = 5,
    as_json: Json = False,
) -> None:
    """Decide sampled sessions again without their future and with another one; exit 1 when anything changes."""
    from perun.graph.app import foreseeing
    from perun.graph.app.stage import Wish

    days = _given(begins, "--from").date(), _given(ends, "--to").date()
    wish = Wish(*days, symbols=_listed(symbols), provider=provider)
    document = foreseeing.lookahead_check(wish, {}, samples, say)
    if as_json:
        print_json(document)
    else:
        foreseeing.page(document)
    raise typer.Exit(0 if document["same"] else 1)


def _players(workers: int | None, dask: str | None) -> "Players":
    from perun.graph.app.players import Players

    if workers is not None and dask is not None:
        raise typer.BadParameter("--workers or --dask, not both: a cluster's workers are counted there")
    return Players(workers, dask)


def _given(day: datetime | None, name: str) -> datetime:
    if day is None:
        raise typer.BadParameter(f"{name} is missing: name a day such as 2009-06-01")
    return day


def _listed(symbols: str | None) -> tuple[str, ...] | None:
    return tuple(symbols.upper().split(",")) if symbols else None


def _control(**flags: bool) -> "Control":
    from typing import cast

    wanted = [name for name, said in flags.items() if said]
    if len(wanted) > 1:
        raise typer.BadParameter(f"one control at a time, not {' and '.join(f'--{name}' for name in wanted)}")
    return cast("Control", wanted[0]) if wanted else "none"
