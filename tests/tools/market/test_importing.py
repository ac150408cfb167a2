"""Importing scales prices to the adjusted close and stops when the source contradicts the calendar or itself."""

import sys
from decimal import Decimal

import pytest

from perun.tools.domain.errors import ConfigurationError
from perun.tools.market.importing import adjusted_bars, main
from support.market import FIRST_DAY, made_session, weekdays

SESSIONS = [made_session(day) for day in weekdays(FIRST_DAY, 3)]


def columns(**changed: list[object]) -> dict[str, list[object]]:
    return {
        "date": ["2024-01-01", "2024-01-03"],
        "open": [10.0, 20.1],
        "high": [12.0, 22.0],
        "low": [9.0, 19.0],
        "close": [11.0, 21.0],
        "adj_close": [5.5, 21.0],
        "volume": [700, 800],
        **changed,
    }


def test_when_adjusted_close_is_half_the_close_then_prices_are_halved_and_volume_is_not() -> None:
    bar, untouched = adjusted_bars("AAPL", columns(), SESSIONS)
    assert (bar.open, bar.high, bar.low, bar.close) == (5, 6, Decimal("4.5"), Decimal("5.5"))
    assert bar.volume == 700
    assert (untouched.open, untouched.close) == (Decimal("20.1"), 21)


def test_when_a_scaled_price_has_many_digits_then_it_is_rounded_to_four() -> None:
    bar, _ = adjusted_bars("AAPL", columns(adj_close=[1.23456789, 21.0]), SESSIONS)
    assert bar.close == Decimal("1.2346")


def test_when_a_session_has_no_bar_then_a_note_says_which(capsys) -> None:
    adjusted_bars("AAPL", columns(), SESSIONS)
    assert "sessions without a bar: 1 (2024-01-02)" in capsys.readouterr().err


def test_when_a_bar_lies_on_a_day_without_a_session_then_importing_stops() -> None:
    with pytest.raises(ConfigurationError, match=r"AAPL has a bar on 2024-01-06 .* no session"):
        adjusted_bars("AAPL", columns(date=["2024-01-01", "2024-01-06"]), SESSIONS)


@pytest.mark.parametrize(
    "changed",
    [
        {"open": [float("nan"), 1.0]},
        {"high": [float("inf"), 1.0]},
        {"close": [0.0, 1.0]},
        {"low": [-9.0, 1.0]},
        {"volume": [-1, 1]},
    ],
    ids=["nan", "infinite", "zero close", "negative", "negative volume"],
)
def test_when_a_number_is_none_that_a_bar_may_have_then_importing_stops(changed) -> None:
    with pytest.raises(ConfigurationError, match="AAPL on 2024-01-01: bokeh-sampledata has a number"):
        adjusted_bars("AAPL", columns(**changed), SESSIONS)


@pytest.mark.parametrize("missing", ["bokeh_sampledata.stocks", "exchange_calendars"])
def test_when_an_import_package_is_missing_then_one_line_says_what_to_install(
    missing, monkeypatch, capsys, tmp_path
) -> None:
    if missing == "exchange_calendars":
        pytest.importorskip("bokeh_sampledata", reason="the extra [import] is not installed")
    monkeypatch.setitem(sys.modules, missing, None)
    assert main([str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err
        == f"error: {missing.partition('.')[0]} is missing: pip install 'perun-trading[import]'\n"
    )
    assert list(tmp_path.iterdir()) == []
