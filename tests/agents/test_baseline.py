"""The baseline: its documented rule, on what the recorded market really said, and no request to anybody."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from perun.agents.analyst import analyse
from perun.agents.answers import AnalystReport, ResearchAnswer, Stance
from perun.agents.asking import Abstained, read
from perun.agents.baseline import Baseline
from perun.agents.facts import AnalystFacts, TraderFacts
from perun.agents.models import Question
from perun.agents.researcher import research
from perun.agents.risk_manager import advise
from perun.agents.trader import trade
from perun.tools.domain.events import ModelAsked, Usage
from perun.tools.domain.signals import Action, Advice, Ruling, TradingSignal
from perun.tools.market.indicators import indicators
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.snapshot import HISTORY, SHOWN, SymbolSnapshot
from support.agent_facts import (
    analyst_facts,
    portfolio,
    position,
    report,
    researcher_facts,
    risk_manager_facts,
    signal,
    snapshot,
)
from support.agent_facts import trader_facts as made_trader_facts
from support.minds import MemoryTape, asker


@pytest.fixture(scope="module")
def market() -> RecordedMarket:
    return RecordedMarket.shipped()


def seen(market: RecordedMarket, symbol: str, day: date) -> AnalystFacts:
    view = market.at(market.session(day).closes)
    bars = view.bars(symbol, HISTORY)
    look = SymbolSnapshot(
        symbol=symbol, quote=view.quote(symbol), bars=tuple(bars[-SHOWN:]), indicators=indicators(bars)
    )
    return AnalystFacts(as_of=view.as_of, snapshot=look, position=None, memories=(), findings=())


def analysed(facts: AnalystFacts) -> AnalystReport:
    said = analyse(asker(Baseline()), facts)
    assert isinstance(said, AnalystReport)
    return said


@pytest.mark.parametrize(
    ("symbol", "day", "stance", "conviction", "votes"),
    [
        ("IBM", date(2013, 2, 15), "bullish", 80, "yes yes yes yes"),
        ("AAPL", date(2012, 10, 18), "bullish", 65, "yes yes yes no"),
        ("GOOG", date(2012, 8, 22), "bullish", 65, "yes no yes yes"),
        ("MSFT", date(2012, 1, 4), "bullish", 65, "yes yes no yes"),
        ("MSFT", date(2011, 9, 9), "bullish", 65, "no yes yes yes"),
        ("IBM", date(2012, 12, 18), "neutral", 50, "no no yes yes"),
        ("MSFT", date(2011, 11, 4), "neutral", 50, "yes yes no no"),
        ("AAPL", date(2013, 2, 15), "bearish", 65, "no no yes no"),
        ("MSFT", date(2013, 2, 15), "bearish", 65, "no no no yes"),
        ("MSFT", date(2011, 3, 21), "bearish", 65, "no yes no no"),
        ("IBM", date(2002, 12, 13), "bearish", 65, "yes no no no"),
        ("GOOG", date(2009, 2, 26), "bearish", 80, "no no no no"),
    ],
)
def test_when_a_recorded_day_is_analysed_then_the_four_votes_decide(
    market: RecordedMarket, symbol: str, day: date, stance: str, conviction: int, votes: str
) -> None:
    said = analysed(seen(market, symbol, day))
    assert (said.symbol, said.stance, said.conviction) == (symbol, stance, conviction)
    assert said.evidence == [f"[bars:{symbol}:{day}]"]
    first, second, third, fourth = votes.split()
    assert said.summary == (
        f"Baseline: {votes.count('yes')} of 4 votes for a rising trend (close above 200-session average {first}, "
        f"50 above 200 {second}, 12-1 momentum up {third}, 20-session return up {fourth})."
    )


@pytest.mark.parametrize("up", list(product([True, False], repeat=4)))
def test_when_any_votes_fall_together_then_their_number_alone_decides(up: tuple[bool, bool, bool, bool]) -> None:
    above, crossed, momentum, lately = up
    look = snapshot(
        sma_200="100" if above else "110",
        sma_50=("101" if crossed else "99") if above else ("111" if crossed else "109"),
        momentum_12_1="0.0001" if momentum else "0.0000",
        return_20="0.0001" if lately else "-0.0001",
    )
    said = analysed(analyst_facts(snapshot=look))
    table = {4: ("bullish", 80), 3: ("bullish", 65), 2: ("neutral", 50), 1: ("bearish", 65), 0: ("bearish", 80)}
    assert (said.stance, said.conviction) == table[sum(up)]


@pytest.mark.parametrize("name", ["sma_50", "sma_200", "momentum_12_1", "return_20"])
def test_when_an_indicator_of_the_votes_is_missing_then_the_report_is_neutral_without_conviction(name: str) -> None:
    said = analysed(analyst_facts(snapshot=snapshot(**{name: None})))
    assert (said.stance, said.conviction) == ("neutral", 0)
    assert said.summary == "Baseline: too little history to vote."


def test_when_a_share_was_listed_lately_then_the_report_is_neutral_without_conviction(market: RecordedMarket) -> None:
    for day in (date(2012, 5, 18), date(2013, 2, 15)):
        said = analysed(seen(market, "FB", day))
        assert (said.stance, said.conviction) == ("neutral", 0)


def test_when_there_is_no_bar_at_all_then_the_report_is_neutral_without_evidence() -> None:
    said = analysed(analyst_facts(snapshot=snapshot().model_copy(update={"bars": ()})))
    assert (said.stance, said.conviction, said.evidence) == ("neutral", 0, [])


@pytest.mark.parametrize(
    ("stance", "held", "action", "why"),
    [
        ("bullish", 0, Action.BUY, "the trend is up and we hold none"),
        ("bullish", 10, Action.HOLD, "the trend is bullish and we hold 10"),
        ("neutral", 0, Action.HOLD, "the trend is neutral and we hold none"),
        ("neutral", 10, Action.HOLD, "the trend is neutral and we hold 10"),
        ("bearish", 0, Action.HOLD, "the trend is bearish and we hold none"),
        ("bearish", 10, Action.SELL, "the trend is down and we hold it"),
        ("bullish", -10, Action.HOLD, "the trend is bullish and we hold -10"),
        ("bearish", -10, Action.HOLD, "the trend is bearish and we hold -10"),
    ],
)
def test_when_stance_and_holding_are_known_then_the_action_follows(
    stance: str, held: int, action: Action, why: str
) -> None:
    book = portfolio(position("AAPL", held)) if held else portfolio()
    facts = made_trader_facts(symbols=("AAPL",), reports=(report(stance=stance),), portfolio=book)
    assert traded(facts) == (
        TradingSignal(
            symbol="AAPL",
            action=action,
            confidence=0.8,
            rationale=f"Baseline: {why}.",
            evidence=("[bars:AAPL:2013-02-28]",),
        ),
    )


def test_when_the_rule_is_too_unsure_for_the_desk_then_the_desk_holds() -> None:
    facts = made_trader_facts(reports=(report(conviction=65),), portfolio=portfolio(), min_confidence=0.7)
    assert [each.action for each in traded(facts)] == [Action.HOLD, Action.HOLD]


def traded(facts: TraderFacts, tape: MemoryTape | None = None) -> tuple[TradingSignal, ...]:
    said = trade(asker(Baseline(), tape), facts)
    assert not isinstance(said, Abstained)
    return said


@pytest.mark.parametrize(
    ("volatility", "ruling", "keep"),
    [
        ("0.1500", Ruling.APPROVE, 100),
        ("0.3000", Ruling.APPROVE, 100),
        ("0.3001", Ruling.SHRINK, 99),
        ("0.6000", Ruling.SHRINK, 50),
        ("0.9000", Ruling.SHRINK, 33),
        ("45.0000", Ruling.SHRINK, 0),
        (None, Ruling.VETO, 0),
        ("0.0000", Ruling.VETO, 0),
    ],
)
def test_when_volatility_is_known_then_the_size_shrinks_to_its_target_and_else_to_nothing(
    volatility: str | None, ruling: Ruling, keep: int
) -> None:
    advice = advised(snapshot("IBM", volatility_20=volatility))
    assert (advice.symbol, advice.ruling, advice.keep.root) == ("IBM", ruling, Decimal(keep))


def test_when_a_recorded_share_was_wild_then_only_part_is_kept(market: RecordedMarket) -> None:
    look = seen(market, "AAPL", date(2013, 2, 15)).snapshot
    advice = advised(look)
    assert (advice.ruling, advice.keep.root) == (Ruling.SHRINK, Decimal(57))
    assert advice.reason == "Volatility 0.5251 a year is above the target: keep 57%."


def advised(look: SymbolSnapshot) -> Advice:
    facts = risk_manager_facts(signals=(signal(look.symbol, Action.BUY),), market={look.symbol: look})
    said = advise(asker(Baseline()), facts)
    assert not isinstance(said, Abstained)
    return said[0]


def test_when_documents_come_then_the_baseline_cannot_read_and_finds_nothing() -> None:
    assert research(asker(Baseline()), researcher_facts()) == ()


def test_when_the_baseline_answers_then_it_passes_the_same_reading_and_costs_nothing() -> None:
    facts = analyst_facts()
    reply = Baseline().reply(Question("analyst", "AAPL", (), facts, Stance))
    assert read(reply.text, Stance, lambda answer: "").stance == "bullish"
    assert reply.usage == Usage(calls=0, input_tokens=0, output_tokens=0, cost_usd=Decimal(0))


def test_when_every_role_has_spoken_then_the_tape_shows_no_request_no_repair_and_the_label() -> None:
    tape = MemoryTape()
    desk = asker(Baseline(), tape)
    analyse(desk, analyst_facts())
    trade(desk, made_trader_facts())
    advise(desk, risk_manager_facts())
    assert [turn.key for turn in tape.turns] == ["analyst:AAPL:0", "trader:*:0", "risk_manager:*:0"]
    assert {turn.model for turn in tape.turns} == {"baseline (no LLM)"}
    assert sum((turn.usage for turn in tape.turns), Usage()) == Usage()
    assert tape.abstentions == []


def test_when_the_same_facts_come_twice_then_the_answer_is_the_same_to_the_byte() -> None:
    question = Question("trader", None, (), made_trader_facts(), ResearchAnswer)
    assert Baseline().reply(question) == Baseline().reply(question)


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_when_the_baseline_gives_reasons_then_every_number_in_them_was_shown(
    market: RecordedMarket, symbol: str
) -> None:
    days = [session.day for session in market.sessions()][1300::97]
    for day in days:
        tape = MemoryTape()
        said = analyse(asker(Baseline(), tape), seen(market, symbol, day))
        assert isinstance(said, AnalystReport)
        for book in (portfolio(), portfolio(position(symbol, 652))):
            traded(made_trader_facts(symbols=(symbol,), reports=(said,), portfolio=book), lone := MemoryTape())
            assert {type(event) for event in (*tape.events, *lone.events)} == {ModelAsked}
    assert len(days) > 20
