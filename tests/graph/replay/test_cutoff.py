"""What a model may have read about: the label of every figure."""

from datetime import date

import pytest

from perun.graph.replay.cutoff import Knowledge, knowledge


@pytest.mark.parametrize(
    ("minds", "begins", "own", "label"),
    [
        (["openai:gpt-4o"], date(2023, 10, 1), None, "inside"),
        (["openai:gpt-4o"], date(2023, 10, 2), None, "outside"),
        (["openai:gpt-4o-2024-08-06"], date(2023, 10, 2), None, "outside"),
        (["openai:gpt-4o", "openai:gpt-5"], date(2024, 1, 2), None, "inside"),
        (["openai:of-my-own"], date(2030, 1, 2), None, "unknown"),
        (["openai:of-my-own", "openai:gpt-5"], date(2009, 6, 1), None, "inside"),
        (["openai:of-my-own", "openai:gpt-5"], date(2026, 6, 1), None, "unknown"),
        (["openai:of-my-own"], date(2026, 6, 1), date(2026, 5, 1), "outside"),
        (["openai:gpt-4o"], date(2024, 1, 2), date(2025, 1, 1), "inside"),
        (["baseline (no LLM)"], date(2009, 6, 1), None, "outside"),
        ([], date(2009, 6, 1), date(2025, 1, 1), "outside"),
    ],
)
def test_when_minds_and_days_are_given_then_the_label_says_who_may_have_read_about_them(
    minds: list[str], begins: date, own: date | None, label: Knowledge
) -> None:
    assert knowledge(minds, begins, own) == label
