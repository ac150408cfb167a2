"""Sectors: what is listed is listed once, what is not is unknown, and a person's own file has the last word."""

from pathlib import Path

import pytest

from perun.tools.domain.errors import ConfigurationError
from perun.tools.market.sectors import SECTORS, read_own, sector_of, with_own

LISTED = [symbol for symbols in SECTORS.values() for symbol in symbols.split()]


def own(folder: Path, text: str | bytes) -> Path:
    file = folder / "sectors.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_when_the_sectors_are_listed_then_there_are_eleven_and_no_symbol_stands_in_two() -> None:
    assert len(SECTORS) == 11
    assert len(LISTED) == len(set(LISTED))


@pytest.mark.parametrize(
    ("symbol", "sector"),
    [
        ("AAPL", "Information Technology"),
        ("IBM", "Information Technology"),
        ("MSFT", "Information Technology"),
        ("GOOG", "Communication Services"),
        ("FB", "Communication Services"),
        ("BRK.B", "Financials"),
        ("XOM", "Energy"),
    ],
)
def test_when_a_company_is_listed_then_its_sector_is_told(symbol: str, sector: str) -> None:
    assert sector_of(symbol) == sector


@pytest.mark.parametrize("symbol", ["SPY", "aapl", "", "ZZZZ"])
def test_when_a_symbol_is_not_listed_then_its_sector_is_unknown(symbol: str) -> None:
    assert sector_of(symbol) is None


def test_when_there_is_no_file_of_ones_own_then_the_table_stands(tmp_path: Path) -> None:
    assert read_own(tmp_path / "sectors.csv") == ()
    sector = with_own(())
    assert (sector("AAPL"), sector("SPY")) == ("Information Technology", None)


def test_when_a_person_lists_symbols_then_theirs_are_added_and_overrule_the_table(tmp_path: Path) -> None:
    sector = with_own(read_own(own(tmp_path, '\ufeff# mine\n\nSPY, Broad market\r\nAAPL,"Phones, mostly"\n')))
    assert (sector("SPY"), sector("AAPL")) == ("Broad market", "Phones, mostly")
    assert (sector("MSFT"), sector("ZZZZ")) == ("Information Technology", None)


@pytest.mark.parametrize(
    "line", ["AAPL", "AAPL,", ",Energy", "aapl,Energy", "AAPL,Energy,more", "AAPL;Energy", "SPY,Energy"]
)
def test_when_a_line_is_no_new_symbol_and_sector_then_it_is_refused_by_its_number(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 2"):
        read_own(own(tmp_path, f"SPY,Broad market\n{line}\n"))


def test_when_the_file_is_no_text_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_own(own(tmp_path, b"\xff\xfe\x00"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_own(tmp_path)
