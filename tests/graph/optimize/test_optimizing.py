"""`perun optimize`: a planted better prompt is found, judged on days that nobody had seen, and promoted by a person.

The mind is a real server on loopback behind the real client, with the skill that its prompt's words give it.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import bench, optimizing, prompts, wiring
from perun.graph.app.optimizing import Search, optimize, promote
from perun.graph.app.proposing import propose
from perun.graph.optimize import evidence
from perun.memory.word_hashes import WordHashes
from perun.tools.domain.errors import ConfigurationError, Halted
from support.model_server import ModelServer
from support.model_words import texts_of
from support.skilled_mind import CLUMSY, SKILFUL, SYMBOLS, script


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(wiring, "MiniLM", WordHashes)  # nobody here reads a memory
    with ModelServer(script) as models:
        monkeypatch.setenv("LLM_PROVIDER", "openai")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-scripted-server")
        monkeypatch.setenv("OPENAI_BASE_URL", models.base_url)
        monkeypatch.setenv("LLM_MAX_USD_PER_DAY", "1000")
        for name, text in (("skilful", SKILFUL), ("clumsy", CLUMSY)):
            path = tmp_path / f"{name}.md"
            path.write_text(text)
            prompts.added(path, {})
        yield models


def search(*candidates: str, **changes: Any) -> Search:
    chosen: dict[str, Any] = {"begins": date(2009, 6, 1), "ends": date(2009, 8, 31), "symbols": SYMBOLS}
    return Search("trader", candidates, **{**chosen, **changes})


@pytest.mark.slow
def test_when_a_better_prompt_was_planted_then_it_is_found_and_promoted_and_a_worse_one_is_refused(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (bench, evidence):
        monkeypatch.setattr(module, "FEWEST", 10)  # the planted skill is far beyond chance: fewer cycles show it
    few = {"ends": date(2009, 7, 17)}
    worse = optimize(search("clumsy", **few), {}, lambda line: None)
    assert not worse["eligible"]
    assert worse["sealed"] is None, "the sealed days stay sealed for what was not better"
    assert worse["sealed_openings"] == 0
    with pytest.raises(Halted, match="not eligible"):
        promote("trader@clumsy", "because", {})
    with pytest.raises(Halted, match="never judged"):
        promote("trader@skilful", "because", {})

    document = optimize(search("skilful", **few), {}, lambda line: None)
    assert (document["best"], document["eligible"], document["promoted"]) == ("trader@skilful", True, False)
    assert document["validation"]["tried"] == 2, "who was tried before counts"
    assert document["conduct"]["candidate"]["agreement"] == 1.0
    assert document["conduct"]["candidate"]["injected"] == 0
    assert document["sealed_openings"] == 1
    asked = server.calls
    again = optimize(search("skilful", **few), {}, lambda line: None)
    assert server.calls == asked, "what was played is read again, and nobody is asked"
    assert again["sealed_openings"] == 2

    assert promote("trader@skilful", "it was shown", {})["shadow"] == "trader@skilful"
    labels = {row["version"]: row["labels"] for row in prompts.listed("trader", {})["prompts"]}
    assert labels == {"2": ["in use"], "clumsy": [], "skilful": ["candidate", "shadow"]}
    kinds = [trial["kind"] for trial in optimizing.status({})["trials"]]
    assert kinds.count("prompt.judged") == 3


@pytest.mark.slow
def test_when_a_model_rewrites_a_prompt_then_what_lost_its_holes_is_refused_and_the_better_one_becomes_a_candidate(
    server: ModelServer,
) -> None:
    found = propose(search(), 3, {}, lambda line: None)
    assert found["asked"] == 3
    assert "lacks hole {{last_advice}}" in found["refused"][0]
    assert "no longer speaks of" in found["refused"][1]
    assert float(found["after"]) > float(found["before"])
    rows = {row["hash"]: row for row in prompts.listed("trader", {})["prompts"]}
    landed = rows[found["landed"]]
    assert landed["labels"] == ["candidate"]
    assert (landed["parent"], landed["notes"]) == ("trader@2", "It looks twice.")
    assert rows_in_use(rows) == ["2"], "a candidate does not speak"
    shown = [texts_of(body) for body in server.requests if "You improve the prompt" in texts_of(body)[0]]
    assert "The decision was" in shown[0][1]
    assert "It answered:" in shown[0][1]

    asked = server.calls
    again = propose(search(), 3, {}, lambda line: None)
    assert server.calls == asked, "a search begun again repeats no question"
    assert again["landed"] == found["landed"]


def rows_in_use(rows: dict[str, dict[str, Any]]) -> list[str]:
    return [row["version"] for row in rows.values() if "in use" in row["labels"]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": "baseline"}, "reads no prompt"),
        ({"candidates": ("nobody",)}, "no one prompt nobody"),
        ({"candidates": ("2",)}, "says what the trader's prompt in use says"),
        ({"ends": date(2009, 6, 5)}, "too few"),
    ],
    ids=["a mind that reads nothing", "no such version", "what is in use", "too few days"],
)
def test_when_a_search_cannot_be_made_then_one_line_says_why(
    server: ModelServer, changes: dict[str, Any], said: str
) -> None:
    candidates = changes.pop("candidates", ("skilful",))
    with pytest.raises(ConfigurationError, match=said):
        optimize(search(*candidates, **changes), {}, lambda line: None)
