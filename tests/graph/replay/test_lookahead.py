"""The look-ahead check: our desk passes it, and one whose market shows a bar too early does not."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from perun.graph.app import cli, foreseeing
from perun.graph.replay.lookahead import first_difference, sampled
from perun.tools.market.recorded import RecordedMarket, RecordedView


class PeekingMarket(RecordedMarket):
    """A market whose every look shows the next session too."""

    def at(self, as_of: datetime) -> RecordedView:
        following = next((each.closes for each in self.sessions() if each.closes > as_of), as_of)
        return super().at(following)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def test_when_the_future_is_cut_off_or_another_then_our_desk_decides_the_same_to_the_byte(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--from", "2009-06-01", "--to", "2009-06-04", "--symbols", "ibm", "--provider", "baseline"]
    monkeypatch.setattr("sys.argv", ["perun", "backtest", "lookahead-check", *words, "--samples", "2"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().out
    assert (ended.value.code, said.startswith("no look-ahead found")) == (0, True), said
    assert "4 decisions" in said


def test_when_the_market_shows_one_bar_too_many_then_the_check_fails_and_names_what_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(foreseeing, "RecordedMarket", PeekingMarket)
    words = ["--from", "2009-06-01", "--to", "2009-06-03", "--symbols", "ibm", "--provider", "baseline"]
    monkeypatch.setattr("sys.argv", ["perun", "backtest", "lookahead-check", *words, "--samples", "1", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    document = json.loads(capsys.readouterr().out)
    assert (ended.value.code, document["same"]) == (1, False)
    assert [(row["day"], row["difference"]["what"]) for row in document["sessions"]] == [("2009-06-02", "snapshot")] * 2
    assert all(row["difference"]["was"] != row["difference"]["became"] for row in document["sessions"])


def test_when_facts_are_missing_or_others_then_the_first_difference_shows_where_they_part() -> None:
    assert first_difference({"signal IBM": "a"}, {"signal IBM": "a"}) is None
    missing = first_difference({"signal IBM": "a", "verdict IBM": "b"}, {"signal IBM": "a"})
    assert missing is not None
    assert (missing.what, missing.was, missing.became) == ("verdict IBM", "b", "")
    long = first_difference({"x": "=" * 500 + "1" + "-" * 500}, {"x": "=" * 500 + "2" + "-" * 500})
    assert long is not None
    assert ("1" in long.was, "2" in long.became, len(long.was)) == (True, True, 60)


@pytest.mark.parametrize(
    ("sessions", "samples", "chosen"), [(9, 3, [2, 5, 8]), (2, 5, [0, 1]), (250, 1, [249]), (10, 10, list(range(10)))]
)
def test_when_sessions_are_sampled_then_they_are_spread_and_the_last_is_among_them(
    sessions: int, samples: int, chosen: list[int]
) -> None:
    assert list(sampled(sessions, samples)) == chosen
