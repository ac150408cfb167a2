"""`perun backtest --bars --news`: a person's own days and news through the same cycle, as they could be known then."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from perun.graph.app import cli
from perun.graph.app.backtesting import Wish, backtest
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.looking import open_archive
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import CycleStarted, ModelAsked
from perun.tools.market.recorded import RecordedMarket

BEGINS, ENDS = date(2009, 6, 2), date(2009, 6, 5)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Half a year of two shares under names that Perun does not ship."""
    folder, shipped = tmp_path / "bars", RecordedMarket.shipped()
    folder.mkdir()
    days = [session.day for session in shipped.sessions() if date(2009, 1, 2) <= session.day <= ENDS]
    for own, true in {"UP": "AAPL", "DOWN": "IBM"}.items():
        told = (bar for day in days if (bar := shipped.bar(true, day)))
        lines = [f"{bar.session},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in told]
        (folder / f"{own}.csv").write_text("\n".join(["date,open,high,low,close,volume", *lines]))
    return folder


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """Words about UP every three hours, before, during and after the replay; each says when it was published."""
    folder = tmp_path / "news"
    folder.mkdir()
    times = [datetime(2009, 5, 31, tzinfo=UTC) + timedelta(hours=3 * number) for number in range(80)]
    told = (
        {"symbol": "UP", "published": time.isoformat(), "text": f"words of {time:%Y-%m-%dT%H:%M}"} for time in times
    )
    (folder / "up.jsonl").write_text("\n".join(map(json.dumps, told)))
    return folder


def test_when_own_bars_and_news_are_replayed_then_no_question_holds_words_from_after_it_and_other_bars_are_refused(
    tmp_path: Path, bars: Path, news: Path
) -> None:
    out = tmp_path / "out"
    wish = Wish(begins=BEGINS, ends=ENDS, provider="baseline", out=out, bars=bars, news=news)
    backtest(wish, {}, lambda line: None)
    plan = json.loads((out / "run_config.json").read_text())
    assert plan["symbols"] == ["DOWN", "UP"], "all that the folder holds"
    assert plan["news"]
    assert "Closes of UP" in (out / "report.html").read_text()
    heard = [*_heard(out / "work" / "policy-0")]
    assert len(heard) > 10
    for as_of, words in heard:
        assert words <= as_of
    assert max(words for _, words in heard) > datetime(2009, 6, 4, 15, tzinfo=UTC), "the latest is read"
    before = (out / "run_manifest.json").read_bytes()
    backtest(wish, {}, lambda line: None)
    assert (out / "run_manifest.json").read_bytes() == before, "at the end of the recording too, the same is told again"
    (bars / "UP.csv").write_text((bars / "UP.csv").read_text() + "7")
    with pytest.raises(ConfigurationError, match=r"holds another replay \(other market\)"):
        backtest(wish, {}, lambda line: None)
    assert (out / "run_manifest.json").read_bytes() == before, "what changed bars would give is not mixed with it"


def _heard(home: Path) -> list[tuple[datetime, datetime]]:
    """Of each document in a question, the instant of the question and the document's."""
    told = []
    with open_archive(ledger_path(home)) as archive:
        for stream in archive.streams():
            events = [stored.event for stored in archive.read(stream)]
            as_of = [event.as_of for event in events if isinstance(event, CycleStarted)]
            asked = " ".join(text for event in events if isinstance(event, ModelAsked) for _, text in event.messages)
            for words in re.findall(r"words of (\S{16})", asked):
                told.append((as_of[0], datetime.fromisoformat(words).replace(tzinfo=UTC)))
    return told


def test_when_own_bars_are_no_good_then_the_command_says_so_in_a_line_each_and_plays_nothing(
    tmp_path: Path, bars: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (bars / "UP.csv").read_text()
    (bars / "UP.csv").write_text(text.replace("2009-06-04", "2009-06-06"))
    words = ["--from", "2009-06-02", "--to", "2009-06-05", "--provider", "baseline", "--bars", str(bars)]
    monkeypatch.setattr("sys.argv", ["perun", "backtest", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "UP.csv, row 108: 2009-06-05 comes after 2009-06-06" in said
    assert len(said.strip().splitlines()) == 2
    assert not (tmp_path / "data" / "var" / "bars").exists()
    assert not (tmp_path / "data" / "backtests").exists()
