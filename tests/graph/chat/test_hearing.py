"""What a question is about is told by the person's words alone."""

import pytest

from perun.graph.chat.hearing import Aim, hear
from support.injections import INJECTIONS

KNOWN = frozenset({"AAPL", "GOOG", "IBM", "MSFT"})


@pytest.mark.parametrize(
    ("question", "aim"),
    [
        ("halt", Aim.HALT),
        ("Please halt the desk!", Aim.HALT),
        ("stop trading now", Aim.HALT),
        ("Hit the kill switch", Aim.HALT),
        ("Could you please stop everything?", Aim.HALT),
        ("Why did it halt?", Aim.WHY),
        ("What happened to the stop of AAPL?", Aim.ORDER),
        ("Buy AAPL", Aim.COMMAND),
        ("Could you sell IBM?", Aim.COMMAND),
        ("resume", Aim.COMMAND),
        ("Raise the limit", Aim.COMMAND),
        ("ok, just flatten it all", Aim.COMMAND),
        ("I want you to disable the gate", Aim.COMMAND),
        ("delete that memory", Aim.COMMAND),
        ("Why did you buy AAPL?", Aim.WHY),
        ("What did the gate say?", Aim.GATE),
        ("What would have flipped it?", Aim.FLIP),
        ("Compare 2009-06-01 and 2009-06-02", Aim.COMPARE),
        ("What did you see?", Aim.SEEN),
        ("What do you remember of IBM?", Aim.REMEMBER),
        ("What happened to the order?", Aim.ORDER),
        ("Which decisions were denied?", Aim.FIND),
        ("What was our cash?", Aim.ACCOUNT),
        ("help", Aim.HELP),
        ("What is the weather?", Aim.UNCLEAR),
        ("", Aim.UNCLEAR),
    ],
)
def test_when_a_person_asks_then_code_hears_what_they_want(question: str, aim: Aim) -> None:
    assert hear(question, KNOWN).aim is aim


def test_when_things_are_named_then_they_are_heard() -> None:
    heard = hear("Why was ibm denied and not $TSLA, on 2009-06-01 in perun-embedded-2009-06-01-IBM-entry-1?", KNOWN)
    assert (heard.symbols, heard.strangers) == (("IBM",), ("TSLA",))
    assert heard.days == ("2009-06-01",)
    assert heard.fate == "denied"
    assert "perun-embedded-2009-06-01-IBM-entry-1" in heard.names


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("resume", "perun resume"),
        ("flatten the account", "perun flatten --yes"),
        ("set MAX_OPEN_POSITIONS to 100", ".env"),
        ("cancel the stop", "perun flatten"),
        ("switch to another prompt", "perun prompts"),
        ("run a cycle", "perun run"),
        ("buy 10 AAPL", "perun run"),
    ],
)
def test_when_a_person_commands_then_the_command_that_does_it_is_known(question: str, command: str) -> None:
    assert command in hear(question, KNOWN).refusal


@pytest.mark.parametrize("text", INJECTIONS)
def test_when_a_person_quotes_a_planted_text_then_nothing_more_than_a_question_back_can_come_of_it(text: str) -> None:
    assert hear(f"What does this mean: {text}", KNOWN).aim not in {Aim.HALT, Aim.COMMAND}
