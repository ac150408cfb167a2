"""A promoted prompt decides in the shadow before it speaks, and a guard-rail takes it back."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import prompts, wiring
from perun.graph.app.optimizing import promote
from perun.graph.app.prompts import open_registry
from perun.graph.app.reading import read_settings
from perun.graph.app.running import run
from perun.graph.app.shadowing import GUARD_RAIL, OPTIMIZER, watched
from perun.graph.optimize.trials import Trials
from perun.graph.optimize.watching import Bearing, breaches, shadow_breaches
from perun.memory.word_hashes import WordHashes
from perun.tools.domain.prompt_events import CandidateJudged, PromptLabelled, ShadowPlayed
from support.model_server import ModelServer, Says
from support.model_words import Request, texts_of
from support.skilled_mind import CLUMSY, SKILFUL, SYMBOLS, script

CALM = Bearing(cycles=20, asked=20, denied=2, abstained=0, cost_usd=Decimal(2), fall=0.01)
CYCLES = 3


class Moody:
    """The scripted mind, until the skilful words make it silent."""

    def __init__(self) -> None:
        self.is_silent = False

    def __call__(self, request: Request) -> Says:
        if self.is_silent and "Look twice" in texts_of(request)[0]:
            return Says("I would rather not say.")
        return script(request)


@pytest.fixture
def mind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wiring, "MiniLM", WordHashes)
    monkeypatch.setattr("perun.graph.app.forking.MiniLM", WordHashes)
    moody = Moody()
    with ModelServer(moody) as models:
        for name, value in {
            "DATA_DIR": str(tmp_path / "data"),
            "DEFAULT_SYMBOLS": ",".join(SYMBOLS),
            "LLM_PROVIDER": "openai",
            "OPENAI_API_KEY": "sk-of-the-scripted-server",
            "OPENAI_BASE_URL": models.base_url,
            "LLM_MAX_USD_PER_DAY": "1000",
            "OPTIMIZATION_SHADOW_CYCLES": str(CYCLES),
        }.items():
            monkeypatch.setenv(name, value)
        for name, text in (("skilful", SKILFUL), ("clumsy", CLUMSY)):
            path = tmp_path / f"{name}.md"
            path.write_text(text)
            prompts.added(path, {})
        yield moody


def judge_eligible(version: str) -> None:
    """What a search would have put on record."""
    with open_registry(read_settings({}).settings) as desk:
        prompt = desk.shelf.find("trader", version).prompt
        judged = CandidateJudged(
            attempt="planted",
            agent="trader",
            version=version,
            hash=prompt.hash,
            eligible=True,
            reasons=(),
            threshold=Decimal("0.05"),
            drawdown=Decimal("0.5"),
            who="a test",
        )
        Trials(desk.events, desk.clock).note(judged)


def decide(times: int) -> None:
    for _ in range(times):
        run({}, None, lambda line: None)


def moves(label: str) -> list[tuple[str, str, str]]:
    """Version, who and why, of every move of the label."""
    with open_registry(read_settings({}).settings) as desk:
        events = desk.events.of_kind("prompts", "prompt.labelled")
    own = [event for event in events if isinstance(event, PromptLabelled) and event.label == label]
    return [(event.version, event.who, event.reason) for event in own]


def looked() -> dict[str, Any]:
    (row,) = watched({}, lambda line: None)["prompts"]
    return row


def test_when_a_prompt_is_promoted_then_it_speaks_after_its_cycles_in_the_shadow_and_a_guard_rail_takes_it_back(
    mind: Moody,
) -> None:
    assert watched({}, lambda line: None)["prompts"] == []
    judge_eligible("skilful")
    decide(CYCLES - 1)
    assert promote("trader@skilful", "it was shown", {})["shadow"] == "trader@skilful"
    assert looked()["stands"] == "in the shadow"
    decide(1)
    row = looked()
    assert (row["stands"], row["cycles"], row["reasons"]) == ("in use", CYCLES, [])
    version, who, why = moves("in use")[-1]
    assert (version, who) == ("skilful", OPTIMIZER)
    assert why.startswith(f"no harm in {CYCLES} cycles in the shadow")

    mind.is_silent = True
    decide(5)
    row = looked()
    assert row["stands"] == "rolled back"
    assert row["reasons"][0] == "it gave no opinion in 5 of 5 cycles"
    version, who, why = moves("in use")[-1]
    assert (version, who) == ("2", GUARD_RAIL)
    assert "no opinion" in why
    assert watched({}, lambda line: None)["prompts"] == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (Bearing(20, 20, 15, 0, Decimal(2), 0.01), "the gate denied 15 of its 20 proposals"),
        (Bearing(20, 20, 2, 12, Decimal(2), 0.01), "no opinion in 12 of 20"),
        (Bearing(20, 20, 2, 0, Decimal(4), 0.01), "costs 0.2000 USD"),
        (Bearing(20, 20, 2, 0, Decimal(2), 0.09), "the account fell 9.0%"),
    ],
    ids=["denials", "abstentions", "cost", "a fall"],
)
def test_when_a_prompt_in_use_passes_one_guard_rail_then_that_one_is_named(after: Bearing, said: str) -> None:
    (reason,) = breaches(CALM, after, 0.05)
    assert said in reason


def test_when_a_prompt_behaves_like_the_one_before_or_has_hardly_spoken_then_nothing_is_held_against_it() -> None:
    assert breaches(CALM, CALM, 0.05) == []
    assert breaches(CALM, Bearing(4, 4, 4, 4, Decimal(9), 0.9), 0.05) == []


def test_when_a_prompt_does_harm_in_the_shadow_then_every_guard_rail_that_it_passed_is_named() -> None:
    played = ShadowPlayed(
        agent="trader",
        hash="abc",
        cycle_id="c",
        fork="f",
        decisions=4,
        same=1,
        asked=4,
        denied=4,
        asked_then=4,
        denied_then=0,
        cost_usd=Decimal("0.4"),
        cost_then_usd=Decimal("0.1"),
    )
    denied, dear = shadow_breaches([played] * 5)
    assert "denied 20 of its 20 proposals, and 0 of 20" in denied
    assert "costs 0.4000 USD" in dear
    assert shadow_breaches([played.model_copy(update={"denied": 0, "cost_usd": Decimal("0.1")})] * 5) == []
