"""Runs inside the engines' own environment: `vectorbt` keeps one purse for several shares, from what traded."""

import json
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from costs import commission


def main() -> None:
    case = json.load(sys.stdin)
    rows = [(day, moment) for day in case["days"] for moment in ("open", "later")]
    closes = [place for place, (_, moment) in enumerate(rows) if moment == "later"]
    exact, sloppy = kept(case, rows, "price", 0.0), kept(case, rows, "reference", 0.0005)
    equity = exact.value().iloc[closes]
    returns = equity.set_axis(pd.DatetimeIndex(case["days"])).vbt.pct_change()
    signed = {"buy": 1, "sell": -1}
    unrounded = {"buy": Decimal("1.0005"), "sell": Decimal("0.9995")}
    rounding = sum(
        signed[each["side"]]
        * Decimal(each["qty"])
        * (Decimal(each["price"]) - Decimal(each["reference"]) * unrounded[each["side"]])
        for each in case["fills"]
    )
    told = {
        "orders": len(exact.orders.records),
        "equity": list(equity),
        "equity_own_slippage": list(sloppy.value().iloc[closes]),
        "rounding": float(rounding),
        "figures": figures(returns),
    }
    print(json.dumps(told))


def kept(case: dict[str, Any], rows: list[tuple[str, str]], priced: str, slippage: float) -> Any:
    """The portfolio: two rows a session, its open and what comes after, so that a stop can follow an entry."""
    symbols = list(case["bars"])
    places = {row: place for place, row in enumerate(rows)}
    empty = np.full((len(rows), len(symbols)), np.nan)
    size, price, fees = empty.copy(), empty.copy(), np.zeros(empty.shape)
    for fill in case["fills"]:
        at = places[fill["day"], fill["moment"]], symbols.index(fill["symbol"])
        assert np.isnan(size[at]), "one order a share at a moment"
        size[at] = float(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
        price[at] = float(fill[priced])
        fees[at] = float(commission(Decimal(fill["qty"]), Decimal(fill["price"])))
    value = np.column_stack(
        [[float(bar[part]) for bar in case["bars"][symbol] for part in (0, 3)] for symbol in symbols]
    )
    close = pd.DataFrame(value, columns=symbols)
    return vbt.Portfolio.from_orders(
        close,
        size=size,
        price=np.where(np.isnan(price), value, price),
        fixed_fees=fees,
        slippage=slippage,
        init_cash=float(case["cash"]),
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        size_granularity=1,
        raise_reject=True,
        freq="1D",
    )


def figures(returns: pd.Series) -> dict[str, float]:
    """By the engine's own functions, 252 sessions a year.

    Its deepest drawdown counts from the end of the first day: the first close is given as a day without a return, so
    that it counts as a peak, but to the drawdown only. Its Calmar ratio cannot be given another drawdown.
    """
    whole = returns.fillna(0).vbt.returns(freq="1D", year_freq="252D")
    told = returns.iloc[1:].vbt.returns(freq="1D", year_freq="252D")
    return {
        "total_return": told.total(),
        "annual_return": told.annualized(),
        "annual_volatility": told.annualized_volatility(),
        "sharpe": told.sharpe_ratio(),
        "sortino": told.sortino_ratio(),
        "calmar (drawdown from day two on)": told.calmar_ratio(),
        "max_drawdown": whole.max_drawdown(),
        "value_at_risk": told.value_at_risk(),
        "tail_mean": told.cond_value_at_risk(),
    }


if __name__ == "__main__":
    main()
