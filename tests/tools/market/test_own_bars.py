"""Bars that a person brings: sound ones become recorded days, and every fault is one line with its file and row."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import table
from pyarrow.parquet import write_table

from perun.tools.domain.errors import ConfigurationError
from perun.tools.market import own_bars
from perun.tools.market.own_bars import Leave, import_own
from perun.tools.market.recorded import RecordedMarket

TITLES = "date,open,high,low,close,volume"
NO_LEAVE = Leave()
WEEK = ("2009-06-01", "2009-06-02", "2009-06-03", "2009-06-04", "2009-06-05")


def rows(**changed: str | None) -> list[str]:
    """A sound week; `d2="…"` puts another text in the place of the second row, None leaves it out."""
    sound = {f"d{number}": f"{day},10,11,9,10.5,1000" for number, day in enumerate(WEEK, 1)}
    return [row for row in {**sound, **changed}.values() if row is not None]


def folder(place: Path, kind: str = "csv", **files: list[str]) -> Path:
    """A folder of the files, with their titles; as Parquet the same texts stand in its columns."""
    place.mkdir(exist_ok=True)
    for symbol, lines in files.items():
        path = place / f"{symbol}.{kind}"
        if kind == "csv":
            path.write_text("\n".join([TITLES, *lines]) + "\n")
        else:
            columns = zip(*(line.split(",") for line in lines), strict=True)
            write_table(table(dict(zip(TITLES.split(","), map(list, columns), strict=True))), path)
    return place


def faults(bars: Path, home: Path, leave: Leave = NO_LEAVE) -> list[str]:
    """The lines with which the import is refused, but for the first; nothing stands in its home then."""
    with pytest.raises(ConfigurationError) as refused:
        import_own(bars, home, leave)
    assert not home.exists(), "nothing half written"
    return str(refused.value).splitlines()[1:]


def test_when_the_files_are_sound_then_they_are_a_market_with_the_exchange_s_own_hours(tmp_path: Path) -> None:
    dear = rows(d1="2009-06-01,10.00004,11,9,10.5,1e3")
    place = import_own(folder(tmp_path / "bars", AAPL=dear, IBM=rows()), tmp_path / "home")
    market = RecordedMarket.from_folder(place)
    assert list(market.symbols()) == ["AAPL", "IBM"]
    assert [session.day.isoformat() for session in market.sessions()] == list(WEEK)
    bar = market.bar("AAPL", date(2009, 6, 1))
    assert bar is not None
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10, 11, 9, Decimal("10.5"), 1000)
    assert bar.ended == datetime(2009, 6, 1, 20, tzinfo=UTC), "four in the afternoon in New York"


def test_when_the_shipped_days_are_brought_as_files_then_the_same_market_comes_back(tmp_path: Path) -> None:
    shipped = RecordedMarket.shipped()
    days = [session.day for session in shipped.sessions() if date(2007, 1, 1) <= session.day <= date(2008, 12, 31)]
    told: Mapping[str, list[str]] = {
        symbol: [
            f"{day},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}"
            for day in days
            if (bar := shipped.bar(symbol, day)) is not None
        ]
        for symbol in ("AAPL", "IBM")
    }
    own = RecordedMarket.from_folder(import_own(folder(tmp_path / "bars", **told), tmp_path / "home"))
    assert len(own.sessions()) == len(days) == 504
    assert [own.bar(symbol, day) for symbol in told for day in days] == [
        shipped.bar(symbol, day) for symbol in told for day in days
    ]


def test_when_the_same_bars_come_again_then_they_are_the_same_place_and_others_are_another(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = import_own(folder(tmp_path / "a", AAPL=rows()), home)
    again = import_own(folder(tmp_path / "b", AAPL=rows()), home)
    other = import_own(folder(tmp_path / "c", AAPL=rows(d5="2009-06-05,10,11,9,10.6,1000")), home)
    assert first == again != other
    assert sorted(home.iterdir()) == sorted([first, other]), "nothing is left beside them"


def test_when_the_disk_is_full_half_way_then_nothing_is_left_and_the_next_import_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars, home = folder(tmp_path / "bars", AAPL=rows()), tmp_path / "home"

    def full(place: Path, *_: object) -> None:
        (place / "AAPL.csv.gz").write_bytes(b"half of it")
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(own_bars, "write_folder", full)
        with pytest.raises(OSError, match="no space"):
            import_own(bars, home)
    assert list(home.iterdir()) == []
    assert list(RecordedMarket.from_folder(import_own(bars, home)).symbols()) == ["AAPL"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"d2": "2009-06-02,10,11,9,NaN,1000"}, "AAPL.csv, row 3: close 'NaN' is no number"),
        ({"d2": "2009-06-02,10,,9,10,1000"}, "AAPL.csv, row 3: high '' is no number"),
        ({"d2": "2009-06-02,10,11,0,10,1000"}, "AAPL.csv, row 3: low 0 should be above zero"),
        ({"d2": "2009-06-02,-10,11,9,10,1000"}, "AAPL.csv, row 3: open -10 should be above zero"),
        ({"d2": "2009-06-02,10,11,9,10,-1"}, "AAPL.csv, row 3: volume -1 should not be below zero"),
        ({"d2": "2009-06-02,10,11,9,10,1.5"}, "AAPL.csv, row 3: volume 1.5 should be whole"),
        ({"d2": "2009-06-02,10,9,11,10,1000"}, "AAPL.csv, row 3: the high 9 lies below the low 11"),
        ({"d2": "2009-06-02,10,11,9,12,1000"}, "AAPL.csv, row 3: open 10 or close 12 lies outside 9 to 11"),
        ({"d2": "02.06.2009,10,11,9,10,1000"}, "AAPL.csv, row 3: date '02.06.2009' is no day such as 2009-06-01"),
        ({"d2": "2009-06-02,10,1e12,9,10,1000"}, "AAPL.csv, row 3: high 1e12 is larger than anything traded"),
        ({"d3": "2009-06-02,10,11,9,10,1000"}, "AAPL.csv, row 4: 2009-06-02 comes again: it stands on row 3"),
        (
            {"d4": "2009-06-05,10,11,9,10,1000", "d5": "2009-06-04,10,11,9,10,1000"},
            "AAPL.csv, row 6: 2009-06-04 comes after 2009-06-05: rows should be sorted by date, oldest first",
        ),
        (
            {"d6": "2009-06-06,10,11,9,10,1000"},
            "AAPL.csv, row 7: the exchange had no session on 2009-06-06, a Saturday",
        ),
        (
            {"d3": None},
            "AAPL.csv, row 4: 1 session without a bar between 2009-06-02 and 2009-06-04 "
            "(--allow-gaps if it was not traded)",
        ),
        (
            {"d3": "2009-06-03,5,11,5,10,1000"},
            "AAPL.csv, row 4: 10.5000 at the close before and 5.0000 at the open of 2009-06-03, -52 %: "
            "a split that is not adjusted? (--allow-splits if the price really leapt)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_when_a_row_is_no_good_then_one_line_names_it(
    tmp_path: Path, kind: str, changed: dict[str, str | None], said: str
) -> None:
    if kind == "parquet":
        said = re.sub(r"row (\d+)", lambda row: f"row {int(row[1]) - 1}", said.replace("csv", "parquet"))
    assert faults(folder(tmp_path / "bars", kind, AAPL=rows(**changed)), tmp_path / "home") == [said]


def test_when_symbols_have_other_days_then_each_end_that_differs_is_named(tmp_path: Path) -> None:
    bars = folder(tmp_path / "bars", AAPL=rows(), IBM=rows(d1=None, d5=None))
    assert faults(bars, tmp_path / "home") == [
        "IBM.csv, row 2: it begins on 2009-06-02, another symbol on 2009-06-01 (--allow-gaps if it was not traded)",
        "IBM.csv, row 4: it ends on 2009-06-04, another symbol on 2009-06-05 (--allow-gaps if it was not traded)",
    ]


def test_when_a_person_lets_leaps_and_gaps_pass_then_only_those_do(tmp_path: Path) -> None:
    leapt, short = rows(d3="2009-06-03,5,11,5,10,1000"), rows(d1=None, d3=None)
    bars = folder(tmp_path / "bars", AAPL=leapt, IBM=short)
    assert len(faults(bars, tmp_path / "home", Leave(splits=True))) == 2
    assert len(faults(bars, tmp_path / "home", Leave(gaps=True))) == 1
    market = RecordedMarket.from_folder(import_own(bars, tmp_path / "home", Leave(splits=True, gaps=True)))
    assert market.bar("IBM", date(2009, 6, 3)) is None
    assert market.first_session("IBM").day == date(2009, 6, 2)


def test_when_a_file_is_full_of_faults_then_five_are_said_and_the_others_counted(tmp_path: Path) -> None:
    bars = folder(tmp_path / "bars", AAPL=["none"] * 9, IBM=rows(d1="none"))
    told = faults(bars, tmp_path / "home")
    assert told[5] == "AAPL.csv: and 4 more"
    assert told[6:] == ["IBM.csv, row 2: it has 1 values under 6 titles"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("AAPL.csv", "", "AAPL.csv, row 1: its columns should be date,open,high,low,close,volume, not none"),
        ("AAPL.csv", "date,close\n", "its columns should be"),
        ("AAPL.csv", f"{TITLES}\n\n", "AAPL.csv, row 1: there are no rows under the titles"),
        ("AAPL.csv", f"{TITLES}\n2009-06-02,10,11,9,10\n", "AAPL.csv, row 2: it has 5 values under 6 titles"),
        ("aapl daily.csv", f"{TITLES}\n", "aapl daily is no symbol"),
        ("AAPL.parquet", "PAR1", "AAPL.parquet, row 1: it is no sound Parquet file"),
        ("AAPL.txt", TITLES, "holds no SYMBOL.csv and no SYMBOL.parquet"),
    ],
)
def test_when_a_file_is_no_table_of_bars_then_it_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / name).write_text(text)
    with pytest.raises(ConfigurationError, match=r".") as refused:
        import_own(tmp_path / "bars", tmp_path / "home")
    assert said in str(refused.value)
    assert not (tmp_path / "home").exists()
