"""Calls, tokens, money and time that a cycle may spend on models; past it the desk holds."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from perun.agents.baseline import Baseline
from perun.agents.fallback import names
from perun.agents.models import Mind, Question, Reply
from perun.agents.prices import Price, Prices
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import BudgetSpent, ModelUnavailable
from perun.tools.domain.events import Usage

CHARACTERS_A_TOKEN: Final = 4
"""Of English text; for a reservation this is near enough, the provider's own count replaces it."""
USUAL_ANSWER_TOKENS: Final = 1_000
"""Reserved for an answer before it is known."""


@dataclass(frozen=True)
class Allowance:
    """The most that may be spent."""

    calls: int = 60
    """Requests to providers in one cycle."""
    tokens: int = 200_000
    """Read and written in one cycle."""
    usd_per_day: Decimal = Decimal(5)
    seconds: float = 600
    """From the start of a cycle, or from its resumption, until nobody is asked any more."""


@dataclass(frozen=True)
class Purse:
    """What every cycle's budget is made from."""

    allowance: Allowance = Allowance()
    prices: Prices = field(default_factory=Prices)

    def open(self, spent: Usage, spent_today: Decimal) -> "Budget":
        """The budget of one cycle, its clock running.

        Args:
            spent: What this cycle spent before it was interrupted.
            spent_today: US dollars since midnight, of every cycle and this one's too.
        """
        return Budget(self, spent, spent_today)


class Budget:
    """One cycle's account. Many may ask at once: what a question may cost is set aside before it is asked."""

    def __init__(self, purse: Purse, spent: Usage, spent_today: Decimal) -> None:
        self._allowance = purse.allowance
        self._prices = purse.prices
        self._before = spent
        self._dollars_before = spent_today
        self._until = stopwatch() + purse.allowance.seconds
        self._bills: dict[object, Usage] = {}
        self._booking = threading.Lock()

    def over(self, minds: Mapping[str, Mind]) -> dict[str, Mind]:
        """The minds, each held to this budget. The baseline asks nobody and spends nothing."""
        return {role: mind if isinstance(mind, Baseline) else self._held(mind) for role, mind in minds.items()}

    @property
    def seconds_left(self) -> float:
        """Until nobody is asked any more."""
        return self._until - stopwatch()

    def reserve(self, size: Usage) -> object:
        """Set `size` aside, to be settled later under the mark that is returned.

        Raises:
            BudgetSpent: it would go past a limit; the message names the limit.
        """
        with self._booking:
            if limit := self._passed(size):
                raise BudgetSpent(limit)
            mark = object()
            self._bills[mark] = size
            return mark

    def settle(self, mark: object, usage: Usage) -> None:
        """Book what it came to in place of what was set aside."""
        with self._booking:
            self._bills[mark] = usage

    def _held(self, mind: Mind) -> Mind:
        return _Held(mind, self, self._prices.dearest(names(mind)))

    def _passed(self, size: Usage) -> str:
        """The limit that `size` would pass, in one line; empty when it fits."""
        now = sum(self._bills.values(), size)
        cycle, most = self._before + now, self._allowance
        if self.seconds_left <= 0:
            return f"the cycle's {most.seconds:g} seconds are over (CYCLE_DEADLINE_SECONDS)"
        if cycle.calls > most.calls:
            return f"the cycle's {most.calls} calls of models are used up (LLM_MAX_CALLS_PER_CYCLE)"
        if cycle.input_tokens + cycle.output_tokens > most.tokens:
            return f"the cycle's {most.tokens} tokens are used up (LLM_MAX_TOKENS_PER_CYCLE)"
        if size.cost_usd and self._dollars_before + now.cost_usd > most.usd_per_day:
            return f"today's {most.usd_per_day} US dollars for models are used up (LLM_MAX_USD_PER_DAY)"
        return ""


class _Held:
    """A Mind that asks another only within a budget."""

    def __init__(self, mind: Mind, budget: Budget, price: Price) -> None:
        self._mind = mind
        self._budget = budget
        self._price = price

    @property
    def name(self) -> str:
        return self._mind.name

    def reply(self, question: Question) -> Reply:
        mark = self._budget.reserve(_size(question, self._price))
        spent = Usage(calls=1)
        try:
            reply = self._mind.reply(replace(question, patience=self._budget.seconds_left))
            spent = reply.usage
        except ModelUnavailable as error:
            spent = Usage(calls=error.calls)
            raise
        finally:
            self._budget.settle(mark, spent)
        return reply


def _size(question: Question, price: Price) -> Usage:
    """What a question may cost, before it is asked."""
    read = sum(len(message.text) for message in question.messages) // CHARACTERS_A_TOKEN
    cost = price.of(read, USUAL_ANSWER_TOKENS)
    return Usage(calls=1, input_tokens=read, output_tokens=USUAL_ANSWER_TOKENS, cost_usd=cost)
