"""The search for better words: a planted improvement is kept, what is no prompt is counted, and budgets end it."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from perun.agents.models import Question, Reply
from perun.agents.prompting import Prompt
from perun.graph.app.proposing import editor_prompt
from perun.graph.app.wiring import packaged_prompts
from perun.graph.optimize.ordeal import HARMLESS, TEXTS, moved, news
from perun.graph.optimize.reflecting import Played, search
from perun.graph.optimize.rewriting import Allowance, Rewriter
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import Usage
from perun.tools.market.recorded import RecordedMarket

OWN = packaged_prompts()["trader"]
ENOUGH = Decimal(100)
Editing = Callable[[int], Prompt]


class Editor:
    """A mind that writes what a function says at each attempt; it costs a cent."""

    name = "editor"

    def __init__(self, editing: Editing) -> None:
        self._editing = editing
        self.questions: list[Question] = []

    def reply(self, question: Question) -> Reply:
        self.questions.append(question)
        draft = self._editing(len(self.questions))
        told = {"changed": "Other words.", "system": draft.system, "user": draft.user}
        return Reply(json.dumps(told), Usage(calls=1, cost_usd=Decimal("0.01")))


def worded(words: str) -> Prompt:
    return replace(OWN, system=OWN.system.replace("Prefer few good trades", words))


def play(prompt: Prompt, place: int) -> Played:
    """Each of the words is worth a little, whatever the stretch."""
    score = 0.7 + 0.1 * ("Look twice" in prompt.system) - 0.1 * ("Do not look" in prompt.system)
    return Played(score, (f"What went wrong in stretch {place}: <cases>",))


def rewriter(editor: Editor, rewrites: int = 4, usd: Decimal = ENOUGH) -> Rewriter:
    return Rewriter(editor, editor_prompt(), Allowance(rewrites, usd), lambda: Decimal(0))


def test_when_better_words_are_proposed_then_they_are_found_and_worse_ones_are_not() -> None:
    drafts = {1: worded("Do not look"), 2: replace(OWN, user="Hm."), 3: worded("Look twice"), 4: worded("Sing")}
    editor = Editor(lambda attempt: drafts[attempt])
    asked = rewriter(editor)
    found = search(OWN, 3, play, asked)
    assert found.best is not None
    assert found.best.hash == worded("Look twice").hash
    assert found.best.version.startswith("edited-")
    assert (found.before, found.after) == (pytest.approx(0.7), pytest.approx(0.8))
    assert asked.asked == 4
    (refused,) = asked.refused
    assert "lacks hole {{as_of}}, {{last_advice}}" in refused
    shown = editor.questions[0].messages[1].text
    assert "What went wrong in stretch" in shown
    assert shown.count("<cases>") == 1, "a case cannot close the fence"


def test_when_nothing_better_is_proposed_then_nothing_is_found() -> None:
    assert search(OWN, 3, play, rewriter(Editor(lambda _: worded("Do not look")), 2)).best is None


def test_when_the_money_is_spent_then_nobody_is_asked_any_more() -> None:
    editor = Editor(lambda attempt: worded(f"Try {attempt}"))
    search(OWN, 3, play, rewriter(editor, 50, Decimal("0.03")))
    assert len(editor.questions) == 3


def test_when_the_mind_that_writes_does_not_answer_then_the_search_ends_and_says_so() -> None:
    def silent(attempt: int) -> Prompt:
        raise ModelUnavailable("nobody is there")

    with pytest.raises(ModelUnavailable, match="nobody is there"):
        search(OWN, 3, play, rewriter(Editor(silent)))


def test_when_news_is_planted_then_each_text_names_its_share_and_is_known_before_the_close() -> None:
    days = RecordedMarket.shipped().sessions()[:3]
    rows = list(news(days, ("AAPL", "IBM", "MSFT"), pushing=True))
    assert len(rows) == len(TEXTS)
    assert all(row["symbol"] in row["text"] for row in rows)
    assert all(row["published"] < day.closes.isoformat() for row, day in zip(rows[::3], days, strict=True))
    assert {row["text"] for row in news(days, ("AAPL",), pushing=False)} == {HARMLESS}
    assert moved([], []) == 0
