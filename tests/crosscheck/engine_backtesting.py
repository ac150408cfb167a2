"""Runs inside the engines' own environment: `backtesting` finds the fills of one share from the decisions alone."""

import json
import sys
from decimal import Decimal
from typing import Any

import pandas as pd
from backtesting import Backtest, Strategy
from costs import commission, slippage

LEAD_IN = "1990-01-02"


def main() -> None:
    case = json.load(sys.stdin)
    ((_, bars),) = case["bars"].items()
    # The engine decides nothing on its first bar: one more stands before the first session, on which nothing happens.
    days = pd.DatetimeIndex([LEAD_IN, *case["days"]])
    told = [[float(part) for part in bar] for bar in (bars[0], *bars)]
    data = pd.DataFrame(told, days, ["Open", "High", "Low", "Close"])
    wishes: dict[str, list[dict[str, Any]]] = {}
    for wish in case["wishes"]:
        wishes.setdefault(wish["day"], []).append(wish)

    class AsDecided(Strategy):  # type: ignore[misc] # it has no types
        def init(self) -> None:
            pass

        def next(self) -> None:
            for wish in wishes.get(self.data.index[-1].date().isoformat(), ()):
                size, stop = int(Decimal(wish["qty"])), wish["stop"]
                if wish["side"] == "buy":
                    self.buy(size=size, sl=float(stop) if stop else None)
                else:
                    self.sell(size=size)

    played = Backtest(
        data, AsDecided, cash=float(case["cash"]), spread=0, commission=costs, trade_on_close=False, margin=1
    )
    stats = played.run()
    print(
        json.dumps(
            {"equity": list(stats["_equity_curve"]["Equity"])[1:], "fills": fills(stats), "figures": figures(stats)}
        )
    )


def costs(size: float, price: float) -> float:
    """Slippage goes with the commission: the engine's own spread is charged once, and never on the way out."""
    qty, exact = Decimal(str(abs(size))), Decimal(str(round(price, 4)))
    return float(commission(qty, exact) + slippage(qty, exact))


def fills(stats: Any) -> list[list[str]]:
    rows = []
    for trade in stats["_trades"].itertuples():
        rows.append([trade.EntryTime.date().isoformat(), "buy", str(trade.Size), f"{trade.EntryPrice:.4f}"])
        if trade.ExitBar < len(stats["_equity_curve"]):
            rows.append([trade.ExitTime.date().isoformat(), "sell", str(trade.Size), f"{trade.ExitPrice:.4f}"])
    for trade in stats["_strategy"].trades:  # still open
        rows.append([trade.entry_time.date().isoformat(), "buy", str(trade.size), f"{trade.entry_price:.4f}"])
    return rows


def figures(stats: Any) -> dict[str, float]:
    """By the engine's own functions. It counts the lead-in and the first close as days with a return of nought, takes
    the mean return geometrically, and lets volatility compound; so those three differ by definition.
    """
    return {
        "total_return": stats["Return [%]"] / 100,
        "max_drawdown": stats["Max. Drawdown [%]"] / 100,
        "annual_return (two more days)": stats["Return (Ann.) [%]"] / 100,
        "annual_volatility (compounded)": stats["Volatility (Ann.) [%]"] / 100,
        "sharpe (geometric)": stats["Sharpe Ratio"],
    }


if __name__ == "__main__":
    main()
