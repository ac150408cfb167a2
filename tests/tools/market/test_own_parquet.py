"""Bars that a person brings as Parquet: whatever the types of its columns, the same market as from a CSV."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from perun.tools.domain.errors import ConfigurationError
from perun.tools.market import own_parquet
from perun.tools.market.own_bars import import_own
from perun.tools.market.recorded import RecordedMarket

TITLES = ("date", "open", "high", "low", "close", "volume")
TEXTS: tuple[Sequence[str], ...] = (
    ("2009-06-01", "2009-06-02", "2009-06-03"),
    ("10.00004", "10.1", "10"),
    ("11", "11", "11"),
    ("9", "9", "9.3333"),
    ("10.5", "10.5", "10.5"),
    ("1000", "10000000000000", "0"),
)
DAYS = [date.fromisoformat(day) for day in TEXTS[0]]
FLOATS = [list(map(float, column)) for column in TEXTS[1:]]


def table(**columns: Any) -> pa.Table:
    """The three sessions as most programs write them, with other columns where they are named."""
    sound = dict(zip(TITLES, [pa.array(DAYS, pa.date32()), *FLOATS], strict=True))
    return pa.table({**sound, **columns})


def brought(place: Path, own: pa.Table) -> Path:
    """A folder with the table as AAPL.parquet."""
    place.mkdir()
    write_table(own, place / "AAPL.parquet")
    return place


def in_csv(place: Path) -> Path:
    """A folder with the three sessions as AAPL.csv."""
    place.mkdir()
    (place / "AAPL.csv").write_text("\n".join(map(",".join, [TITLES, *zip(*TEXTS, strict=True)])))
    return place


def refused(bars: Path) -> str:
    """With what the folder is refused."""
    with pytest.raises(ConfigurationError) as error:
        import_own(bars, bars.parent / "home")
    return str(error.value)


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(table(), id="date32 and float64"),
        pytest.param(table(volume=pa.array([1000, 10**13, 0])), id="whole shares"),
        pytest.param(table(date=pa.array(map(datetime.fromisoformat, TEXTS[0]), pa.timestamp("ns"))), id="timestamp"),
        pytest.param(
            table(
                date=pa.array(DAYS, pa.date64()), open=[Decimal("10.00004"), Decimal("10.10000"), Decimal("10.00000")]
            ),
            id="date64 and decimal",
        ),
        pytest.param(pa.table(dict(zip(TITLES, TEXTS, strict=True))).select(TITLES[::-1]), id="text, turned round"),
        pytest.param(table(date=pa.array(TEXTS[0]).dictionary_encode()), id="categories"),
    ],
)
def test_when_the_same_days_come_as_parquet_then_they_are_the_same_market_as_from_csv(
    tmp_path: Path, own: pa.Table
) -> None:
    home = tmp_path / "home"
    place = import_own(brought(tmp_path / "parquet", own), home)
    assert place == import_own(in_csv(tmp_path / "csv"), home)
    bar = RecordedMarket.from_folder(place).bar("AAPL", DAYS[2])
    assert bar is not None
    assert bar.low == Decimal("9.3333")


def test_when_midnight_is_told_in_a_zone_then_it_is_the_day_there(tmp_path: Path) -> None:
    days = pa.array([datetime.fromisoformat(f"{day}T04:00") for day in TEXTS[0]], pa.timestamp("us", "UTC"))
    in_new_york = pa.timestamp("us", "America/New_York")
    place = import_own(brought(tmp_path / "bars", table(date=days.cast(in_new_york))), tmp_path / "home")
    assert [session.day for session in RecordedMarket.from_folder(place).sessions()] == DAYS


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("close", [10.5, float("nan"), 10.5], "close 'nan' is no number"),
        ("close", [10.5, None, 10.5], "close 'null' is no number"),
        ("high", [11.0, float("inf"), 11.0], "high 'inf' is no number"),
        ("volume", [1000.0, 0.5, 0.0], "volume 0.5 should be whole"),
        ("volume", [True, True, False], "volume 'True' is no number"),
        ("date", [DAYS[0], None, DAYS[2]], "date 'null' is no day such as 2009-06-01"),
        (
            "date",
            [datetime.fromisoformat(f"{day}T16:00") for day in TEXTS[0]],
            "date '2009-06-02T16:00:00' is no day such as 2009-06-01",
        ),
        ("low", [["9"], ["9"], ["9"]], "low \"['9']\" is no number"),
    ],
    ids=str,
)
def test_when_a_value_of_a_column_is_no_good_then_its_row_is_named(
    tmp_path: Path, column: str, values: list[Any], said: str
) -> None:
    told = refused(brought(tmp_path / "bars", table(**{column: values})))
    assert f"AAPL.parquet, row 2: {said}" in told.splitlines()
    assert not (tmp_path / "home").exists()


def test_when_a_share_stands_in_two_files_then_it_is_asked_which_to_keep(tmp_path: Path) -> None:
    bars = in_csv(tmp_path / "bars")
    write_table(table(), bars / "AAPL.parquet")
    assert "AAPL.parquet, row 1: AAPL.csv has AAPL already: keep one of them" in refused(bars)


def test_when_columns_are_missing_or_one_too_many_then_those_that_stand_there_are_told(tmp_path: Path) -> None:
    told = refused(brought(tmp_path / "bars", table(adjusted=[1, 1, 1])))
    assert told.endswith("should be date,open,high,low,close,volume, not date,open,high,low,close,volume,adjusted")


def test_when_a_file_ends_in_the_middle_then_it_is_no_sound_parquet(tmp_path: Path) -> None:
    bars = brought(tmp_path / "bars", table())
    file = bars / "AAPL.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    assert refused(bars).endswith("AAPL.parquet, row 1: it is no sound Parquet file")


def test_when_what_reads_parquet_is_not_installed_then_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_parquet, "find_spec", lambda name: None)
    told = refused(brought(tmp_path / "bars", table()))
    assert told == "AAPL.parquet needs the extra: pip install 'perun-trading[parquet]'"
    import_own(in_csv(tmp_path / "csv"), tmp_path / "home")
