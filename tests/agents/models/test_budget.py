"""A cycle spends no more than it may: what a question may cost is set aside before it is asked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from perun.agents import budget as budgets
from perun.agents.baseline import Baseline
from perun.agents.budget import USUAL_ANSWER_TOKENS, Allowance, Purse
from perun.agents.fallback import Chain
from perun.agents.models import Message, Question, Reply
from perun.agents.prices import Prices, parse_prices
from perun.tools.domain.errors import BudgetSpent, ModelUnavailable
from perun.tools.domain.events import Usage
from support.minds import ScriptedMind, saying

NOTHING = Usage()
ZERO = Decimal(0)


def held(mind, spent: Usage = NOTHING, spent_today: Decimal = ZERO, prices: str = "scripted=1/1", **most):
    purse = Purse(Allowance(**most), Prices(parse_prices(prices)))
    return purse.open(spent, spent_today).over({"trader": mind})["trader"]


class Dear(ScriptedMind):
    """Reports what each answer cost."""

    name = "openai:scripted"
    cost = Usage(calls=1, input_tokens=100, output_tokens=10, cost_usd=Decimal("0.40"))

    def __init__(self) -> None:
        super().__init__(lambda question: "{}")

    def reply(self, question: Question) -> Reply:
        super().reply(question)
        return Reply("{}", self.cost)


def test_when_the_calls_are_used_up_then_nobody_is_asked_and_the_limit_is_named(question):
    mind = Dear()
    spender = held(mind, calls=2)
    spender.reply(question)
    spender.reply(question)
    with pytest.raises(BudgetSpent, match=r"the cycle's 2 calls .*LLM_MAX_CALLS_PER_CYCLE") as spent:
        spender.reply(question)
    assert (mind.calls, spent.value.calls) == (2, 0)


def test_when_retries_were_made_then_each_of_them_counts(question):
    mind = ScriptedMind(lambda question: ModelUnavailable("down", calls=3))
    spender = held(mind, calls=3)
    with pytest.raises(ModelUnavailable, match="down"):
        spender.reply(question)
    with pytest.raises(BudgetSpent):
        spender.reply(question)
    assert mind.calls == 1


def test_when_a_question_is_longer_than_the_tokens_that_are_left_then_it_is_not_asked(question):
    mind = Dear()
    long = Question("trader", None, (Message("user", "word " * 4000),), question.facts, question.answer)
    spender = held(mind, tokens=5_000)
    with pytest.raises(BudgetSpent, match=r"5000 tokens .*LLM_MAX_TOKENS_PER_CYCLE"):
        spender.reply(long)
    spender.reply(question)
    assert mind.calls == 1


def test_when_an_answer_is_shorter_than_what_was_set_aside_then_the_rest_is_free_again(question):
    mind = Dear()
    spender = held(mind, tokens=USUAL_ANSWER_TOKENS + 500)
    for _ in range(4):
        spender.reply(question)
    assert mind.calls == 4


def test_when_a_cycle_goes_on_after_a_crash_then_what_it_spent_before_counts(question):
    spender = held(saying(), spent=Usage(calls=2, input_tokens=10), calls=2)
    with pytest.raises(BudgetSpent):
        spender.reply(question)


def test_when_the_day_s_dollars_are_used_up_then_nobody_is_asked_whichever_cycle_spent_them(question):
    spender = held(Dear(), spent_today=Decimal("4.30"), usd_per_day=Decimal(5))
    spender.reply(question)
    with pytest.raises(BudgetSpent, match=r"today's 5 US dollars .*LLM_MAX_USD_PER_DAY"):
        held(Dear(), spent_today=Decimal(5), usd_per_day=Decimal(5)).reply(question)
    spender.reply(question)
    with pytest.raises(BudgetSpent):
        spender.reply(question)


def test_when_the_price_is_not_known_then_the_dearest_is_set_aside(question):
    least = Decimal("0.0301")  # an answer of usual length at 30 dollars a million, and a few words read
    held(Dear(), prices="", usd_per_day=least + Decimal("0.001")).reply(question)
    with pytest.raises(BudgetSpent):
        held(Dear(), prices="", usd_per_day=Decimal("0.029")).reply(question)


def test_when_a_mind_costs_nothing_then_dollars_do_not_stop_it(question):
    held(Dear(), prices="scripted=0/0", spent_today=Decimal(9), usd_per_day=ZERO).reply(question)


def test_when_a_chain_is_asked_then_the_dearest_of_it_is_set_aside(question):
    class Local(ScriptedMind):
        name = "local:small"

    with pytest.raises(BudgetSpent):
        held(Chain((Local(lambda _: "{}"), Dear())), usd_per_day=ZERO).reply(question)


def test_when_the_cycle_s_time_is_over_then_nobody_is_asked(question, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(budgets, "stopwatch", lambda: now[0])
    mind = Dear()
    spender = held(mind, seconds=60)
    now[0] = 130.0
    spender.reply(question)
    assert mind.questions[0].patience == 30.0
    now[0] = 160.0
    with pytest.raises(BudgetSpent, match=r"the cycle's 60 seconds are over \(CYCLE_DEADLINE_SECONDS\)"):
        spender.reply(question)


def test_when_many_ask_at_once_then_no_more_are_under_way_than_the_budget_allows(question):
    all_in = threading.Barrier(5, timeout=10)

    class Slow(Dear):
        def reply(self, question: Question) -> Reply:
            all_in.wait()  # breaks when fewer or more than five come through
            return super().reply(question)

    mind = Slow()
    spender = held(mind, calls=5)

    def ask(_: int) -> bool:
        try:
            spender.reply(question)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(ask, range(20))) == 5
    assert mind.calls == 5


def test_when_something_else_breaks_then_its_question_still_counts_as_asked(question):
    class Broken(Dear):
        def reply(self, question: Question) -> Reply:
            raise KeyboardInterrupt

    spender = held(Broken(), calls=1)
    with pytest.raises(KeyboardInterrupt):
        spender.reply(question)
    with pytest.raises(BudgetSpent):
        spender.reply(question)


def test_when_the_baseline_answers_then_no_budget_holds_it(question):
    baseline = Baseline()
    assert held(baseline, calls=0, tokens=0) is baseline
