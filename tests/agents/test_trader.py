"""The trader: one signal a symbol; what is too weak, unfounded or unsaid is a HOLD that says why."""

import pytest
from pydantic import BaseModel, ValidationError

from perun.agents.answers import SignalAnswer, TradeAnswer
from perun.agents.asking import Abstained
from perun.agents.facts import TraderFacts
from perun.agents.trader import hold, trade
from perun.agents.wording import bracketed
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import EvidenceTainted, NumbersUnverified
from perun.tools.domain.signals import Action, TradingSignal
from support.agent_facts import report, trader_facts
from support.minds import MemoryTape, asker, saying


def said(symbol: str = "AAPL", action: Action = Action.BUY, confidence: int = 80, *evidence: str) -> SignalAnswer:
    return SignalAnswer(
        symbol=symbol, action=action, confidence=confidence, rationale="So it is.", evidence=list(evidence)
    )


def signals(facts: TraderFacts, *answers: SignalAnswer) -> tuple[TradingSignal, ...]:
    formed = trade(asker(saying(TradeAnswer(signals=list(answers)))), facts)
    assert not isinstance(formed, Abstained)
    return formed


def test_when_the_trader_wishes_then_confidence_becomes_a_ratio_and_the_words_stay() -> None:
    first, second = signals(
        trader_facts(), said("IBM", Action.HOLD, 30), said("AAPL", Action.SELL, 73, "[bars:AAPL:2013-02-28]")
    )
    assert first == TradingSignal(
        symbol="AAPL", action=Action.SELL, confidence=0.73, rationale="So it is.", evidence=("[bars:AAPL:2013-02-28]",)
    )
    assert (second.symbol, second.action, second.confidence) == ("IBM", Action.HOLD, 0.3)


def test_when_answers_come_in_another_order_then_signals_keep_the_order_of_the_symbols() -> None:
    assert [each.symbol for each in signals(trader_facts(), said("IBM"), said("AAPL"))] == ["AAPL", "IBM"]


@pytest.mark.parametrize("action", [Action.BUY, Action.SELL])
def test_when_confidence_is_below_the_least_then_the_signal_is_a_hold_that_says_so(action: Action) -> None:
    formed = signals(trader_facts(), said("AAPL", action, 59, "[bars:AAPL:2013-02-28]"))[0]
    assert (formed.action, formed.confidence, formed.evidence) == (Action.HOLD, 0.59, ("[bars:AAPL:2013-02-28]",))
    assert formed.rationale == f"(HOLD instead: {action} at 0.59 is below the least confidence.) So it is."


@pytest.mark.parametrize("percent", range(101))
def test_when_confidence_is_exactly_the_least_then_the_signal_stands(percent: int) -> None:
    facts = trader_facts(min_confidence=float(f"0.{percent:02}") if percent < 100 else 1.0)
    formed = signals(facts, said("AAPL", Action.BUY, percent))[0]
    assert (formed.action, formed.confidence) == (Action.BUY, facts.min_confidence)


def test_when_the_analyst_abstained_then_a_buy_becomes_a_hold_that_says_so() -> None:
    formed = signals(trader_facts(reports=(report("IBM"),)), said("AAPL"), said("IBM"))
    assert [each.action for each in formed] == [Action.HOLD, Action.BUY]
    why = "a BUY needs the analyst's report, and the analyst abstained"
    assert formed[0].rationale == f"(HOLD instead: {why}.) So it is."


def test_when_the_analyst_abstained_then_a_sell_still_stands_for_exits_stay_open() -> None:
    assert signals(trader_facts(reports=()), said("AAPL", Action.SELL))[0].action is Action.SELL


def test_when_the_trader_says_nothing_of_a_symbol_then_it_is_a_hold_with_no_confidence() -> None:
    assert signals(trader_facts(), said("AAPL"))[1] == hold("IBM", "The trader said nothing of it.")
    assert [each.action for each in signals(trader_facts())] == [Action.HOLD, Action.HOLD]


def test_when_a_hold_is_made_then_it_has_no_confidence_and_no_evidence() -> None:
    assert hold("IBM", "why") == TradingSignal(
        symbol="IBM", action=Action.HOLD, confidence=0, rationale="why", evidence=()
    )


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([said("MSFT")], "unknown symbols MSFT"),
        ([said("aapl")], "unknown symbols aapl"),
        ([said("AAPL"), said("AAPL")], "more than one signal for AAPL"),
        ([said("AAPL"), said("AAPL", Action.SELL)], "more than one signal for AAPL"),
        ([said("MSFT"), said("IBM"), said("IBM")], "unknown symbols MSFT; more than one signal for IBM"),
    ],
)
def test_when_symbols_are_unknown_or_named_twice_then_the_model_must_repair(
    answers: list[SignalAnswer], problem: str
) -> None:
    wrong = TradeAnswer(signals=answers)
    mind = saying(wrong, TradeAnswer(signals=[said("AAPL")]))
    assert not isinstance(trade(asker(mind), trader_facts()), Abstained)
    assert f"cannot be used: {problem}." in mind.questions[1].messages[-1].text
    assert trade(asker(saying(wrong, wrong)), trader_facts()) == Abstained("trader", f"unusable answer: {problem}")


def test_when_no_answer_comes_then_the_trader_abstains() -> None:
    assert trade(asker(saying(ModelUnavailable("down"))), trader_facts()) == Abstained("trader", "down")


@pytest.mark.parametrize(
    "written",
    [
        "bars:AAPL:2013-02-28",
        "[bars:AAPL:2013-02-28]",
        " [bars:AAPL:2013-02-28] ",
        "[[bars:AAPL:2013-02-28]]",
        "bars:AAPL:2013-02-28]",
    ],
)
def test_when_evidence_is_cited_with_or_without_brackets_then_it_has_one_pair(written: str) -> None:
    assert bracketed(written) == "[bars:AAPL:2013-02-28]"
    assert signals(trader_facts(), said("AAPL", Action.BUY, 80, written))[0].evidence == ("[bars:AAPL:2013-02-28]",)


def test_when_the_trader_is_asked_then_its_form_has_room_for_these_symbols_alone() -> None:
    mind = saying(TradeAnswer(signals=[]))
    trade(asker(mind), trader_facts())
    form = mind.questions[0].answer
    assert fits(form, said("AAPL"), said("IBM"))
    assert not fits(form, said("MSFT"))
    assert not fits(form, said("AAPL"), said("IBM"), said("AAPL"))


def fits(form: type[BaseModel], *answers: SignalAnswer) -> bool:
    try:
        form.model_validate_json(TradeAnswer(signals=list(answers)).model_dump_json())
    except ValidationError:
        return False
    return True


def test_when_the_trader_is_asked_then_it_is_once_for_the_whole_book() -> None:
    mind = saying(TradeAnswer(signals=[]))
    trade(asker(mind), trader_facts())
    assert (mind.calls, mind.questions[0].symbol) == (1, None)
    assert "Symbols: AAPL, IBM" in mind.questions[0].messages[1].text
    assert "below 60 is treated as a HOLD" in mind.questions[0].messages[1].text


NEWS, MEMORY, OURS = "[news:1]", "[mem:analysis-0a]", "[bars:AAPL:2013-02-28]"
"""What came from outside, what derives from it, and what the desk computed."""


def tainted_facts(*evidence: str) -> TraderFacts:
    """AAPL's report rests on this; the news and what is remembered of it are known to come from outside."""
    told = report(evidence=list(evidence), tainted=(NEWS, MEMORY))
    return trader_facts(reports=(told, report("IBM")))


@pytest.mark.parametrize("cited", [(NEWS,), (MEMORY,), (NEWS, MEMORY), (NEWS, "[bars:AAPL:1999-01-01]")])
def test_when_a_buy_rests_on_text_from_outside_alone_then_it_is_a_hold_that_says_so(cited: tuple[str, ...]) -> None:
    tape = MemoryTape()
    facts = tainted_facts(NEWS, MEMORY, OURS)
    formed = trade(asker(saying(TradeAnswer(signals=[said("AAPL", Action.BUY, 80, *cited)])), tape), facts)
    assert not isinstance(formed, Abstained)
    assert formed[0].action is Action.HOLD
    assert formed[0].rationale == "(HOLD instead: a BUY needs evidence that does not come from outside.) So it is."
    assert [event.symbol for event in tape.events if isinstance(event, EvidenceTainted)] == ["AAPL"]


def test_when_a_buy_rests_on_more_than_that_then_it_stands() -> None:
    assert signals(tainted_facts(NEWS, OURS), said("AAPL", Action.BUY, 80, NEWS, OURS))[0].action is Action.BUY


def test_when_a_sell_rests_on_text_from_outside_alone_then_it_stands_for_exits_stay_open() -> None:
    assert signals(tainted_facts(NEWS), said("AAPL", Action.SELL, 80, NEWS))[0].action is Action.SELL


def test_when_a_signal_cites_nothing_then_it_rests_on_its_report() -> None:
    assert signals(tainted_facts(NEWS, OURS), said("AAPL"))[0].evidence == (NEWS, OURS)
    assert signals(tainted_facts(NEWS), said("AAPL"))[0].action is Action.HOLD
    assert signals(tainted_facts(), said("AAPL"))[0].action is Action.HOLD, "and on nothing nobody buys"


def wished(rationale: str, action: Action = Action.BUY, confidence: int = 80) -> tuple[TradingSignal, MemoryTape]:
    tape, answer = MemoryTape(), said("AAPL", action, confidence).model_copy(update={"rationale": rationale})
    formed = trade(asker(saying(TradeAnswer(signals=[answer])), tape), trader_facts())
    assert not isinstance(formed, Abstained)
    return formed[0], tape


@pytest.mark.parametrize(
    ("rationale", "confidence"),
    [
        ("Conviction 80, and the close of 104.25 stands above 95; we hold 100 at 95.1, 10.4% of equity.", 0.8),
        ("The target is 130.", 0.7),
        ("From 130 to 140.", 0.6),
    ],
)
def test_when_a_rationale_has_numbers_that_were_not_shown_then_each_takes_ten_points(
    rationale: str, confidence: float
) -> None:
    signal, _ = wished(rationale)
    assert (signal.action, signal.confidence, signal.rationale) == (Action.BUY, confidence, rationale)


def test_when_too_little_confidence_is_left_then_a_buy_is_a_hold_that_says_why() -> None:
    signal, tape = wished("130, then 131, then 132.")
    why = "BUY at 0.50 after 3 unverified numbers is below the least confidence"
    assert (signal.action, signal.confidence) == (Action.HOLD, 0.5)
    assert signal.rationale == f"(HOLD instead: {why}.) 130, then 131, then 132."
    assert [event for event in tape.events if isinstance(event, NumbersUnverified)] == [
        NumbersUnverified(role="trader", symbol="AAPL", numbers=("130", "131", "132"), said=80, stands=50)
    ]


def test_when_a_sell_has_such_numbers_then_they_are_on_the_record_and_the_exit_stays_open() -> None:
    signal, tape = wished("130, then 131, then 132.", Action.SELL)
    assert (signal.action, signal.confidence) == (Action.SELL, 0.8)
    assert [event.stands for event in tape.events if isinstance(event, NumbersUnverified)] == [80]


def test_when_the_analyst_s_number_was_not_verified_then_the_trader_cannot_lean_on_it() -> None:
    told = report(summary="The target is 130, the close 104.25.", unverified=("130",))
    answer = said().model_copy(update={"rationale": "104.25 on the way to 130."})
    tape = MemoryTape()
    trade(asker(saying(TradeAnswer(signals=[answer])), tape), trader_facts(reports=(told, report("IBM"))))
    assert [event.numbers for event in tape.events if isinstance(event, NumbersUnverified)] == [("130",)]


def test_when_the_risk_manager_spoke_last_time_then_the_trader_reads_it() -> None:
    mind = saying(TradeAnswer(signals=[]), TradeAnswer(signals=[]))
    trade(asker(mind), trader_facts())
    trade(asker(mind), trader_facts(last_advice=None))
    first, second = (question.messages[1].text for question in mind.questions)
    assert "- 2013-02-20 AAPL: shrink, keep 40%. AAPL is a tenth of the book already." in first
    assert second.endswith("What the risk manager said last time:\nnone")


def test_when_evidence_is_cited_that_nobody_was_shown_then_it_is_left_out() -> None:
    formed = signals(trader_facts(), said("AAPL", Action.BUY, 80, "[news:madeup]", "[bars:AAPL:2013-02-28]"))[0]
    assert formed.evidence == ("[bars:AAPL:2013-02-28]",)
