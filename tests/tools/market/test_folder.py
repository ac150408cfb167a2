"""A recorded market's folder gives back what was written, and says which file is damaged."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perun.tools.domain.errors import ConfigurationError
from perun.tools.market.folder import Manifest, check_bars, check_sessions
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.sheets import write_sheet
from support.market import made_bars, made_market

ROWS = {"AAPL": [(100, "103.25", "99.5", "101.0001", 12345), 102], "GOOG": [500, 510]}
NOON = datetime(2024, 1, 9, 12, tzinfo=UTC)


def look(folder: Path) -> object:
    return RecordedMarket.from_folder(folder).at(NOON).bars("AAPL", 5)


def vouch(folder: Path, name: str, columns: list[str], rows: list[list[str]]) -> None:
    """Replace a sheet and let the manifest vouch for it."""
    path = folder / "manifest.json"
    manifest = Manifest.model_validate_json(path.read_bytes())
    sheet = write_sheet(folder, name, columns, rows)
    changed = {"sessions": sheet} if name == "sessions" else {"symbols": {**manifest.symbols, name: sheet}}
    path.write_text(manifest.model_copy(update=changed).model_dump_json())


def test_when_a_market_is_written_then_it_is_read_back_to_the_last_digit(tmp_path) -> None:
    bar, _ = made_market(tmp_path, ROWS).at(NOON).bars("AAPL", 2)
    assert (bar.open, bar.high, bar.low, bar.close) == tuple(map(Decimal, ("100", "103.25", "99.5", "101.0001")))
    assert (bar.symbol, bar.volume, bar.ended) == ("AAPL", 12345, datetime(2024, 1, 1, 21, tzinfo=UTC))


def test_when_the_same_market_is_written_twice_then_the_bytes_are_the_same(tmp_path) -> None:
    for name in ("one", "two"):
        made_market(tmp_path / name, ROWS)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert sorted(one) == ["AAPL.csv.gz", "GOOG.csv.gz", "manifest.json", "sessions.csv.gz"]


@pytest.mark.parametrize("name", ["AAPL.csv.gz", "sessions.csv.gz"])
def test_when_one_byte_of_a_file_changed_then_the_error_names_the_file(tmp_path, name) -> None:
    made_market(tmp_path, ROWS)
    damaged = bytearray((tmp_path / name).read_bytes())
    damaged[-1] ^= 1
    (tmp_path / name).write_bytes(damaged)
    with pytest.raises(ConfigurationError, match=f"{name} cannot be used: its hash"):
        look(tmp_path)


def test_when_one_symbols_file_is_damaged_then_the_others_can_still_be_read(tmp_path) -> None:
    made_market(tmp_path, ROWS)
    (tmp_path / "GOOG.csv.gz").write_bytes(b"")
    assert look(tmp_path)


def test_when_a_file_is_missing_then_the_error_names_it(tmp_path) -> None:
    made_market(tmp_path, ROWS)
    (tmp_path / "AAPL.csv.gz").unlink()
    with pytest.raises(ConfigurationError, match=r"AAPL\.csv\.gz cannot be used: No such file"):
        look(tmp_path)


def test_when_the_folder_is_missing_then_one_line_says_so(tmp_path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^\S+nowhere holds no recorded market: manifest.json: No such [^\n]+$"
    ):
        RecordedMarket.from_folder(tmp_path / "nowhere")


def test_when_the_manifest_is_not_one_then_one_line_says_so(tmp_path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"^[^\n]+is not a manifest of a recorded market[^\n]+$"):
        RecordedMarket.from_folder(tmp_path)


BAR = ["session", "open", "high", "low", "close", "volume"]


@pytest.mark.parametrize(
    "rows",
    [
        [["2024-01-01", "NaN", "2", "1", "1", "5"]],
        [["2024-01-01", "much", "2", "1", "1", "5"]],
        [["2024-01-01", "3", "2", "1", "1", "5"]],
        [["2024-01-01", "1", "2", "0", "1", "5"]],
        [["2024-01-01", "1", "2", "1", "1"]],
        [["2024-01-06", "1", "2", "1", "1", "5"]],
        [["2024-01-02", "1", "2", "1", "1", "5"], ["2024-01-01", "1", "2", "1", "1", "5"]],
        [["2024-01-01", "1", "2", "1", "1", "5"], ["2024-01-01", "1", "2", "1", "1", "5"]],
    ],
    ids=["nan", "not a number", "open over high", "zero", "short row", "no such session", "unsorted", "twice"],
)
def test_when_the_manifest_vouches_for_rows_that_are_no_bars_then_they_are_refused(tmp_path, rows) -> None:
    made_market(tmp_path, ROWS)
    vouch(tmp_path, "AAPL", BAR, rows)
    with pytest.raises(ConfigurationError, match=r"AAPL\.csv\.gz cannot be used: its rows are not bars"):
        look(tmp_path)


def test_when_columns_have_other_names_then_the_sheet_is_refused(tmp_path) -> None:
    made_market(tmp_path, ROWS)
    vouch(tmp_path, "AAPL", ["session", "close"], [["2024-01-01", "1"]])
    with pytest.raises(ConfigurationError, match="its columns are not session,open,high"):
        look(tmp_path)


@pytest.mark.parametrize(
    "row",
    [
        ["2024-01-01", "2024-01-01T14:30", "2024-01-01T21:00"],
        ["2024-01-01", "2024-01-01T21:00+00:00", "2024-01-01T14:30+00:00"],
    ],
    ids=["naive", "closes before it opens"],
)
def test_when_the_manifest_vouches_for_rows_that_are_no_sessions_then_they_are_refused(tmp_path, row) -> None:
    made_market(tmp_path, ROWS)
    vouch(tmp_path, "sessions", ["day", "opens", "closes"], [row])
    with pytest.raises(ConfigurationError, match="its rows are not sessions in order"):
        look(tmp_path)


def test_when_there_is_nothing_to_write_then_the_check_says_so() -> None:
    with pytest.raises(ValueError, match="no rows"):
        check_sessions([])


def test_when_a_close_lies_outside_its_range_then_nothing_is_written(tmp_path) -> None:
    (bar,) = made_bars([(100, 101, 99, 100)])
    with pytest.raises(ValueError, match="AAPL on 2024-01-01: open or close lies outside"):
        check_bars([bar.model_copy(update={"close": Decimal(102)})])
    with pytest.raises(ValueError, match="lies outside"):
        made_market(tmp_path, {"AAPL": [(100, 101, 99, 102)]})
    assert list(tmp_path.iterdir()) == []
