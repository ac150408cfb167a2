"""A cycle run again from inside its studies: research, recall and analyse, on what was known then."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perun.agents.baseline import Baseline
from perun.agents.models import Mind
from perun.agents.roles import ROSTER
from perun.graph.app.forking import Otherwise
from perun.graph.app.recollecting import quarantine
from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.looking import open_archive
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import MemoriesRecalled
from perun.tools.domain.research import Document
from support.forks import STUDY, Rewriting, fork, other_words, wishes
from support.minds import ScriptedMind


class Reading:
    """A source with one document on each symbol, which remembers whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, symbol: str, as_of: datetime) -> list[Document]:
        self.asked.append(symbol)
        text, day = f"{symbol} wins a large order.", as_of - timedelta(days=1)
        return [Document(id="a1", symbol=symbol, url="https://example.org/a1", published=day, text=text)]


def recalled(made: dict[str, Any], data: Path) -> list[str]:
    """The memories that came to mind in a fork."""
    with open_archive(ledger_path(data)) as archive:
        told = archive.read(made["forks"][0]["stream"])
    return [hit.id for each in told if isinstance(each.event, MemoriesRecalled) for hit in each.event.hits]


@pytest.mark.parametrize("at", STUDY)
@pytest.mark.parametrize("kept", ["checkpoint", "record"])
def test_when_a_cycle_with_memories_is_forked_in_its_study_then_the_same_come_to_mind_and_nobody_is_asked(
    data: Path, at: str, kept: str
) -> None:
    if kept == "record":
        (data / "var" / "checkpoints.db").unlink()
    silent = ScriptedMind(lambda _: pytest.fail("a model was asked"))
    made = fork(data, Otherwise(at, minds=dict.fromkeys(ROSTER, silent)), name="third")
    assert (made["differences"], made["forks"][0]["begun_from"]) == ([], kept)
    with open_archive(ledger_path(data)) as archive:
        streams = [archive.read(name) for name in (made["cycle_id"], made["forks"][0]["stream"])]
    hits = [[each.event.hits for each in told if isinstance(each.event, MemoriesRecalled)] for told in streams]
    assert hits[0] == hits[1]
    assert len(hits[0][0]) > 2


def test_when_a_memory_is_taken_out_then_a_fork_at_recall_goes_without_it_and_one_at_analyse_still_has_it(
    data: Path,
) -> None:
    gone = recalled(fork(data, Otherwise("analyse"), name="third"), data)[0]
    quarantine(gone, "a test", {"DATA_DIR": str(data)})
    assert gone not in recalled(fork(data, Otherwise("recall"), name="third"), data)
    assert gone in recalled(fork(data, Otherwise("analyse"), name="third"), data)


def test_when_the_analyst_has_other_words_then_a_fork_of_the_study_asks_it_alone(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "bolder.md"
    file.write_text(other_words("analyst"), encoding="utf-8")
    mind = Rewriting(lambda text: text.replace('"bullish"', '"bearish"'))
    minds: dict[str, Mind] = {**dict.fromkeys(ROSTER, Baseline()), "analyst": mind}
    made = fork(data, Otherwise("analyse", prompts=[f"analyst={file}"], minds=minds))
    assert sorted(str(question.symbol) for question in mind.questions) == ["AAPL", "IBM"]
    assert wishes(made) == {"AAPL": "HOLD", "IBM": "HOLD"}
    assert {"report", "signal"} <= {row["part"] for row in made["differences"]}


def test_when_the_researcher_is_another_and_has_documents_then_its_findings_reach_the_analyst(
    data: Path, tmp_path: Path
) -> None:
    read = Reading()
    mind = Rewriting(lambda text: text)
    minds: dict[str, Mind] = {**dict.fromkeys(ROSTER, Baseline()), "researcher": mind}
    other = Otherwise("research", models=["researcher=another"], minds=minds, news=read)
    made = fork(data, other, name="third")
    assert [question.role for question in mind.questions] == ["researcher"]
    assert read.asked == ["AAPL"]
    assert "read" in {row["part"] for row in made["differences"]}
    with pytest.raises(ConfigurationError, match="no source of news is set"):
        fork(data, replace(other, news=None), name="third")
