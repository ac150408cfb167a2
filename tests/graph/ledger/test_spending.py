"""What models cost is summed over every question of a cycle, and over every cycle of a day."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.events import AgentAbstained, ModelAsked, Usage

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def asked(dollars: str, problem: str = "") -> ModelAsked:
    usage = Usage(calls=1, input_tokens=10, output_tokens=1, cost_usd=Decimal(dollars))
    told = {"prompt": "analyst@1", "prompt_hash": "0", "messages": (), "answer": "{}", "seconds": 1.0}
    return ModelAsked(key="k", role="analyst", symbol=None, model="m", problem=problem, usage=usage, **told)


def test_when_nothing_was_asked_then_nothing_was_spent(ledger: Ledger) -> None:
    assert ledger.spending.of("cycle:1") == Usage()
    assert ledger.spending.on_day_of(MIDNIGHT) == Usage()


def test_when_a_cycle_asked_then_its_questions_are_summed_whether_or_not_an_answer_came(ledger: Ledger) -> None:
    for event in (asked("0.1"), asked("0.2", problem="down"), AgentAbstained(role="r", symbol=None, reason="cost_usd")):
        ledger.events.append("cycle:1", event, MIDNIGHT)
    ledger.events.append("cycle:2", asked("7"), MIDNIGHT)
    assert ledger.spending.of("cycle:1") == Usage(calls=2, input_tokens=20, output_tokens=2, cost_usd=Decimal("0.3"))


def test_when_a_day_is_summed_then_every_cycle_counts_from_midnight_to_midnight(ledger: Ledger) -> None:
    for cycle, moment, dollars in (
        ("cycle:1", MIDNIGHT - timedelta(microseconds=1), "100"),
        ("cycle:1", MIDNIGHT, "1"),
        ("cycle:2", MIDNIGHT + timedelta(hours=23), "2"),
        ("cycle:2", MIDNIGHT + timedelta(days=1), "100"),
    ):
        ledger.events.append(cycle, asked(dollars), moment)
    noon_in_tokyo = (MIDNIGHT + timedelta(hours=12)).astimezone(timezone(timedelta(hours=9)))
    assert ledger.spending.on_day_of(noon_in_tokyo).cost_usd == 3


def test_when_a_clock_is_set_back_over_midnight_then_what_was_asked_before_still_counts(ledger: Ledger) -> None:
    ledger.events.append("cycle:1", asked("1"), MIDNIGHT + timedelta(hours=1))
    ledger.events.append("cycle:1", AgentAbstained(role="r", symbol=None, reason="late"), MIDNIGHT - timedelta(hours=1))
    assert ledger.spending.on_day_of(MIDNIGHT).cost_usd == 1
