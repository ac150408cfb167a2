"""The performance review: planted skill and calibration are told with intervals, and what is too little is not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from perun.graph.app import wiring
from perun.graph.app.reviewing import reviewed
from perun.graph.app.running import run
from perun.graph.optimize.regimes import LOOK_BACK, regime
from perun.graph.optimize.review import review, wilson
from perun.graph.optimize.review_page import page
from perun.graph.replay.telling import HORIZONS, Cost, Decision
from perun.memory.word_hashes import WordHashes
from perun.tools.domain.events import Usage
from perun.tools.domain.market import Bar

CYCLES = 40
BEGUN = datetime(2009, 6, 1, 20, tzinfo=UTC)


def decisions(cycles: int = CYCLES) -> Iterator[Decision]:
    """AAPL is always right at 75 %, IBM at 95 % in half of the cycles, and every fifth IBM is denied."""
    for number in range(cycles):
        for symbol, confidence, right in (("AAPL", 0.75, True), ("IBM", 0.95, number % 2 == 0)):
            change = Decimal("0.02") if right else Decimal("-0.02")
            yield Decision(
                slot=f"{number:05d}",
                as_of=BEGUN + timedelta(days=number),
                symbol=symbol,
                action="BUY",
                confidence=confidence,
                prompt="abc" if number < CYCLES // 2 + 5 else "def",
                asked=symbol == "IBM",
                cleared=number % 5 > 0,
                breaches=() if number % 5 else ("COOLDOWN",),
                returns=dict.fromkeys(HORIZONS, change),
                excess=dict.fromkeys(HORIZONS, change),
            )


def cost(slot: str) -> Cost:
    return Cost(slot, "trader", "a-model", Usage(calls=1, input_tokens=10, output_tokens=5, cost_usd=Decimal("0.01")))


def test_when_decisions_are_reviewed_then_skill_calibration_denials_and_costs_come_out_as_planted() -> None:
    told = review(list(decisions()), [cost("00000"), cost("00001")], {"00000": "rising"})
    by_symbol = {row["name"]: row for row in told["by_symbol"]}
    assert by_symbol["AAPL"]["skill"] == pytest.approx(0.25 - 0.25**2)
    assert by_symbol["IBM"]["skill"] < 0, "to be sure and wrong half of the time is worse than a coin"
    assert by_symbol["IBM"]["low"] < by_symbol["IBM"]["skill"] < by_symbol["IBM"]["high"]
    bands = {row["from"]: row for row in told["calibration"]}
    assert (bands[0.7]["right"], bands[0.7]["decisions"], bands[0.7]["share"]) == (CYCLES, CYCLES, 1.0)
    assert bands[0.9]["share"] == 0.5
    assert bands[0.9]["low"] < 0.5 < bands[0.9]["high"] < bands[0.9]["said"], "the band says more than it is worth"
    assert told["denials"] == {"asked": CYCLES, "denied": 8, "by_rule": [{"code": "COOLDOWN", "times": 8}]}
    assert told["costs"]["total_usd"] == "0.02"
    assert told["costs"]["by_role"][0]["calls"] == 2


def test_when_too_few_decisions_stand_behind_a_row_then_it_says_so_and_gives_no_figure() -> None:
    told = review(list(decisions()), [], {})
    (old, new) = told["by_prompt"]
    assert (old["name"], old["cycles"]) == ("abc", 25)
    assert (new["skill"], new["note"]) == (None, "too few decisions: 15 cycles of the 20 that say anything")
    assert told["calibration"][0]["note"] == "too few decisions: 0 of 20"
    lines = "\n".join(page({"as_of": "now", **told}))
    assert "def: 30 decisions (30 BUY); too few decisions" in lines
    assert "90% to 100%: 20 of 40 right, which is 50% (35% to 65%); said 95%" in lines
    assert "none" not in "\n".join(page({"as_of": "now", **review([], [], {})})).lower()


def test_when_a_share_is_told_then_its_interval_holds_it_and_stays_a_share() -> None:
    assert wilson(50, 100) == (0.4038, 0.5962)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


@pytest.mark.parametrize(("last", "said"), [(106, "rising"), (94, "falling"), (101, "sideways")])
def test_when_the_watched_shares_went_somewhere_then_the_regime_says_so_of_what_was_known(last: int, said: str) -> None:
    closes = [100] * LOOK_BACK + [last] + [500]
    bars = [
        Bar(
            symbol="AAPL",
            session=(BEGUN + timedelta(days=number)).date(),
            ended=BEGUN + timedelta(days=number),
            open=Decimal(close),
            high=Decimal(close),
            low=Decimal(close),
            close=Decimal(close),
            volume=1,
        )
        for number, close in enumerate(closes)
    ]
    assert regime([bars], bars[-2].ended) == said, "the bar after it is not looked at"
    assert regime([bars[1:]], bars[-2].ended) == "unknown"


def test_when_the_desk_has_decided_twice_then_the_review_is_written_and_says_that_it_is_too_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wiring, "MiniLM", WordHashes)  # nobody here reads a memory
    settings = {"DATA_DIR": str(tmp_path / "data"), "LLM_PROVIDER": "baseline", "DEFAULT_SYMBOLS": "AAPL,IBM"}
    for _ in range(2):
        run(settings, None, lambda line: None)
    told = reviewed(settings)
    assert (told["schema"], told["decisions"], told["overall"]["skill"]) == ("perun.optimize_review/1", 4, None)
    written = (tmp_path / "data" / "optimization" / "review.md").read_text()
    assert "# Performance review" in written
    assert "too few decisions" in written
