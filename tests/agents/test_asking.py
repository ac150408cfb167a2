"""A turn with a model: asked once, repaired once, never asked for what the tape holds."""

import pytest

from perun.agents.answers import Stance
from perun.agents.asking import LONGEST_PROBLEM, Abstained, Turn
from perun.agents.conversation import SHOWN_AGAIN
from perun.agents.models import Message, Reply
from perun.agents.roles import ANALYST
from perun.tools.domain.errors import ModelRefusedKey, ModelUnavailable
from perun.tools.domain.events import EVENT, Usage
from support.agent_facts import analyst_facts
from support.minds import COST, MemoryTape, ScriptedMind, asker, saying

GOOD = Stance(summary="It rises.", evidence=["[bars:AAPL:2013-02-28]"], stance="bullish", conviction=70)
BAD = '{"stance": "sure"}'

HOLES = dict.fromkeys(ANALYST.holes, "told")


def turn(**changes: object) -> Turn[Stance]:
    return Turn(
        **{"role": "analyst", "symbol": "AAPL", "facts": analyst_facts(), "holes": HOLES, "answer": Stance, **changes}
    )


def test_when_the_answer_is_good_then_the_model_is_asked_once() -> None:
    mind = saying(GOOD)
    assert asker(mind).ask(turn()) == GOOD
    assert mind.calls == 1


def test_when_a_mind_is_asked_then_it_gets_the_role_the_symbol_the_facts_and_the_shape() -> None:
    mind, asked = saying(GOOD), turn()
    asker(mind).ask(asked)
    question = mind.questions[0]
    assert (question.role, question.symbol, question.facts, question.answer) == (
        "analyst",
        "AAPL",
        asked.facts,
        Stance,
    )
    assert [message.speaker for message in question.messages] == ["system", "user"]


def test_when_the_first_answer_is_unusable_then_the_model_sees_it_with_the_error_and_may_repair() -> None:
    mind = saying(BAD, GOOD)
    assert asker(mind).ask(turn()) == GOOD
    first, second = (question.messages for question in mind.questions)
    assert second[: len(first)] == first
    said, told = second[len(first) :]
    assert said == Message("assistant", BAD)
    assert told.speaker == "user"
    assert "summary: Field required" in told.text
    assert "stance: Input should be 'bullish', 'bearish' or 'neutral'" in told.text


def test_when_the_repair_is_unusable_too_then_the_agent_abstains_with_the_last_error() -> None:
    mind, tape = saying(BAD, "no"), MemoryTape()
    answer = asker(mind, tape).ask(turn())
    assert isinstance(answer, Abstained)
    assert answer.role == "analyst"
    assert answer.reason.startswith("unusable answer: answer: Invalid JSON")
    assert mind.calls == 2
    assert [(each.role, each.symbol, each.reason) for each in tape.abstentions] == [("analyst", "AAPL", answer.reason)]


def test_when_the_check_finds_fault_then_the_model_is_told_what_and_may_repair() -> None:
    mind = saying(GOOD.model_copy(update={"conviction": 100}), GOOD)
    doubt = turn(check=lambda answer: "nobody is that sure" if answer.conviction == 100 else "")
    assert asker(mind).ask(doubt) == GOOD
    assert "nobody is that sure" in mind.questions[1].messages[-1].text


def test_when_the_check_finds_fault_twice_then_the_agent_abstains() -> None:
    answer = asker(saying(GOOD, GOOD)).ask(turn(check=lambda answer: "I do not like it"))
    assert answer == Abstained("analyst", "unusable answer: I do not like it")


@pytest.mark.parametrize("error", [ModelUnavailable("the server is down", calls=3), ModelRefusedKey("no such key", 3)])
def test_when_no_answer_comes_then_the_agent_abstains_and_the_requests_are_counted(error: ModelUnavailable) -> None:
    mind, tape = saying(error), MemoryTape()
    assert asker(mind, tape).ask(turn()) == Abstained("analyst", str(error))
    asked = tape.turns[0]
    assert (asked.answer, asked.problem, asked.usage) == ("", str(error), Usage(calls=3))
    assert [each.reason for each in tape.abstentions] == [str(error)]


def test_when_the_repair_gets_no_answer_then_the_agent_abstains_for_that_reason() -> None:
    answer = asker(saying(BAD, ModelUnavailable("the server is down"))).ask(turn())
    assert answer == Abstained("analyst", "the server is down")


def test_when_a_turn_is_over_then_the_tape_tells_all_of_it() -> None:
    tape = MemoryTape()
    desk = asker(saying(BAD, GOOD), tape)
    desk.ask(turn())
    prompt = desk.prompts["analyst"]
    first, second = tape.turns
    assert [each.key for each in tape.turns] == ["analyst:AAPL:0", "analyst:AAPL:1"]
    assert (first.model, first.prompt, first.prompt_hash) == ("scripted", "analyst@2", prompt.hash)
    assert first.messages == tuple((message.speaker, message.text) for message in prompt.render(HOLES))
    assert (first.answer, first.usage, first.problem) == (BAD, COST, "")
    assert second.messages[:2] == first.messages
    assert [speaker for speaker, _ in second.messages] == ["system", "user", "assistant", "user"]
    assert Stance.model_validate_json(second.answer) == GOOD
    assert first.seconds >= 0
    assert tape.abstentions == []


def test_when_a_turn_has_a_narrower_form_then_the_model_is_asked_with_it_and_read_by_the_answer() -> None:
    class Form(Stance):
        """Only these."""

    mind = saying(BAD, GOOD)
    assert type(asker(mind).ask(turn(form=Form))) is Stance
    assert [question.answer for question in mind.questions] == [Form, Form]


def test_when_a_turn_is_about_the_whole_book_then_its_key_has_a_star() -> None:
    tape = MemoryTape()
    asker(saying(GOOD), tape).ask(turn(symbol=None))
    assert [each.key for each in tape.turns] == ["analyst:*:0"]


def test_when_the_tape_holds_the_answer_then_nobody_is_asked_again() -> None:
    tape = MemoryTape()
    asker(saying(GOOD), tape).ask(turn())
    assert asker(saying(), tape).ask(turn()) == GOOD
    assert len(tape.events) == 1


def test_when_the_tape_holds_another_symbol_s_answer_then_the_model_is_asked() -> None:
    tape, mind = MemoryTape(), saying(GOOD)
    asker(saying(GOOD), tape).ask(turn(symbol="IBM"))
    asker(mind, tape).ask(turn())
    assert mind.calls == 1


def test_when_the_tape_ends_after_an_unusable_answer_then_only_the_repair_is_asked_for() -> None:
    tape = MemoryTape()
    asker(saying(BAD, ModelUnavailable("killed")), tape).ask(turn())
    tape.events = tape.events[:1]
    mind = saying(GOOD)
    assert asker(mind, tape).ask(turn()) == GOOD
    assert mind.calls == 1
    assert mind.questions[0].messages[-2] == Message("assistant", BAD)


def test_when_the_tape_holds_the_repair_too_then_nobody_is_asked_again() -> None:
    tape = MemoryTape()
    asker(saying(BAD, GOOD), tape).ask(turn())
    assert asker(saying(), tape).ask(turn()) == GOOD


def test_when_the_tape_holds_two_unusable_answers_then_the_agent_abstains_unasked() -> None:
    tape = MemoryTape()
    before = asker(saying(BAD, BAD), tape).ask(turn())
    assert asker(saying(), tape).ask(turn()) == before


def test_when_the_tape_holds_only_a_silence_then_the_model_is_asked_again() -> None:
    tape = MemoryTape()
    asker(saying(ModelUnavailable("the server is down")), tape).ask(turn())
    assert asker(saying(GOOD), tape).ask(turn()) == GOOD
    assert asker(saying(), tape).ask(turn()) == GOOD
    assert [each.key for each in tape.turns] == ["analyst:AAPL:0", "analyst:AAPL:0"]


def test_when_an_answer_is_ten_megabytes_then_the_repair_shows_its_beginning_and_the_tape_keeps_it_whole() -> None:
    long, tape = GOOD.model_dump_json().replace("It rises.", "x" * 10_000_000), MemoryTape()
    mind = saying(long, GOOD)
    assert asker(mind, tape).ask(turn()) == GOOD
    assert mind.questions[1].messages[-2].text == long[:SHOWN_AGAIN]
    assert tape.turns[0].answer == long


def test_when_the_model_makes_up_a_field_with_a_long_name_then_the_reason_stays_short() -> None:
    invented = '{"' + "ignore the rules " * 1000 + '": 1}'
    answer = asker(saying(invented, invented)).ask(turn())
    assert isinstance(answer, Abstained)
    assert len(answer.reason) <= LONGEST_PROBLEM + len("unusable answer: ")


def test_when_an_answer_holds_half_a_character_then_the_tape_can_still_be_written() -> None:
    tape = MemoryTape()
    answer = asker(saying(GOOD.model_dump_json().replace("rises", "rises \ud83d")), tape).ask(turn())
    assert isinstance(answer, Stance)
    assert answer.summary == "It rises ?."
    assert EVENT.validate_json(EVENT.dump_json(tape.turns[0])) == tape.turns[0]


def test_when_minds_differ_by_role_then_the_tape_names_the_one_that_spoke() -> None:
    class Named(ScriptedMind):
        name = "another"

    tape = MemoryTape()
    desk = asker(saying(), tape)
    other = Named(lambda question: GOOD)
    desk = type(desk)({**desk.minds, "analyst": other}, desk.prompts, tape)
    desk.ask(turn())
    assert tape.turns[0].model == "another"


def test_when_another_mind_answered_then_the_tape_names_it_and_says_who_did_not() -> None:
    tape = MemoryTape()
    reply = Reply(GOOD.model_dump_json(), COST, model="google:second", missed=("openai is down",))
    asker(saying(reply), tape).ask(turn())
    assert (tape.turns[0].model, tape.turns[0].missed) == ("google:second", ("openai is down",))
