"""The chat in a terminal: one question, a pipe, a person who types, and the installed command."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from perun.graph.app.inspecting import status
from perun.graph.app.terminal import Person, converse
from perun.tools.domain.errors import ConfigurationError

PERUN = Path(sys.executable).with_name("perun")


class Typist:
    """A person who types these lines, and ends with Ctrl-D."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.prompts: list[str] = []
        self.said: list[str] = []
        self.told: list[str] = []

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def talk(self, settings: dict[str, str], name: str | None = None, voice: str = "desk", cycle: str = "") -> None:
        person = Person(self.said.append, self.told.append, self.ask)
        self.document = converse(settings, person, None, voice=voice, cycle=cycle, name=name)


def pipe(
    settings: dict[str, str], questions: Iterable[str], voice: str = "desk", cycle: str = ""
) -> tuple[list[str], dict[str, Any]]:
    told: list[str] = []
    person = Person(lambda line: None, told.append)
    return told, converse(settings, person, questions, voice=voice, cycle=cycle, name=None)


def test_when_a_person_types_then_each_line_is_answered_and_ctrl_d_ends(here: dict[str, str]) -> None:
    typist = Typist("Why AAPL on 2009-06-01?", "", "and what did the gate say?")
    typist.talk(here)
    assert len(typist.told) == 2
    assert "[cycle:2009-06-01/event:" in typist.told[1]
    assert f"perun chat --conversation {typist.document['conversation']} goes on with it" in typist.said[-1]


def test_when_a_person_comes_back_then_what_was_said_is_shown(here: dict[str, str]) -> None:
    name = f"t-{uuid4().hex[:8]}"
    Typist("Why AAPL on 2009-06-01?").talk(here, name)
    later = Typist()
    later.talk(here, name)
    assert later.said[0] == "you (desk)> Why AAPL on 2009-06-01?"
    assert "The analyst was bullish on AAPL" in later.said[1]


@pytest.mark.parametrize(("answers", "state"), [(("yes",), "HALTED"), (("no",), "ACTIVE"), ((), "ACTIVE")])
def test_when_a_person_asks_to_halt_then_the_answer_decides(
    answers: tuple[str, ...], state: str, fresh: dict[str, str]
) -> None:
    typist = Typist("halt the desk", *answers)
    typist.talk(fresh)
    assert typist.prompts[1].startswith("Halt the desk?")
    assert status(fresh)["trading_state"] == state


def test_when_questions_come_through_a_pipe_then_nobody_is_prompted_and_a_halt_is_not_confirmed(
    fresh: dict[str, str],
) -> None:
    told, document = pipe(fresh, ["Why AAPL?\n", "\n", "halt\n"])
    assert len(told) == 2
    assert [turn["unconfirmed"] for turn in document["turns"]] == [False, True]
    assert status(fresh)["trading_state"] == "ACTIVE"


def test_when_a_question_was_answered_then_the_document_holds_its_sentences(here: dict[str, str]) -> None:
    _, document = pipe(here, ["Why AAPL on 2009-06-01?"], voice="trader")
    (turn,) = document["turns"]
    assert document["schema"] == "perun.chat/1"
    assert (turn["voice"], turn["mind"], turn["withheld"]) == ("trader", "baseline (no LLM)", [])
    assert turn["sentences"][0]["cites"]
    assert turn["cycles"][0].endswith(":2009-06-01")


@pytest.mark.parametrize(("voice", "cycle"), [("broker", ""), ("desk", "2031-01-01")])
def test_when_there_is_no_such_voice_or_cycle_then_it_is_refused(voice: str, cycle: str, here: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"there are|no such cycle"):
        pipe(here, ["Why?"], voice, cycle)


def test_when_nothing_was_decided_yet_then_the_chat_says_so(tmp_path: Path) -> None:
    told, _ = pipe({"DATA_DIR": str(tmp_path), "LLM_PROVIDER": "baseline"}, ["Why?"])
    assert told == ["The record holds no cycle yet."]


@pytest.mark.slow
def test_when_the_installed_command_is_run_without_a_terminal_then_it_answers_and_never_prompts(
    fresh: dict[str, str],
) -> None:
    def perun(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        command, environment = [str(PERUN), "chat", *arguments], {"PATH": "/usr/bin:/bin", **fresh}
        return subprocess.run(
            command, input=typed, env=environment, cwd=fresh["DATA_DIR"], capture_output=True, text=True, check=False
        )

    asked = perun("--json", "-m", "Why AAPL?")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["turns"][0]["sentences"]
    piped = perun("--agent", "trader", typed="Why AAPL?\n")
    assert piped.stdout.startswith("The trader wished")
    halted = perun("-m", "halt")
    assert (halted.returncode, "perun halt --reason" in halted.stderr) == (2, True)
    assert perun("--agent", "nobody", "-m", "x").returncode == 2
    assert perun("--conversation", "a/b", "-m", "x").returncode == 2
