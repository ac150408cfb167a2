"""Other settings on the same days: a planted gain is suggested as a patch, chance is not, and nothing is applied."""

import shutil
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perun.graph.app import suggesting
from perun.graph.app.players import Players
from perun.graph.app.stage import Wish
from perun.graph.optimize.alternatives import Arm, compare
from perun.graph.optimize.env_patch import env_patch
from perun.graph.optimize.evidence import ALPHA, FEWEST
from perun.graph.optimize.frequency import INTERVALS, FrequencyAnalyzer
from perun.tools.domain.errors import ConfigurationError

WISH = Wish(date(2009, 6, 1), date(2009, 12, 31), ("AAPL", "IBM"), "baseline")
DAYS = 250


def planted(name: str, gain: float = 0.0, seed: int = 0, days: int = DAYS) -> Arm:
    """An arm on one common market, with noise of its own, and a gain a day."""
    market = np.random.default_rng(99).normal(0, 0.01, days)
    noise = np.random.default_rng(seed).normal(gain, 0.001, days)
    return Arm(name, market + noise, trades=5, turnover=1.5, cost_usd=Decimal("0.1"))


def test_when_one_alternative_is_truly_better_then_it_is_found_and_equals_are_not() -> None:
    found = compare(planted("as it is", seed=1), [planted("better", 0.001, 2), planted("equal", 0, 3)])
    assert found.best == "better"
    assert [row["name"] for row in found.rows] == ["as it is", "better", "equal"]
    assert found.rows[1]["low"] > 0
    assert compare(planted("as it is", seed=1), [planted(str(seed), 0, seed) for seed in range(2, 6)]).best is None


def test_when_alternatives_trade_as_the_settings_do_then_there_is_no_evidence() -> None:
    own = planted("as it is")
    found = compare(own, [Arm("twin", own.returns, 5, 1.5, Decimal(0))])
    assert (found.best, found.p_value, found.needed) == (None, 1.0, None)


def test_when_more_is_tried_then_intervals_are_wider() -> None:
    own, other = planted("as it is", seed=1), planted("other", 0, 2)
    alone = compare(own, [other]).rows[1]
    among = compare(own, [other, *(planted(str(seed), 0, seed) for seed in range(3, 13))]).rows[1]
    assert among["high"] - among["low"] > alone["high"] - alone["low"]


def test_when_days_are_too_few_then_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="say nothing"):
        compare(planted("a", days=FEWEST - 1), [planted("b", days=FEWEST - 1)])
    with pytest.raises(ConfigurationError, match="too few"):
        suggesting.frequency(Wish(date(2009, 6, 1), date(2009, 6, 12), None, "baseline"), {}, lambda line: None)


@pytest.mark.slow
def test_when_60_searches_go_over_equal_settings_then_no_more_than_alpha_of_them_suggest_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def suggested(search: int) -> bool:
        arms = [planted(str(arm), 0, 1000 + 10 * search + arm, days=120) for arm in range(6)]
        return compare(arms[0], arms[1:]).best is not None

    times = sum(suggested(search) for search in range(60))
    with capsys.disabled():
        print(f"\n60 searches over 5 equal settings: {times} suggested a change")
    assert times <= 60 * ALPHA + 2 * (60 * ALPHA * (1 - ALPHA)) ** 0.5


def test_when_another_value_is_better_then_a_patch_lies_there_that_a_person_applies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = tmp_path / ".env"
    env.write_text("# limits\nRISK_LIMIT_PERCENT=1\nMIN_CONFIDENCE=0.6\n")
    gains = {"RISK_LIMIT_PERCENT=2": 0.002}

    def came_to(name: str, _: Any) -> Arm:
        return planted(name, gains.get(name, 0.0), len(name))

    monkeypatch.setattr(suggesting, "play_all", lambda runs, *_: runs)
    monkeypatch.setattr(suggesting, "arm", came_to)
    settings = {"DATA_DIR": str(tmp_path / "data")}
    told = suggesting.parameters(WISH, settings, lambda line: None)
    assert (told["better"], told["suggestion"]) == ("RISK_LIMIT_PERCENT=2", {"RISK_LIMIT_PERCENT": "2"})
    assert told["tried"] == 4
    assert "RISK_LIMIT_PERCENT=1" in env.read_text(), "nothing is applied"
    if shutil.which("patch"):
        subprocess.run(["patch", ".env", told["patch"]], check=True, capture_output=True, cwd=tmp_path)
        assert env.read_text() == "# limits\nRISK_LIMIT_PERCENT=2\nMIN_CONFIDENCE=0.6\n"

    gains.clear()
    told = suggesting.parameters(WISH, settings, lambda line: None)
    assert (told["better"], told["suggestion"], told["patch"]) == (None, None, None)
    assert not (tmp_path / "data" / "optimization" / "env.patch").exists(), "an old suggestion does not stay"


def test_when_a_setting_is_not_in_the_file_or_there_is_no_file_then_the_patch_adds_it() -> None:
    assert "+MIN_CONFIDENCE=0.7" in env_patch("A=1\n", {"MIN_CONFIDENCE": "0.7"})
    assert env_patch(None, {"MIN_CONFIDENCE": "0.7"}).startswith("--- /dev/null\n+++ .env\n")


def test_when_a_longer_interval_is_truly_better_then_it_is_suggested_and_otherwise_there_is_no_evidence() -> None:
    def play(name: str, every: int) -> Arm:
        return planted(name, 0.001 if every == 5 else 0.0, every)

    finding, suggestion = FrequencyAnalyzer(play, "close-15m").analyse()
    assert finding.tried == len(INTERVALS)
    assert (suggestion["trading_schedule"], suggestion["sessions_between"]) == ("close-15m", 5)
    _, none = FrequencyAnalyzer(lambda name, every: planted(name, 0, every), "close-15m").analyse()
    assert (none["trading_schedule"], none["why"]) == (None, "no evidence")


@pytest.mark.slow
def test_when_recorded_days_are_played_at_longer_intervals_then_fewer_are_taken_whoever_plays_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wish = Wish(date(2009, 6, 1), date(2009, 6, 29), ("AAPL", "IBM"), "baseline")
    told = suggesting.frequency(wish, {"DATA_DIR": str(tmp_path / "data")}, lambda line: None)
    rows = {row["name"]: row for row in told["alternatives"]}
    assert list(rows) == ["every session", *(f"every {every} sessions" for every in INTERVALS)]
    assert rows["every session"]["trades"] >= rows["every 21 sessions"]["trades"]
    assert told["better"] is None
    assert told["suggestion"]["why"] == "no evidence"
    spread = suggesting.frequency(wish, {"DATA_DIR": str(tmp_path / "spread")}, lambda line: None, Players(2))
    assert spread["alternatives"] == told["alternatives"]
