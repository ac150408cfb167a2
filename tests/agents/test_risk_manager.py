"""The risk manager: approves, shrinks or vetoes each signal, and can never enlarge one."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from perun.agents.answers import ReviewAnswer, RiskAnswer
from perun.agents.asking import Abstained
from perun.agents.baseline import Baseline
from perun.agents.risk_manager import advise, veto
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import NumbersUnverified
from perun.tools.domain.money import Percent
from perun.tools.domain.signals import Advice, Ruling
from support.agent_facts import risk_manager_facts
from support.minds import MemoryTape, asker, saying


def review(symbol: str, ruling: Ruling = Ruling.APPROVE, keep: int = 100) -> ReviewAnswer:
    return ReviewAnswer(symbol=symbol, ruling=ruling, keep_percent=keep, reason="So it is.")


BOTH = RiskAnswer(reviews=[review("IBM"), review("AAPL")])


@pytest.mark.parametrize(
    ("ruling", "said", "keeps"),
    [
        (Ruling.APPROVE, 100, 100),
        (Ruling.APPROVE, 0, 100),
        (Ruling.APPROVE, 40, 100),
        (Ruling.SHRINK, 40, 40),
        (Ruling.SHRINK, 0, 0),
        (Ruling.SHRINK, 100, 100),
        (Ruling.VETO, 0, 0),
        (Ruling.VETO, 100, 0),
    ],
)
def test_when_a_signal_is_ruled_on_then_the_percentage_counts_only_to_shrink(
    ruling: Ruling, said: int, keeps: int
) -> None:
    answer = RiskAnswer(reviews=[review("IBM", ruling, said), review("AAPL")])
    advice = advise(asker(saying(answer)), risk_manager_facts())
    assert not isinstance(advice, Abstained)
    assert advice[0] == Advice(symbol="IBM", ruling=ruling, keep=Percent(Decimal(keeps)), reason="So it is.")


@pytest.mark.parametrize(
    "symbols",
    [[], ["IBM"], ["IBM", "IBM"], ["IBM", "AAPL", "AAPL"], ["IBM", "AAPL", "MSFT"], ["IBM", "MSFT"], ["ibm", "AAPL"]],
    ids=lambda symbols: "+".join(symbols) or "none",
)
def test_when_reviews_do_not_match_the_signals_then_the_model_must_repair(symbols: list[str]) -> None:
    wrong = RiskAnswer(reviews=[review(symbol) for symbol in symbols])
    mind = saying(wrong, BOTH)
    assert not isinstance(advise(asker(mind), risk_manager_facts()), Abstained)
    assert "exactly one review is needed for each of IBM, AAPL" in mind.questions[1].messages[-1].text
    assert isinstance(advise(asker(saying(wrong, wrong)), risk_manager_facts()), Abstained)


@pytest.mark.parametrize("symbols", [["MSFT"], ["IBM", "AAPL", "IBM"]])
def test_when_the_risk_manager_is_asked_then_its_form_has_room_for_these_signals_alone(symbols: list[str]) -> None:
    mind = saying(BOTH)
    advise(asker(mind), risk_manager_facts())
    form = mind.questions[0].answer
    assert form.model_validate_json(BOTH.model_dump_json())
    with pytest.raises(ValidationError):
        form.model_validate_json(RiskAnswer(reviews=[review(symbol) for symbol in symbols]).model_dump_json())


def test_when_no_answer_comes_then_the_risk_manager_abstains_and_approves_nothing() -> None:
    said = advise(asker(saying(ModelUnavailable("down"))), risk_manager_facts())
    assert said == Abstained("risk_manager", "down")


def test_when_a_veto_stands_in_for_a_word_then_nothing_is_kept() -> None:
    assert veto("IBM", "why") == Advice(symbol="IBM", ruling=Ruling.VETO, keep=Percent(Decimal(0)), reason="why")


def test_when_the_risk_manager_is_asked_then_it_reads_signals_limits_and_volatility() -> None:
    mind = saying(BOTH)
    advise(asker(mind), risk_manager_facts())
    read = mind.questions[0].messages[1].text
    assert "- IBM: BUY with confidence 80." in read
    assert "one position may be at most 20% of equity" in read
    assert "- IBM: 0.15" in read
    assert "- AAPL: unknown" in read


def test_when_the_gate_told_what_it_would_allow_then_the_risk_manager_reads_it_in_one_line_a_symbol() -> None:
    mind = saying(BOTH)
    advise(asker(mind), risk_manager_facts())
    told = "- IBM: at most 191 shares with a stop at 100.05; tightest limit: MAX_POSITION_SIZE 0.1992 of 0.2"
    assert told in mind.questions[0].messages[1].text


STRANGE = "Momentum of 912.5 and a beta of 4.31 speak of it; volatility is 0.15, and 40% may stay."


@pytest.mark.parametrize(
    ("ruling", "said", "stands", "keeps"),
    [
        (Ruling.APPROVE, 40, Ruling.SHRINK, 80),
        (Ruling.SHRINK, 40, Ruling.SHRINK, 20),
        (Ruling.SHRINK, 15, Ruling.SHRINK, 0),
        (Ruling.VETO, 40, Ruling.VETO, 0),
    ],
)
def test_when_a_reason_holds_numbers_that_nobody_was_shown_then_a_purchase_keeps_less_and_the_record_says_so(
    ruling: Ruling, said: int, stands: Ruling, keeps: int
) -> None:
    reason = STRANGE.replace("40", f"{said}")
    told = ReviewAnswer(symbol="IBM", ruling=ruling, keep_percent=said, reason=reason)
    tape = MemoryTape()
    advice = advise(asker(saying(RiskAnswer(reviews=[told, review("AAPL")])), tape), risk_manager_facts())
    assert not isinstance(advice, Abstained)
    assert advice[0] == Advice(symbol="IBM", ruling=stands, keep=Percent(Decimal(keeps)), reason=reason)
    (noted,) = [event for event in tape.events if isinstance(event, NumbersUnverified)]
    assert (noted.role, noted.symbol, noted.numbers, noted.stands) == ("risk_manager", "IBM", ("912.5", "4.31"), keeps)
    assert noted.said >= noted.stands


def test_when_a_reason_for_an_exit_holds_a_strange_number_then_it_is_noted_and_the_exit_stays_whole() -> None:
    told = ReviewAnswer(symbol="AAPL", ruling=Ruling.APPROVE, keep_percent=100, reason="It fell 77.7%.")
    tape = MemoryTape()
    advice = advise(asker(saying(RiskAnswer(reviews=[review("IBM"), told])), tape), risk_manager_facts())
    assert not isinstance(advice, Abstained)
    assert (advice[1].ruling, advice[1].keep) == (Ruling.APPROVE, Percent(Decimal(100)))
    assert [event.numbers for event in tape.events if isinstance(event, NumbersUnverified)] == [("77.7%",)]


def test_when_the_baseline_reviews_then_none_of_its_numbers_is_strange() -> None:
    tape = MemoryTape()
    advise(asker(Baseline(), tape), risk_manager_facts())
    assert not [event for event in tape.events if isinstance(event, NumbersUnverified)]
