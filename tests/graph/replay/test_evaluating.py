"""A replay on its way to other processes: it carries what decides it and no key, and nobody waits for the dead."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from perun.graph.app import evaluating
from perun.graph.app.evaluating import Evaluation, Workers, packed
from perun.graph.app.reading import read_settings
from perun.graph.app.runs import Run
from perun.graph.app.settings import Settings
from perun.graph.app.stage import Wish, set_up
from perun.tools.domain.errors import ConfigurationError, Unavailable

KEY = "sk-moth-lamp-41"


def run(place: Path, **settings: str) -> Run:
    """Two days on the baseline policy."""
    wish = Wish(date(2009, 6, 1), date(2009, 6, 3), ("IBM",), "baseline")
    stage, texts = set_up(wish, {"DATA_DIR": str(place), **settings})
    return Run(stage, texts)


def settings(place: Path, **given: str) -> Settings:
    """Those of a machine that plays."""
    return read_settings({"DATA_DIR": str(place), **given}).settings


def test_when_a_replay_travels_then_no_key_and_no_path_of_this_machine_goes_along(tmp_path: Path) -> None:
    body = pickle.dumps(Evaluation.of(run(tmp_path / "here", OPENAI_API_KEY=KEY, ALPACA_SECRET_KEY=KEY)))
    assert KEY.encode() not in body
    assert str(tmp_path).encode() not in body


def test_when_it_is_played_elsewhere_then_the_same_comes_of_it_with_that_machine_s_own_folders(tmp_path: Path) -> None:
    here = run(tmp_path / "here")
    evaluation = pickle.loads(pickle.dumps(Evaluation.of(here)))
    there = evaluation.staged(settings(tmp_path / "there"), tmp_path / "there" / "books")
    assert there.play(lambda line: None) == here.play(lambda line: None)
    assert {each.name for each in (tmp_path / "there" / "books").iterdir()} == {"market", "policy-0"}


def test_when_the_desk_s_index_is_on_a_server_then_a_replay_leaves_it_alone_and_has_its_own(tmp_path: Path) -> None:
    there = run(tmp_path, CHROMA_URL="http://127.0.0.1:9/desk")
    with there.stage.open(0, there.texts):
        pass
    assert (there.stage.folder / "policy-0" / "chroma").is_dir()


def test_when_anything_that_decides_a_replay_is_another_then_so_is_its_name(tmp_path: Path) -> None:
    one = run(tmp_path)
    bold = replace(one.texts["trader"], system="Be bold.")
    others = [
        replace(one, seed=1),
        replace(one, texts={**one.texts, "trader": bold}),
        replace(one, stage=replace(one.stage, every=2)),
        replace(one, stage=replace(one.stage, days=one.stage.days[:2])),
        run(tmp_path, RISK_LIMIT_PERCENT="2"),
    ]
    names = [Evaluation.of(each).id for each in (one, *others)]
    assert len(set(names)) == len(names)
    assert Evaluation.of(run(tmp_path / "elsewhere")).id == names[0]


def test_when_another_mind_would_answer_there_then_it_is_refused(tmp_path: Path) -> None:
    asked = run(tmp_path)
    asks = replace(asked, stage=replace(asked.stage, plan=asked.stage.plan.model_copy(update={"provider": "openai"})))
    with pytest.raises(ConfigurationError, match="its keys let it ask baseline, and the plan says openai"):
        Evaluation.of(asks).staged(settings(tmp_path), tmp_path / "books")


@dataclass
class Table:
    """Evaluations as the database has them, with nobody who plays them unless it is told so."""

    answers: Mapping[str, bytes] = field(default_factory=dict)
    begun_by: str | None = None
    said: list[str] = field(default_factory=list)

    def hand_over(self, id: str, work: bytes) -> None:
        self.said.append("handed over")

    def seat_of(self, id: str) -> str | None:
        return self.begun_by

    def answer(self, id: str) -> bytes | None:
        return self.answers.get("all")

    def hand_on(self, id: str) -> None:
        self.said.append("handed on")
        self.answers, self.begun_by = {"all": packed("a perun worker cannot play it: it is tired")}, None

    def take_back(self, id: str) -> None:
        self.said.append("taken back")

    def forget(self, id: str) -> None:
        self.said.append("forgotten")


def test_when_every_worker_is_gone_then_the_wait_ends_and_what_waits_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "_LOOK_SECONDS", 0.001)
    table = Table()
    workers = Workers(table, set)  # type: ignore[arg-type] # stands in for the database
    with pytest.raises(Unavailable, match="every perun worker is gone"):
        list(workers.map(Run.play, [run(tmp_path)]))
    workers.let_go(is_done=False)
    assert table.said == ["handed over", "taken back"]


def test_when_who_began_it_is_dead_it_is_handed_on_and_a_refusal_is_one_clear_line_that_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "_LOOK_SECONDS", 0.001)
    table = Table(begun_by="evaluator-1")
    workers = Workers(table, lambda: {"evaluator-2"})  # type: ignore[arg-type] # stands in for the database
    with pytest.raises(ConfigurationError, match="a perun worker cannot play it: it is tired"):
        list(workers.map(Run.play, [run(tmp_path)]))
    workers.let_go(is_done=False)
    assert table.said == ["handed over", "handed on", "forgotten"]
