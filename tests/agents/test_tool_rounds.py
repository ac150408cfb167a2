"""Tool rounds: what a model may read before it answers, how often, and that the tape repeats none of it."""

import json
from typing import Any

import pytest

from perun.agents.analyst import analyse
from perun.agents.answers import SignalAnswer, Stance, TradeAnswer, trade_form
from perun.agents.asking import TOOL_ROUNDS, Abstained, Asker
from perun.agents.calling import CALLS_A_ROUND
from perun.agents.conversation import NO_MORE
from perun.agents.models import Message, Mind, Reply, ToolCall
from perun.agents.researcher import research
from perun.agents.trader import trade
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import EVENT, Called
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.toolbox.proposing import propose_signals
from perun.tools.toolbox.tool import Asked, ReadTool, Told, Tool
from support.agent_facts import analyst_facts, researcher_facts, trader_facts
from support.minds import COST, MemoryTape, asker, saying
from support.shelf import analyst_tools, portfolio_tools, view

STANCE = Stance(summary="It rises.", evidence=["[bars:AAPL:2013-02-20]"], stance="bullish", conviction=70)
HOLD = TradeAnswer(
    signals=[SignalAnswer(symbol="AAPL", action=Action.HOLD, confidence=50, rationale="Why not.", evidence=[])]
)


def calls(*wishes: tuple[str, Any], text: str = "") -> Reply:
    """A reply that calls tools; arguments are JSON unless they are text."""
    made = (
        ToolCall(f"call-{number}", name, said if isinstance(said, str) else json.dumps(said))
        for number, (name, said) in enumerate(wishes)
    )
    return Reply(text, COST, tuple(made))


BARS = calls(("bars", {"symbol": "AAPL", "count": 20}))


def reported(mind: Mind, tape: MemoryTape | None = None, rounds: int = TOOL_ROUNDS) -> Any:
    desk = asker(mind, tape)
    return analyse(Asker(desk.minds, desk.prompts, desk.tape, rounds), analyst_facts(), analyst_tools())


def broken(tool: Tool) -> Tool:
    """The tool, when nobody may ask it any more."""

    def answer(asked: Asked) -> Told:
        raise AssertionError(f"{tool.name} was asked")

    assert isinstance(tool, ReadTool)
    return ReadTool(tool.name, tool.arguments, answer)


def traded(mind: Mind, tape: MemoryTape | None = None) -> tuple[TradingSignal, ...] | Abstained:
    return trade(asker(mind, tape), trader_facts(), portfolio_tools())


def test_when_the_facts_are_enough_then_one_request_is_made() -> None:
    mind, tape = saying(STANCE), MemoryTape()
    reported(mind, tape)
    assert mind.calls == 1
    assert [tool.name for tool in mind.questions[0].tools] == [
        "bars", "indicators", "quote", "memory_search", "findings",
    ]  # fmt: skip
    assert tape.tool_calls == []


def test_when_the_model_calls_a_tool_then_it_is_told_and_answers_with_what_it_read() -> None:
    mind = saying(BARS, STANCE)
    report = reported(mind)
    assert report.evidence == ["[bars:AAPL:2013-02-20]"], "what a tool told may be cited"
    said, told = mind.questions[1].messages[-2:]
    assert said == Message("assistant", "", BARS.calls)
    assert (told.speaker, told.answers) == ("tool", "call-0")
    assert told.text.startswith("AAPL: date open high low close volume")


def test_when_a_number_came_from_a_tool_then_it_is_verified() -> None:
    close = f"{next(bar.close for bar in view().bars('AAPL', 20) if bar.session.day == 20):.2f}"
    told = STANCE.model_copy(update={"summary": f"On 20 February it closed at {close}."})
    assert reported(saying(told)).unverified == (close,)
    assert reported(saying(BARS, told)).unverified == ()


def test_when_the_rounds_are_used_up_then_the_model_is_asked_for_its_answer_without_tools() -> None:
    mind = saying(BARS, BARS, STANCE)
    assert reported(mind).conviction == 70
    assert [bool(question.tools) for question in mind.questions] == [True, True, False]
    assert mind.questions[1].messages[-1].speaker == "tool"
    assert mind.questions[2].messages[-1] == Message("user", NO_MORE)


def test_when_it_calls_tools_all_the_same_then_it_is_corrected_once_and_the_agent_abstains() -> None:
    mind = saying(BARS, BARS, BARS, BARS)
    assert reported(mind) == Abstained("analyst", "unusable answer: no tool may be called now")
    last = mind.questions[3].messages
    assert [message.speaker for message in last[-3:]] == ["assistant", "tool", "user"]
    assert last[-2].answers == "call-0", "every call has its answer, or servers refuse the conversation"


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_when_a_setting_caps_the_rounds_then_so_many_are_played(rounds: int) -> None:
    mind = saying(*[BARS] * rounds, STANCE)
    assert reported(mind, rounds=rounds).stance == "bullish"
    assert [bool(question.tools) for question in mind.questions] == [True] * rounds + [False]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("place_order", {"qty": 5}, "error: there is no tool 'place_order': there are bars, indicators, quote"),
        ("", {}, "error: there is no tool ''"),
        ("x" * 5000, {}, f"error: there is no tool '{'x' * 40}'"),
        ("bars", "nonsense", "error: the arguments do not fit: arguments: Invalid JSON"),
        ("bars", {"symbol": "MSFT"}, "error: no such symbol here: ask for one of AAPL, IBM"),
        ("propose_signals", {"signals": []}, "error: there is no tool 'propose_signals'"),
    ],
)
def test_when_a_call_is_no_good_then_the_model_is_told_why_and_a_round_is_spent(
    name: str, arguments: Any, said: str
) -> None:
    mind, tape = saying(calls((name, arguments)), BARS, STANCE), MemoryTape()
    reported(mind, tape)
    assert mind.questions[1].messages[-1].text.startswith(said)
    assert mind.questions[2].tools == ()
    assert [call.refused for call in tape.tool_calls] == [True, False]


def test_when_what_was_called_is_repeated_then_it_is_bounded_and_readable_by_every_server() -> None:
    wild = calls(("no such name!" * 50, '{"a": "' + "x" * 10_000), ("bars", "[1]"), text="y" * 10_000)
    mind, tape = saying(wild, STANCE), MemoryTape()
    reported(mind, tape)
    said = mind.questions[1].messages[2]
    assert len(said.text) == 4000
    assert [(len(call.name), call.arguments) for call in said.calls] == [(40, "{}"), (4, "{}")]
    assert said.calls[0].name.startswith("no_such_name_")
    assert tape.turns[0].calls[0] == Called(**vars(wild.calls[0])), "the tape keeps it whole"
    assert len(tape.tool_calls[0].arguments) == 2000


def test_when_many_tools_are_called_at_once_then_some_are_answered_and_every_call_has_a_word() -> None:
    many = calls(*[("quote", {"symbol": "AAPL"})] * (CALLS_A_ROUND + 2))
    mind = saying(many, STANCE)
    reported(mind)
    told = mind.questions[1].messages[3:]
    assert len(told) == CALLS_A_ROUND + 2
    assert [message.text.startswith("error: at most 4 calls at once") for message in told] == [False] * 4 + [True] * 2


def test_when_a_round_is_over_then_the_tape_tells_each_request_and_each_result_under_a_key_of_its_own() -> None:
    tape = MemoryTape()
    reported(saying(calls(("quote", {"symbol": "AAPL"}), ("findings", {})), "nonsense", BARS, STANCE), tape)
    assert [turn.key for turn in tape.turns] == [f"analyst:AAPL:{number}" for number in range(4)]
    assert [call.key for call in tape.tool_calls] == ["analyst:AAPL:0/0", "analyst:AAPL:0/1", "analyst:AAPL:2/0"]
    first, second, _ = tape.tool_calls
    assert (first.tool, first.arguments, first.refused) == ("quote", '{"symbol": "AAPL"}', False)
    assert second.tainted == ("[news:1]",)
    assert tape.turns[1].messages[2] == ("assistant", 'quote({"symbol": "AAPL"})\nfindings({})')
    for event in tape.events:
        assert EVENT.validate_json(EVENT.dump_json(event)) == event


def test_when_the_tape_holds_the_turn_then_neither_model_nor_tool_is_asked_again() -> None:
    tape = MemoryTape()
    before = reported(saying(BARS, "nonsense", STANCE), tape)
    written = len(tape.turns), len(tape.tool_calls)
    assert analyse(asker(saying(), tape), analyst_facts(), [broken(tool) for tool in analyst_tools()]) == before
    assert (len(tape.turns), len(tape.tool_calls)) == written


def test_when_the_tape_ends_anywhere_then_only_what_is_missing_is_asked_for() -> None:
    two = calls(("bars", {"symbol": "AAPL", "count": 20}), ("quote", {"symbol": "AAPL"}))
    script, whole = [two, "nonsense", BARS, STANCE], MemoryTape()
    before = reported(saying(*script), whole)
    for length in range(len(whole.events) + 1):
        cut = MemoryTape(list(whole.events[:length]))
        asked = len(cut.turns)
        mind = saying(*script[asked:])
        assert reported(mind, cut) == before
        assert mind.calls == 4 - asked
        assert [call.key for call in cut.tool_calls] == [call.key for call in whole.tool_calls]
        assert [turn.messages for turn in cut.turns] == [turn.messages for turn in whole.turns]


def test_when_the_provider_fails_between_rounds_then_the_agent_abstains() -> None:
    assert reported(saying(BARS, ModelUnavailable("down"))) == Abstained("analyst", "down")


def test_when_the_trader_proposes_then_the_call_is_read_exactly_as_an_answer() -> None:
    proposed = calls(("propose_signals", HOLD.model_dump_json()))
    mind = saying(proposed)
    assert traded(mind) == traded(saying(HOLD))
    assert mind.calls == 1
    assert [tool.name for tool in mind.questions[0].tools] == [
        "book", "risk_headroom", "past_decisions", "propose_signals",
    ]  # fmt: skip


def test_when_the_trader_reads_and_proposes_at_once_then_the_proposal_ends_the_turn() -> None:
    tape = MemoryTape()
    both = calls(("book", {}), ("propose_signals", HOLD.model_dump_json()))
    assert traded(saying(both), tape) == traded(saying(HOLD))
    assert tape.tool_calls == []


@pytest.mark.parametrize(
    ("proposal", "problem"),
    [
        (calls(("propose_signals", '{"signals": [{"symbol": "AAPL"')), "Invalid JSON"),
        (calls(("propose_signals", {"signals": [{"symbol": "AAPL"}]})), "signals.0.rationale: Field required"),
        (calls(*[("propose_signals", HOLD.model_dump_json())] * 2), "propose_signals was called more than once"),
    ],
)
def test_when_a_proposal_cannot_be_used_then_it_is_repaired_like_an_answer(proposal: Reply, problem: str) -> None:
    mind = saying(proposal, calls(("propose_signals", HOLD.model_dump_json())))
    assert traded(mind) == traded(saying(HOLD))
    last = mind.questions[1].messages
    assert problem in last[-1].text
    assert [each.answers for each in last if each.speaker == "tool"] == [call.id for call in proposal.calls]
    wrong = traded(saying(proposal, proposal))
    assert isinstance(wrong, Abstained)
    assert problem in wrong.reason


def test_when_the_researcher_calls_a_tool_then_there_is_none_and_it_cannot_get_one() -> None:
    mind = saying(BARS, BARS)
    said = research(asker(mind), researcher_facts())
    assert said == Abstained("researcher", "unusable answer: no tool may be called now")
    assert [question.tools for question in mind.questions] == [(), ()]


def test_when_a_role_is_handed_a_kind_of_tool_that_the_roster_does_not_grant_then_it_is_not_offered() -> None:
    mind = saying(STANCE)
    analyse(asker(mind), analyst_facts(), (*analyst_tools(), propose_signals(trade_form(("AAPL",)))))
    assert "propose_signals" not in {tool.name for tool in mind.questions[0].tools}


def test_when_call_texts_hold_half_a_character_then_the_tape_can_still_be_written() -> None:
    tape = MemoryTape()
    reported(saying(calls(("bars\ud83d", '{"symbol": "\ud83d"}')), STANCE), tape)
    for event in tape.events:
        assert EVENT.validate_json(EVENT.dump_json(event)) == event
