"""The market that comes with Perun is whole, adjusted, and what its source says."""

import gzip
import hashlib
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from perun.tools.market.folder import Manifest
from perun.tools.market.importing import import_market
from perun.tools.market.recorded import RecordedMarket

FOLDER = Path(str(files("perun.recorded")))
END = datetime(2013, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> RecordedMarket:
    return RecordedMarket.shipped()


def manifest_of(folder: Path) -> Manifest:
    return Manifest.model_validate_json((folder / "manifest.json").read_bytes())


def test_when_shipped_files_are_hashed_then_the_manifest_says_the_same_and_lists_every_file() -> None:
    manifest = manifest_of(FOLDER)
    vouched = {"sessions": manifest.sessions, **manifest.symbols}
    assert {path.name.removesuffix(".csv.gz"): path for path in FOLDER.glob("*.gz")}.keys() == vouched.keys()
    for name, sheet in vouched.items():
        assert hashlib.sha256((FOLDER / f"{name}.csv.gz").read_bytes()).hexdigest() == sheet.sha256, name


def test_when_the_working_directory_is_elsewhere_then_the_shipped_market_is_found(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(RecordedMarket.shipped().symbols()) == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]


def test_when_every_bar_is_read_then_rows_and_days_are_the_manifests(market) -> None:
    for symbol, sheet in manifest_of(FOLDER).symbols.items():
        bars = market.at(END).bars(symbol, 5000)
        assert (len(bars), bars[0].session, bars[-1].session) == (sheet.rows, sheet.first, sheet.last)


def test_when_a_share_split_then_adjusted_closes_do_not_jump(market) -> None:
    bars = market.at(datetime(2005, 3, 5, tzinfo=UTC)).bars("AAPL", 10)
    assert date(2005, 2, 28) in {bar.session for bar in bars}
    assert max(abs(after.close / before.close - 1) for before, after in pairwise(bars)) < 0.2


def test_when_the_day_after_thanksgiving_ends_early_then_its_bar_is_known_early(market) -> None:
    session = market.session(date(2012, 11, 23))
    assert session.closes == datetime(2012, 11, 23, 18, tzinfo=UTC)
    assert market.at(session.closes).quote("IBM").at == session.closes


def test_when_summer_time_begins_then_sessions_open_an_hour_earlier_in_utc(market) -> None:
    assert market.session(date(2012, 3, 9)).opens == datetime(2012, 3, 9, 14, 30, tzinfo=UTC)
    assert market.session(date(2012, 3, 12)).opens == datetime(2012, 3, 12, 13, 30, tzinfo=UTC)


# exchange-calendars 4.13 uses what pandas 3.1 deprecates; its instants are still right.
@pytest.mark.filterwarnings("ignore:Series.values returning an ndarray")
def test_when_the_source_is_imported_again_then_rows_are_the_shipped_ones_and_two_imports_are_equal(tmp_path) -> None:
    pytest.importorskip("bokeh_sampledata", reason="the extra [import] is not installed")
    pytest.importorskip("exchange_calendars", reason="the extra [import] is not installed")
    once, again = tmp_path / "once", tmp_path / "again"
    for folder in (once, again):
        import_market(folder)
    for path in once.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    # Unpacked, because another build of zlib may pack the same rows otherwise.
    for path in once.glob("*.gz"):
        assert gzip.decompress(path.read_bytes()) == gzip.decompress((FOLDER / path.name).read_bytes()), path.name
    assert manifest_of(once).origin == manifest_of(FOLDER).origin
