"""`perun backtest`: the same cycle over recorded days, told in files that follow from the plan and the market."""

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import backtesting, cli
from perun.graph.app.backtesting import Wish, backtest

Say = Callable[[str], None]
ARTIFACTS = {
    "run_config.json", "run_manifest.json", "equity_curve.csv", "trades.csv", "orders.csv", "rejected_orders.csv",
    "llm_costs.csv", "decisions.csv", "metrics.json", "run_summary.csv", "report.html",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def wish(out: Path, **changes: Any) -> Wish:
    chosen: dict[str, Any] = {"begins": date(2009, 6, 1), "ends": date(2009, 6, 12), "symbols": ("AAPL", "IBM")}
    return Wish(**{**chosen, "provider": "baseline", "out": out, **changes})


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def told(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_when_days_are_replayed_then_every_artifact_is_there_and_the_curve_follows_from_the_orders(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    document = backtest(wish(out), {}, lambda line: None)
    assert {path.name for path in out.iterdir()} - {"work"} == ARTIFACTS
    curve = [row for row in rows(out / "equity_curve.csv") if row["run"] == "policy"]
    assert [row["date"] for row in (curve[0], curve[-1])] == ["2009-06-01", "2009-06-12"]
    assert len(curve) == document["sessions"] == 10
    assert len(rows(out / "decisions.csv")) == 9 * 2, "the last session only measures"
    spent = sum(
        Decimal(row["filled_qty"]) * Decimal(row["filled_avg_price"])
        for row in rows(out / "orders.csv")
        if row["status"] == "filled" and row["side"] == "buy"
    )
    assert spent > 0
    assert abs(Decimal(curve[-1]["cash"]) - (100_000 - spent)) < 10, "but for commissions"


def test_when_an_order_fills_then_it_does_so_on_the_session_after_its_decision(tmp_path: Path) -> None:
    out = tmp_path / "out"
    backtest(wish(out), {}, lambda line: None)
    bought = {row["slot"] for row in rows(out / "decisions.csv") if row["action"] == "BUY" and row["cleared"] == "1"}
    curve = {row["date"]: Decimal(row["exposure"]) for row in rows(out / "equity_curve.csv") if row["run"] == "policy"}
    first = min(bought)
    assert curve[first] == 0, "nothing is held at the close of the decision"
    assert next(exposure for day, exposure in sorted(curve.items()) if day > first) > 0


def test_when_a_replay_is_cut_short_then_it_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if "(4 of 9)" in line:
            raise KeyboardInterrupt

    backtest(wish(tmp_path / "whole"), {}, lambda line: None)
    with pytest.raises(KeyboardInterrupt):
        backtest(wish(tmp_path / "cut"), {}, stop)
    lines: list[str] = []
    backtest(wish(tmp_path / "cut"), {}, lines.append)
    assert sum(line.startswith("policy") for line in lines) == 5, "what was decided on is not decided on again"
    assert told(tmp_path / "cut") == told(tmp_path / "whole")


def test_when_a_policy_was_measured_then_every_baseline_stands_beside_it_with_the_same_figures(tmp_path: Path) -> None:
    out = tmp_path / "out"
    backtest(wish(out, ends=date(2009, 7, 10)), {}, lambda line: None)
    measured = json.loads((out / "metrics.json").read_text())["runs"]
    assert [row["run"] for row in measured] == ["policy", "buy and hold", "equal weight", "momentum", "random"]
    sharpe = measured[1]["sharpe"]
    assert sharpe["low"] < sharpe["value"] < sharpe["high"]
    assert measured[1]["daily_excess_over_buy_and_hold"]["value"] == 0
    table = {row["run"]: row for row in rows(out / "run_summary.csv")}
    assert table["buy and hold"]["total_return"] == f"{measured[1]['total_return']['value']:.6f}"
    assert all(row["sharpe"] for row in table.values())


def test_when_the_folder_holds_another_replay_then_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    backtest(wish(tmp_path / "out"), {}, lambda line: None)
    before = told(tmp_path / "out")
    with pytest.raises(backtesting.ConfigurationError, match="holds another replay"):
        backtest(wish(tmp_path / "out", symbols=("MSFT",)), {}, lambda line: None)
    assert told(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2009-06-01", "--to", "2009-06-01"), "should lie after"),
        (("--from", "2009-06-06", "--to", "2009-06-12"), "no session on 2009-06-06"),
        (("--from", "2009-06-01", "--to", "2009-06-12", "--symbols", "NOPE"), "no NOPE"),
        (("--from", "2009-06-01", "--to", "2009-06-12", "--blind", "--shuffled"), "one control at a time"),
        (("--from", "2009-06-01"), "--to is missing"),
        (("--from", "2009-06-01", "--to", "2009-06-12", "--workers", "2", "--dask", "tcp://x:1"), "not both"),
    ],
    ids=["no days", "a weekend", "a symbol that is not there", "two controls", "no end", "two kinds of workers"],
)
def test_when_the_days_or_symbols_are_no_good_then_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("sys.argv", ["perun", "backtest", "--provider", "baseline", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in told
    assert len(told.strip().splitlines()) == 1


def test_when_the_command_is_asked_for_json_then_it_says_where_everything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--from", "2009-06-01", "--to", "2009-06-04", "--symbols", "aapl", "--provider", "baseline", "--json"]
    monkeypatch.setattr("sys.argv", ["perun", "backtest", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "perun.backtest/1"
    assert Path(document["folder"]).joinpath("run_manifest.json").exists()
