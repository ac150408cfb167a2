"""Findings, memories, the book and past decisions by tool: bounded words, with what comes from outside marked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from perun.tools.domain.money import Percent
from perun.tools.domain.signals import Action, Advice, Ruling
from perun.tools.toolbox.book import book_tool
from perun.tools.toolbox.decisions import LONGEST_WORDS, Decision, LastAdvice, advice_lines, decisions_tool
from perun.tools.toolbox.reports import findings_tool
from support.agent_facts import finding, portfolio, position
from support.shelf import SYMBOLS, NoPast, analyst_tools, call, portfolio_tools, view

THEN = datetime(2013, 2, 20, 21, 0, tzinfo=UTC)
SHRINK = Advice(symbol="AAPL", ruling=Ruling.SHRINK, keep=Percent(Decimal(40)), reason="It is a large position.")


def decision(**changes: object) -> Decision:
    made = Decision(
        symbol="AAPL",
        as_of=THEN,
        action=Action.BUY,
        confidence=0.8,
        rationale="The trend is up.",
        advice=SHRINK,
        verdict="cleared",
        order="buy 12, filled, 12 filled at 101.25",
    )
    return made.model_copy(update=changes)


class Past(NoPast):
    def __init__(self, *made: Decision) -> None:
        self.made, self.asked = made, []

    def decisions(self, symbol: str, as_of: datetime, count: int) -> Sequence[Decision]:
        self.asked.append((symbol, as_of, count))
        return self.made


def decided(*made: Decision) -> str:
    return call([decisions_tool(Past(*made), view(), SYMBOLS)], "past_decisions", '{"symbol": "AAPL"}').text


def test_when_findings_are_asked_for_then_they_come_as_they_left_the_researcher_and_all_of_them_tainted() -> None:
    told = call([findings_tool([finding(), finding(source="[news:2]")])], "findings")
    assert told.text.splitlines()[0] == "- [news:1] 2013-02-28 positive: Sells more telephones."
    assert told.evidence == told.tainted == ("[news:1]", "[news:2]")


def test_when_the_memory_is_searched_then_words_and_symbol_reach_it_and_taint_comes_back() -> None:
    told = call(analyst_tools(), "memory_search", '{"symbol": "IBM", "words": "a gap down"}')
    assert "IBM: a gap down" in told.text
    assert told.tainted == told.evidence == ("[mem:analysis-0a]",)


def test_when_the_memory_of_another_symbol_is_searched_then_it_is_refused() -> None:
    assert call(analyst_tools(), "memory_search", '{"symbol": "MSFT", "words": "x"}').refused
    assert call(analyst_tools(), "memory_search", '{"symbol": "IBM", "words": ""}').refused


def test_when_the_book_is_asked_for_then_account_positions_and_orders_are_told() -> None:
    told = call(portfolio_tools(), "book").text
    assert "equity 100000, cash 89575" in told
    assert "- AAPL: 100 shares bought at 95.1" in told
    assert "- sell 100 AAPL stop at 90" in told


def test_when_the_book_is_asked_for_one_symbol_then_the_others_are_left_out() -> None:
    tool = book_tool(portfolio(position(), position("IBM", 5)))
    told = call([tool], "book", '{"symbol": "IBM"}').text
    assert "IBM" in told
    assert "AAPL" not in told


def test_when_a_decision_is_told_then_wish_advice_verdict_order_and_what_came_of_it_stand_in_one_line() -> None:
    closes = {bar.session.day: bar.close for bar in view().bars("AAPL", 10) if bar.session.month == 2}
    change = 100 * (closes[28] / closes[20] - 1)
    assert decided(decision()) == (
        "- 2013-02-20 BUY with confidence 80: The trend is up. The risk manager: shrink, keep 40%. It is a large "
        "position. The gate: cleared. The order: buy 12, filled, 12 filled at 101.25. "
        f"Close then {closes[20]:f}, now {closes[28]:f} ({change:+.1f}%)."
    )


def test_when_a_decision_goes_back_to_text_from_outside_then_its_facts_are_told_and_its_words_are_not() -> None:
    told = decided(decision(tainted=True))
    assert "The trend is up" not in told
    assert "large position" not in told
    assert "BUY with confidence 80" in told
    assert "shrink, keep 40%" in told


def test_when_nothing_was_decided_then_it_says_none_and_a_long_rationale_is_cut() -> None:
    assert decided() == "none"
    assert "x" * LONGEST_WORDS not in decided(decision(rationale="x" * 600))


def test_when_decisions_are_asked_for_then_it_is_as_of_the_cycle_and_for_so_many() -> None:
    past = Past()
    tool = decisions_tool(past, view(), SYMBOLS)
    call([tool], "past_decisions", '{"symbol": "IBM", "count": 7}')
    assert past.asked == [("IBM", view().as_of, 7)]
    assert call([tool], "past_decisions", '{"symbol": "IBM", "count": 11}').refused
    assert call([tool], "past_decisions", '{"symbol": "MSFT"}').refused


def test_when_a_decision_is_told_then_nothing_of_it_may_be_cited() -> None:
    told = call([decisions_tool(Past(decision()), view(), SYMBOLS)], "past_decisions", '{"symbol": "AAPL"}')
    assert told.evidence == ()


def test_when_the_risk_manager_s_last_words_are_told_then_they_are_dated_and_bounded() -> None:
    long = SHRINK.model_copy(update={"symbol": "IBM", "reason": "y" * 400})
    told = advice_lines(LastAdvice(as_of=THEN, advice=(SHRINK, long))).splitlines()
    assert told[0] == "- 2013-02-20 AAPL: shrink, keep 40%. It is a large position."
    assert len(told[1]) < LONGEST_WORDS + 60
    assert advice_lines(None) == "none"
