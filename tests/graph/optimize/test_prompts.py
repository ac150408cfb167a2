"""`perun prompts`: another prompt speaks from the next cycle on, the record shows which, and it can be taken back."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Question, Reply
from perun.agents.roles import ROSTER
from perun.graph.app import cli
from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import ModelAsked
from support.floor import parts, settings

Perun = Callable[..., Any]
TRADER = resources.files("perun.agents.prompts").joinpath("trader.md").read_text()
BOLDER = TRADER.replace("version: 2", "version: bolder").replace("parent: trader@1", "parent: trader@2")
BOLDER = BOLDER.replace("Prefer few good trades", "Prefer many trades")


@pytest.fixture
def perun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Perun:
    """The command line in a folder of its own: from words to exit code, document and what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LLM_PROVIDER", "baseline")

    def call(*words: str) -> Any:
        monkeypatch.setattr("sys.argv", ["perun", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        document = json.loads(said.out) if "--json" in words and said.out else None
        return ended.value.code or 0, document, said.out + said.err

    return call


def written(folder: Path, text: str, name: str = "mine.md") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def labels(perun: Perun) -> dict[str, list[str]]:
    return {
        f"{row['agent']}@{row['version']}": row["labels"] for row in perun("prompts", "list", "--json")[1]["prompts"]
    }


def spoke(folder: Path, slot: str) -> str:
    """Runs the slot's cycle; which trader's prompt spoke in it, by the record."""
    with open_floor(settings(folder / "data"), parts()) as floor:
        cycle_id = run_cycle(floor, ("AAPL",), slot)["cycle_id"]
        events = [stored.event for stored in floor.hand.ledger.events.read(cycle_id)]
    return next(event.prompt for event in events if isinstance(event, ModelAsked) and event.role == "trader")


def test_when_a_prompt_is_added_used_and_rolled_back_then_each_cycle_records_which_one_spoke(
    perun: Perun, tmp_path: Path
) -> None:
    assert spoke(tmp_path, "a") == "trader@2"
    assert perun("prompts", "add", written(tmp_path, BOLDER))[0] == 0
    assert spoke(tmp_path, "b") == "trader@2", "what was only added does not speak"
    assert perun("prompts", "use", "trader@bolder", "--reason", "to learn")[0] == 0
    assert labels(perun)["trader@bolder"] == ["in use"]
    assert labels(perun)["trader@2"] == ["previous"]
    assert spoke(tmp_path, "c") == "trader@bolder"
    assert perun("prompts", "rollback", "trader", "--reason", "learned")[0] == 0
    assert labels(perun)["trader@2"] == ["in use"]
    assert spoke(tmp_path, "d") == "trader@2"
    assert (tmp_path / "data" / "prompts" / "trader" / "bolder.md").read_text() == BOLDER


def test_when_a_prompt_is_put_in_use_then_the_record_says_who_did_it_and_why(perun: Perun, tmp_path: Path) -> None:
    perun("prompts", "add", written(tmp_path, BOLDER))
    perun("prompts", "use", "trader@bolder", "--reason", "to learn")
    with open_floor(settings(tmp_path / "data"), parts()) as floor:
        events = [stored.event.model_dump() for stored in floor.hand.ledger.events.read("prompts")]
    assert [(event["kind"], event["version"]) for event in events] == [
        ("prompt.added", "bolder"),
        ("prompt.labelled", "2"),
        ("prompt.labelled", "bolder"),
    ]
    assert events[2]["reason"] == "to learn"
    assert all(event["who"] for event in events)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOLDER.replace("{{last_advice}}", ""), "lacks hole {{last_advice}}"),
        (BOLDER + "{{secret}}", "unknown hole {{secret}}"),
        (BOLDER.replace("rationale", "word"), "no longer speaks of rationale"),
        (BOLDER.replace("agent: trader", "agent: dealer"), "there is no agent dealer"),
        (BOLDER.replace("version: bolder", "version: ../../evil"), "the version '../../evil' should be"),
        (BOLDER.replace("version: bolder", "version: 2"), "there is another trader@2 already"),
        ("hello", "is not a prompt"),
    ],
    ids=["a hole less", "a hole more", "a word of the answer less", "nobody", "a path", "a name taken", "no prompt"],
)
def test_when_a_prompt_breaks_its_contract_then_it_is_refused_in_one_line_that_names_what_is_wrong(
    perun: Perun, tmp_path: Path, text: str, said: str
) -> None:
    code, _, words = perun("prompts", "add", written(tmp_path, text))
    assert code == 2
    assert said in words
    assert not (tmp_path / "data" / "prompts").exists()


def test_when_the_same_text_is_added_again_then_nothing_changes(perun: Perun, tmp_path: Path) -> None:
    assert perun("prompts", "add", written(tmp_path, BOLDER), "--json")[1]["added"]
    renamed = BOLDER.replace("version: bolder", "version: other")
    again = perun("prompts", "add", written(tmp_path, renamed), "--json")[1]
    assert (again["added"], again["version"]) == (False, "bolder")


def test_when_the_file_in_use_is_edited_then_no_cycle_begins_until_somebody_chooses_again(
    perun: Perun, tmp_path: Path
) -> None:
    perun("prompts", "add", written(tmp_path, BOLDER))
    perun("prompts", "use", "trader@bolder", "--reason", "to learn")
    path = tmp_path / "data" / "prompts" / "trader" / "bolder.md"
    path.write_text(BOLDER.replace("many trades", "reckless trades"))
    with pytest.raises(ConfigurationError, match="gone or was edited"):
        spoke(tmp_path, "a")
    assert perun("prompts", "use", "trader@2", "--reason", "somebody edited it")[0] == 0
    assert spoke(tmp_path, "a") == "trader@2"


def test_when_another_prompt_is_put_in_use_while_a_cycle_is_interrupted_then_it_goes_on_with_what_it_began_with(
    perun: Perun, tmp_path: Path
) -> None:
    class Interrupted(Baseline):
        """Ends the process when the trader is asked."""

        def reply(self, question: Question) -> Reply:
            if question.role == "trader":
                raise KeyboardInterrupt
            return super().reply(question)

    with open_floor(settings(tmp_path / "data"), parts(Interrupted())) as floor, pytest.raises(KeyboardInterrupt):
        run_cycle(floor, ("AAPL",), "a")
    perun("prompts", "add", written(tmp_path, BOLDER))
    perun("prompts", "use", "trader@bolder", "--reason", "to learn")
    assert spoke(tmp_path, "a") == "trader@2"
    assert spoke(tmp_path, "b") == "trader@bolder"


def test_when_versions_are_compared_then_only_what_differs_is_shown(perun: Perun, tmp_path: Path) -> None:
    perun("prompts", "add", written(tmp_path, BOLDER))
    lines = perun("prompts", "diff", "trader", "trader@bolder", "--json")[1]["diff"]
    changed = [line for line in lines if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert len(changed) == 2
    assert "few good trades" in changed[0]
    assert "many trades" in changed[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("use", "trader@nothing", "--reason", "x"), "trader has no one prompt nothing; there are: 2"),
        (("use", "trader", "--reason", "x"), "say which version"),
        (("use", "trader@2"), "--reason is needed"),
        (("rollback", "trader", "--reason", "x"), "no previous prompt"),
        (("show", "dealer"), "there is no agent dealer"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_when_what_is_asked_for_is_not_there_then_one_line_says_what_is(
    perun: Perun, words: tuple[str, ...], said: str
) -> None:
    code, _, told = perun("prompts", *words)
    assert code == 2
    assert said in told


def test_when_nothing_was_chosen_then_the_package_speaks_for_every_agent(perun: Perun) -> None:
    assert {name.partition("@")[0] for name, names in labels(perun).items() if names == ["in use"]} == set(ROSTER)
