"""An object among other words is found when it is plain which one, and else nothing is guessed."""

import pytest

from perun.agents.extracting import only_object
from perun.tools.domain.clock import stopwatch

OBJECT = '{"stance": "bullish", "why": "a } in a string, and [bars:IBM:1]", "more": {"x": [1]}}'


@pytest.mark.parametrize(
    "text",
    [
        OBJECT,
        f"  {OBJECT}\n",
        f"```json\n{OBJECT}\n```",
        f"<think>Perhaps {{no}}. Or {OBJECT}?</think>\n{OBJECT}",
        f"Perhaps {OBJECT}?</think>\n\n{OBJECT}",
        f"<reasoning>hm</reasoning>```\n{OBJECT}```",
        f"Here is my answer, after [bars:IBM:1]:\n{OBJECT}\nI hope that it helps.",
    ],
)
def test_when_one_object_stands_in_the_answer_then_it_is_taken_out(text):
    assert only_object(text) == OBJECT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would rather not.",
        f"{OBJECT} or {OBJECT}",
        f"{OBJECT} or {{something else",
        f"[{OBJECT}]",
        OBJECT[:-1],
        f'{{"signals": [{OBJECT}, {{"symbol"',
        f"{{draft}} {OBJECT}",
        f"<think>still thinking of {OBJECT}" + "{",
        f'{{"a": "</think>", "inner": {OBJECT}',
    ],
)
def test_when_it_is_not_plain_which_object_is_meant_then_the_text_stays_as_it_is(text):
    assert only_object(text) == text


def test_when_a_sound_object_speaks_of_thoughts_then_it_is_not_cut():
    text = f'{{"a": "</think>", "inner": {OBJECT}}}'
    assert only_object(text) == text


@pytest.mark.parametrize("text", ["{" * 1_000_000, '{"a":' * 200_000, "<think>" * 150_000, "</think>{" * 100_000])
def test_when_an_answer_is_made_to_be_hard_then_it_is_given_up_at_once(text):
    started = stopwatch()
    assert only_object(text) == text
    assert stopwatch() - started < 2
