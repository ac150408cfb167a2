"""Holds a replay against two independent engines: `python tests/crosscheck/compare.py [--venv DIR] [--work DIR]`.

Not part of the quick suite: it makes an environment of its own, installs `backtesting` and `vectorbt` there from the
package index, and takes a few minutes. What is compared, with Perun's own replay on the baseline policy:

1. One share. `backtesting` is given the decisions only (how many shares, which stop) and finds the fills itself: when a
   market order trades, when a stop is reached, at what price. Equity must be ours to the cent at every close.
2. Several shares out of one purse. `vectorbt` is given what traded when, and at what price before costs; it keeps cash,
   shares and value itself. Once with its own slippage, which is not rounded to a tick, and once with the price of the
   fill, which must be ours to the cent.
3. The figures, by the engines' own functions, against those of `metrics.json`.

Both engines get the same commission: $0.0049 a share, $0.99 at least, 1 % at most, to the cent.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from perun.graph.app.backtesting import Wish, set_up
from perun.graph.replay.accounts import Standing
from perun.graph.replay.metrics import daily_returns, measure
from perun.tools.domain.orders import Fill, Order, OrderType, Side

HERE = Path(__file__).parent
ENGINES = ("backtesting==0.6.6", "vectorbt==1.2.0")
ONE = (("AAPL",), date(2008, 1, 2), date(2008, 12, 31))
SEVERAL = (("AAPL", "GOOG", "IBM", "MSFT"), date(2008, 9, 2), date(2008, 12, 31))

Case = dict[str, Any]
"""What an engine is told, as JSON; money as text."""


def main() -> int:
    """Run the comparisons; the exit code is 1 when one does not hold."""
    parser = argparse.ArgumentParser(description="Hold a replay against two independent engines.")
    parser.add_argument("--venv", type=Path, default=Path(gettempdir()) / "perun-crosscheck")
    parser.add_argument("--work", type=Path, help="keeps the replays: what was cut short goes on")
    chosen = parser.parse_args()
    python = environment(chosen.venv)
    with TemporaryDirectory() as passing:
        folder = (chosen.work or Path(passing)).absolute()
        one, several = replayed(folder, *ONE), replayed(folder, *SEVERAL)
    held = [fills_found(python, one), purse_kept(python, several)]
    return 0 if all(held) else 1


def environment(place: Path) -> Path:
    """An environment with the engines; its Python."""
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-input", *ENGINES], check=True)
    return python


def replayed(folder: Path, symbols: tuple[str, ...], begins: date, ends: date) -> Case:
    """Play the days, and tell what an engine needs and what came of them."""
    wish = Wish(begins=begins, ends=ends, symbols=symbols, provider="baseline", out=folder / "-".join(symbols))
    stage, texts = set_up(wish, {"DATA_DIR": str(folder / "data")})
    told = stage.run(0, texts, lambda line: None)
    with stage.open(0, texts) as floor:
        fills, orders = list(floor.book.fills()), list(floor.book.orders())
    days = {session.day: session for session in stage.days}
    figures = measure(daily_returns([each.equity for each in told.standings]))
    return {
        "cash": str(stage.plan.cash),
        "days": [day.isoformat() for day in days],
        "bars": {
            symbol: [
                [str(part) for part in (bar.open, bar.high, bar.low, bar.close)]
                for day in days
                if (bar := stage.market.bar(symbol, day))
            ]
            for symbol in symbols
        },
        "wishes": [_wish(order, orders) for order in orders if order.type is OrderType.MARKET],
        "fills": list(_fills(fills, orders, stage.market.bar)),
        "standings": [_standing(each) for each in told.standings],
        "figures": {name: figure.value for name, figure in figures.items()},
    }


def fills_found(python: Path, case: Case) -> bool:
    """The engine that finds the fills itself, from the decisions."""
    found = asked(python, "engine_backtesting.py", case)
    ours = sorted([each["day"], each["side"], each["qty"], each["reference"]] for each in case["fills"])
    print("\n1. One share, fills found by backtesting")
    print(f"   sessions {len(case['days'])}, fills {len(ours)}, theirs {len(found['fills'])}")
    same = ours == sorted(found["fills"])
    print(f"   same day, side, shares and price before costs: {same}")
    within = shown_gap(case, found["equity"])
    print_figures(case["figures"], found["figures"])
    return same and within


def purse_kept(python: Path, case: Case) -> bool:
    """The engine that keeps the purse, from what traded."""
    found = asked(python, "engine_vectorbt.py", case)
    print("\n2. Several shares out of one purse, kept by vectorbt")
    print(f"   sessions {len(case['days'])}, fills {len(case['fills'])}, theirs {found['orders']}")
    print("   with its own slippage, which is not rounded to a tick:")
    shown_gap(case, found["equity_own_slippage"])
    print(f"   rounding to a tick, from the fills: {found['rounding']:.4f} US dollars at the end")
    print("   with the price of the fill:")
    within = shown_gap(case, found["equity"])
    print_figures(case["figures"], found["figures"])
    return within and found["orders"] == len(case["fills"])


def shown_gap(case: Case, theirs: Sequence[float]) -> bool:
    """Say how far the curves lie apart; whether that is less than a cent."""
    ours = [Decimal(each["equity"]) for each in case["standings"]]
    gaps = [abs(own - Decimal(str(each))) for own, each in zip(ours, theirs, strict=True)]
    worst = max(gaps)
    print(f"   equity at the end: ours {ours[-1]:.4f}, theirs {theirs[-1]:.4f}; widest gap of any close {worst:.6f}")
    return worst < Decimal("0.01")


def print_figures(ours: dict[str, float], theirs: dict[str, float]) -> None:
    """A line for each figure that both know."""
    for name, value in theirs.items():
        gap = abs(ours[name.partition(" ")[0]] - value)
        print(f"   {name:<34} ours {ours[name.partition(' ')[0]]:>12.8f}  theirs {value:>12.8f}  gap {gap:.2e}")


def asked(python: Path, engine: str, case: Case) -> dict[str, Any]:
    """What an engine makes of the case, in its own environment."""
    done = subprocess.run(
        [python, "-W", "ignore", HERE / engine], input=json.dumps(case), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _wish(order: Order, orders: Sequence[Order]) -> dict[str, str | None]:
    """A market order as it was decided on: whose, when, how many, and the stop that came with it."""
    stops = (each for each in orders if each.client_order_id == f"{order.client_order_id}-stop")
    stop = next((str(each.stop_price) for each in stops), None)
    day = order.submitted_at.date().isoformat()
    return {"day": day, "symbol": order.symbol, "side": order.side.value, "qty": str(order.qty), "stop": stop}


def _fills(fills: Sequence[Fill], orders: Sequence[Order], bar: Any) -> Iterator[dict[str, str]]:
    """What traded: at the open or later, and at what price before costs, by the bar and the order alone."""
    stops = {order.client_order_id: order.stop_price for order in orders}
    for fill in sorted(fills, key=lambda each: each.at):
        opened, stop = bar(fill.symbol, fill.at.date()).open, stops[fill.client_order_id]
        gapped = stop is None or (opened <= stop if fill.side is Side.SELL else opened >= stop)
        yield {
            "day": fill.at.date().isoformat(),
            "moment": "open" if gapped else "later",
            "symbol": fill.symbol,
            "side": fill.side.value,
            "qty": str(fill.qty),
            "reference": f"{opened if gapped else stop:.4f}",
            "price": str(fill.price),
            "commission": str(fill.commission),
        }


def _standing(standing: Standing) -> dict[str, str]:
    return {"day": standing.day.isoformat(), "equity": str(standing.equity), "cash": str(standing.cash)}


if __name__ == "__main__":
    sys.exit(main())
