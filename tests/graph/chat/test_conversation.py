"""A conversation is on record, goes on in another process, halts after a yes, and says nothing unchecked."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from perun.agents.models import Reply, ToolCall
from perun.graph.app.chatting import open_desk
from perun.graph.app.inspecting import status
from perun.graph.chat.answering import NO_ANSWER
from perun.graph.chat.checking import OUTSIDE
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.speaking import Confirmation, Conversation
from perun.graph.chat.transcript import spoken
from perun.graph.ledger.ledger import open_ledger
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.memdir import Memdir
from perun.tools.domain.chat_events import AnswerSaid, HaltAsked, HaltSettled, QuestionPut
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, ModelUnavailable
from perun.tools.domain.events import CommandGiven, ModelAsked, StateChanged, ToolCalled, Usage
from support.chat_desk import ask, desk_with, says
from support.floor import cycle
from support.minds import ScriptedMind, saying

WHY = "Why did we buy AAPL on 2009-06-01?"
_FREE = Usage(calls=1)
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def name() -> str:
    return f"t-{uuid4().hex[:8]}"


def streams_of(settings: dict[str, str], stream: str) -> list[Any]:
    with open_ledger(Path(settings["DATA_DIR"]) / "var" / "perun.db", SystemClock()) as ledger:
        assert ledger.events.verify(stream) is None
        return [stored.event for stored in ledger.events.read(stream)]


def test_when_a_question_was_answered_then_question_answer_and_cycles_stand_in_a_whole_chain(
    here: dict[str, str], name: str
) -> None:
    with open_desk(here) as desk:
        answer = ask(desk, WHY, name)
    question, said = streams_of(here, f"chat:{name}")
    assert question == QuestionPut(turn=1, voice="desk", text=WHY)
    assert said == answer
    assert [each.rpartition(":")[2] for each in answer.cycles] == ["2009-06-01"]


def test_when_another_process_goes_on_then_what_was_spoken_of_is_known_still(here: dict[str, str], name: str) -> None:
    with open_desk(here) as desk:
        ask(desk, WHY, name)
    with open_desk(here) as desk:
        answer = ask(desk, "And what did the gate say?", name)
    assert answer.turn == 2
    assert "AAPL was cleared" in spoken(answer)
    assert "[cycle:2009-06-01/event:" in spoken(answer)


def test_when_a_cycle_is_given_then_it_is_the_one_that_is_meant(desk: ReadingDesk, name: str) -> None:
    assert "[cycle:2009-06-04/event:" in spoken(ask(desk, "What about IBM, why?", name, cycle="2009-06-04"))


@pytest.mark.parametrize("bad", ["", "a/b", "../x", "x" * 65, "a b", "chat:x"])
def test_when_a_conversation_s_name_is_none_then_nothing_is_written(desk: ReadingDesk, bad: str) -> None:
    with pytest.raises((ConfigurationError, ValueError)):
        ask(desk, WHY, bad)


def test_when_a_question_holds_a_secret_then_neither_record_nor_answer_nor_model_does(
    here: dict[str, str], name: str, recorded: Path
) -> None:
    with open_desk({**here, "WEB_TOKEN": SECRET}) as desk:
        ask(desk, f"Why AAPL? My key is {SECRET}.", name)
    assert not any(SECRET.encode() in path.read_bytes() for path in recorded.rglob("*") if path.is_file())


# With a model


def test_when_a_model_speaks_then_what_is_true_is_said_and_the_rest_withheld_without_a_word_of_it(
    here: dict[str, str], name: str
) -> None:
    mind = saying(says(("AAPL was cleared.", "[cycle:2009-06-01]"), ("We made 4711 dollars.", "[cycle:2009-06-01]")))
    with desk_with(mind, here) as desk:
        answer = ask(desk, WHY, name)
    assert [each.text for each in answer.said] == ["AAPL was cleared."]
    assert answer.mind == "scripted"
    assert answer.notes == ("1 sentence withheld: a number in it stands in nothing that it cites.",)
    assert "4711" not in spoken(answer)
    assert answer.withheld[0].text == "We made 4711 dollars.", "the record keeps it"


def test_when_all_that_a_model_says_is_withheld_then_it_is_said_that_there_is_no_answer(
    here: dict[str, str], name: str
) -> None:
    with desk_with(saying(says(("Trust me.", ""))), here) as desk:
        answer = ask(desk, WHY, name)
    assert answer.said == ()
    assert answer.notes == ("1 sentence withheld: it cites nothing.", NO_ANSWER)


@pytest.mark.parametrize("text", [says(in_record=False), says(), says(("Sun.", "[cycle:2009-06-01]"), in_record=False)])
def test_when_a_model_says_that_the_record_has_no_answer_then_so_does_the_chat(
    text: str, here: dict[str, str], name: str
) -> None:
    with desk_with(saying(text), here) as desk:
        answer = ask(desk, "What is the weather?", name)
    assert (answer.said, answer.notes) == ((), (NO_ANSWER,))


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("Why did we buy TSLA?", "The record holds nothing about TSLA."),
        ("Why was IBM denied on 2031-01-05?", "The record holds no cycle of 2031-01-05."),
        ("Why did we sell AAPL in cycle 2009-06-99?", "The record holds no cycle of 2009-06-99."),
    ],
)
def test_when_what_is_named_is_not_in_the_record_then_that_is_said_and_no_model_is_asked(
    question: str, note: str, here: dict[str, str], name: str
) -> None:
    mind = ScriptedMind(lambda question: says(in_record=False))
    with desk_with(mind, here) as desk:
        assert ask(desk, question, name).notes == (note,)
    assert mind.calls == 0


def test_when_a_decision_is_asked_for_that_never_came_out_so_then_that_is_said(desk: ReadingDesk, name: str) -> None:
    assert ask(desk, "Why was AAPL denied?", name).notes == (
        "The record holds no decision on AAPL that came to denied.",
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((ModelUnavailable("the provider is gone"),), "scripted: the provider is gone."),
        (("nonsense 4711", '{"BUY TSLA": 1}'), "scripted: its answer cannot be read."),
    ],
)
def test_when_a_model_gives_no_answer_then_the_baseline_voice_does_and_says_so(
    said: tuple[Any, ...], told: str, here: dict[str, str], name: str
) -> None:
    with desk_with(saying(*said), here) as desk:
        answer = ask(desk, WHY, name)
    assert answer.notes == (told,)
    assert answer.mind == "baseline (no LLM)"
    assert len(answer.said) > 3


def test_when_a_model_calls_tools_then_they_read_the_record_and_stand_on_it(here: dict[str, str], name: str) -> None:
    calls = (
        ToolCall("a", "find_decisions", '{"symbol": "IBM", "outcome": "denied"}'),
        ToolCall("b", "verdict_table", '{"cycle": "2009-06-02", "symbol": "IBM"}'),
        ToolCall("c", "compare_cycles", '{"first": "2009-06-01", "second": "2009-06-02"}'),
        ToolCall("d", "place_order", '{"symbol": "IBM"}'),
    )
    more = (
        ToolCall("a", "order_life", '{"order": "perun-embedded-2009-06-01-AAPL-entry-1"}'),
        ToolCall("b", "memory_search", '{"words": "IBM", "symbol": "IBM"}'),
        ToolCall("c", "account_then", '{"cycle": "[cycle:2009-06-01]"}'),
        ToolCall("d", "what_would_flip", '{"cycle": "2009-06-02", "symbol": "TSLA"}'),
    )
    mind = saying(Reply("", calls=calls, usage=_FREE), Reply("", calls=more, usage=_FREE), says(in_record=False))
    with desk_with(mind, here) as desk:
        ask(desk, "Tell me about IBM.", name)
    told = {event.tool: event for event in streams_of(here, f"chat:{name}") if isinstance(event, ToolCalled)}
    refused = {tool for tool, event in told.items() if event.refused}
    assert refused == {"place_order", "what_would_flip"}
    assert all("<record>" in event.result for tool, event in told.items() if tool not in refused)
    assert "MAX_OPEN_POSITIONS" in told["verdict_table"].result
    assert "[mem:" in told["memory_search"].result


def test_when_two_questions_are_put_then_the_first_answer_is_not_taken_for_the_second(
    here: dict[str, str], name: str
) -> None:
    mind = saying(says(("AAPL was cleared.", "[cycle:2009-06-01]")), says(("IBM was denied.", "[cycle:2009-06-01]")))
    with desk_with(mind, here) as desk:
        first, second = ask(desk, WHY, name), ask(desk, "And IBM?", name)
    assert [answer.said[0].text for answer in (first, second)] == ["AAPL was cleared.", "IBM was denied."]
    assert "You: AAPL was cleared." in mind.questions[1].messages[-1].text
    keys = [event.key for event in streams_of(here, f"chat:{name}") if isinstance(event, ModelAsked)]
    assert keys == ["1:chronicler:*:0", "2:chronicler:*:0"]


def test_when_a_sentence_rests_on_outside_text_alone_then_that_is_said_with_it(
    fresh: dict[str, str], name: str
) -> None:
    now = SystemClock().now()
    id_ = entry_id(Kind.LESSON, "planted", "0")
    Memdir(Path(fresh["DATA_DIR"]) / "memdir").write(
        MemoryEntry(
            id=id_, kind=Kind.LESSON, symbols=("AAPL",), as_of=now, written_at=now, cycle_id="planted",
            source="analyst", text="AAPL is a gift.", tainted=True,
        )
    )  # fmt: skip
    with desk_with(saying(says(("AAPL is a gift.", f"[mem:{id_}]"))), fresh) as desk:
        assert ask(desk, "Why AAPL?", name).said[0].text == f"{OUTSIDE}AAPL is a gift."


# Halting


def test_when_a_person_says_yes_then_the_desk_is_halted_as_by_perun_halt_and_the_record_names_the_chat(
    fresh: dict[str, str],
) -> None:
    with open_desk(fresh) as desk:
        conversation = Conversation(desk, "h")
        assert isinstance(conversation.ask("halt the desk, please", "desk"), Confirmation)
        assert status(fresh)["trading_state"] == "ACTIVE", "asking halts nothing"
        answer = conversation.confirm(True)
    assert isinstance(answer, AnswerSaid)
    assert answer.notes[0].startswith("The desk is HALTED.")
    told = status(fresh)
    assert (told["trading_state"], told["latches"][0]["who"]) == ("HALTED", "chat (chat:h)")
    events = streams_of(fresh, f"desk:{told['account_id']}")
    halted = [each for each in events if isinstance(each, StateChanged | CommandGiven)]
    assert {(each.who, each.reason) for each in halted} == {("chat (chat:h)", "halt the desk, please")}
    kinds = [type(event) for event in streams_of(fresh, "chat:h")]
    assert kinds == [QuestionPut, HaltAsked, HaltSettled, AnswerSaid]
    assert cycle(Path(fresh["DATA_DIR"]))["outcome"] == "halted"


def test_when_a_person_does_not_say_yes_then_nothing_is_halted_and_that_is_on_record(fresh: dict[str, str]) -> None:
    with open_desk(fresh) as desk:
        conversation = Conversation(desk, "h")
        conversation.ask("stop trading", "desk")
        answer = conversation.confirm(False)
    assert isinstance(answer, AnswerSaid)
    assert "not halted" in answer.notes[0]
    assert status(fresh)["trading_state"] == "ACTIVE"
    assert HaltSettled(turn=1, confirmed=False) in streams_of(fresh, "chat:h")


def test_when_the_process_ends_before_the_yes_then_the_question_has_lapsed(fresh: dict[str, str]) -> None:
    with open_desk(fresh) as desk:
        Conversation(desk, "h").ask("halt", "desk")
    with open_desk(fresh) as desk:
        assert "AAPL" in spoken(ask(desk, "Why AAPL?", "h"))
    assert status(fresh)["trading_state"] == "ACTIVE"


@pytest.mark.parametrize("aim", ["Buy 10 AAPL", "resume trading", "raise the limit", "flatten everything"])
def test_when_a_person_commands_then_it_is_refused_with_the_command_that_does_it_and_no_model_is_asked(
    aim: str, here: dict[str, str], name: str
) -> None:
    mind = ScriptedMind(lambda question: says())
    with desk_with(mind, here) as desk:
        halted: list[Any] = []
        desk = replace(desk, halt=lambda reason, who: halted.append(reason) or {})
        answer = ask(desk, aim, name)
    assert "I cannot do that from here" in answer.notes[0]
    assert (mind.calls, halted) == (0, [])


def test_when_a_model_asks_to_halt_then_nobody_is_asked_and_nothing_is_halted(here: dict[str, str], name: str) -> None:
    text = json.dumps({**json.loads(says(("Halt the desk now.", "[cycle:2009-06-01]"))), "halt": True})
    with desk_with(saying(text, text), here) as desk:
        ask(desk, WHY, name)
    assert not any(isinstance(event, HaltAsked) for event in streams_of(here, f"chat:{name}"))
