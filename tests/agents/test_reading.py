"""An answer is read strictly: what does not fit is refused, never mended by a guess."""

import json
from typing import Any

import pytest

from perun.agents.answers import ResearchAnswer, RiskAnswer, Stance, TradeAnswer
from perun.agents.asking import read
from perun.tools.domain.errors import AnswerUnusable

STANCE = '{"summary": "It rises.", "evidence": [], "stance": "bullish", "conviction": CONVICTION}'


def fine(answer: Any) -> str:
    return ""


def stance(**changes: Any) -> str:
    return json.dumps({"summary": "It rises.", "evidence": [], "stance": "bullish", "conviction": 70, **changes})


def signal(**changes: Any) -> dict[str, Any]:
    said = {"symbol": "AAPL", "rationale": "why", "evidence": [], "action": "BUY", "confidence": 70}
    return {**said, **changes}


@pytest.mark.parametrize("conviction", ["0", "50", "100"])
def test_when_the_conviction_is_a_whole_number_in_bounds_then_it_is_read(conviction: str) -> None:
    assert read(STANCE.replace("CONVICTION", conviction), Stance, fine).conviction == int(conviction)


@pytest.mark.parametrize(
    "conviction",
    ["NaN", "Infinity", "-Infinity", "1e999", "101", "-1", "72.5", "80.0", '"80"', "true", "null", "[80]", "9" * 5000],
    ids=lambda text: text[:10],
)
def test_when_the_conviction_is_no_whole_number_in_bounds_then_the_answer_is_refused(conviction: str) -> None:
    with pytest.raises(AnswerUnusable):
        read(STANCE.replace("CONVICTION", conviction), Stance, fine)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        "I cannot help with that.",
        stance()[:-1],
        stance()[: len(stance()) // 2],
        f"{stance()}{stance()}",
        f"[{stance()}]",
        stance().replace('"', "'"),
        "[" * 100_000,
        stance(stance="BULLISH"),
        stance(stance=["bullish"]),
        stance(quantity=100),
        stance(symbol="AAPL"),
        stance(summary=""),
        stance(summary="x" * 601),
        stance(summary=7),
        stance(evidence="[bars:AAPL:2013-02-28]"),
        stance(evidence=["x" * 81]),
        stance(evidence=["x"] * 9),
        stance().replace('"evidence": [], ', ""),
        stance(summary="x" * 10_000_000),
        "x" * 10_000_000,
    ],
    ids=lambda text: text[:24] or "empty",
)
def test_when_an_answer_does_not_fit_its_schema_then_it_is_refused_with_the_text_kept(text: str) -> None:
    with pytest.raises(AnswerUnusable) as refused:
        read(text, Stance, fine)
    assert refused.value.answer == text
    assert 0 < len(refused.value.problem) < 1000


@pytest.mark.parametrize(
    "text",
    [f"Here is my answer: {stance()}", f"{stance()} I hope that helps.", f"```json\n{stance()}\n```"],
    ids=["words before", "words after", "fenced"],
)
def test_when_words_stand_around_the_one_object_then_it_is_read_without_them(text: str) -> None:
    assert read(text, Stance, fine).conviction == 70


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "buy"},
        {"action": "SHORT"},
        {"action": ""},
        {"confidence": 0.8},
        {"confidence": "80"},
        {"confidence": 101},
        {"symbol": "ABCDEFGHIJK"},
        {"qty": 10},
        {"rationale": ""},
    ],
    ids=str,
)
def test_when_one_signal_of_two_does_not_fit_then_the_whole_answer_is_refused(changes: dict[str, Any]) -> None:
    good, bad = signal(), signal(**{"symbol": "IBM", **changes})
    assert len(read(json.dumps({"signals": [good, signal(symbol="IBM")]}), TradeAnswer, fine).signals) == 2
    with pytest.raises(AnswerUnusable, match=r"^signals\.1\."):
        read(json.dumps({"signals": [good, bad]}), TradeAnswer, fine)


@pytest.mark.parametrize(
    "changes", [{"ruling": "enlarge"}, {"keep_percent": 101}, {"keep_percent": 150}, {"keep_percent": -1}], ids=str
)
def test_when_a_review_would_enlarge_then_the_answer_is_refused(changes: dict[str, Any]) -> None:
    review = {"symbol": "AAPL", "reason": "why", "ruling": "shrink", "keep_percent": 50}
    assert read(json.dumps({"reviews": [review]}), RiskAnswer, fine).reviews[0].keep_percent == 50
    with pytest.raises(AnswerUnusable):
        read(json.dumps({"reviews": [{**review, **changes}]}), RiskAnswer, fine)


def test_when_a_finding_is_longer_than_280_characters_then_the_answer_is_refused() -> None:
    def findings(length: int, count: int = 1) -> str:
        one = {"direction": "positive", "summary": "x" * length, "source": "[news:1]"}
        return json.dumps({"findings": [one] * count})

    assert read(findings(280, 5), ResearchAnswer, fine)
    for text in (findings(281), findings(0), findings(10, 6)):
        with pytest.raises(AnswerUnusable):
            read(text, ResearchAnswer, fine)


def test_when_many_things_are_wrong_then_the_first_five_are_told_with_their_places() -> None:
    bad = [signal(confidence=101) for _ in range(9)]
    with pytest.raises(AnswerUnusable) as refused:
        read(json.dumps({"signals": bad}), TradeAnswer, fine)
    told = [f"signals.{place}.confidence: Input should be less than or equal to 100" for place in range(5)]
    assert refused.value.problem == "; ".join(told)


def test_when_the_answer_fits_then_the_check_has_the_last_word() -> None:
    with pytest.raises(AnswerUnusable, match=r"^not so fast$"):
        read(stance(), Stance, lambda answer: "not so fast")
