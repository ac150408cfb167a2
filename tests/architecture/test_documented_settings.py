"""`.env.example` tells the truth: every setting, its default, and whether anything reads it yet."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from architecture.source import ROOT, Source, sources
from dotenv import dotenv_values

from perun.graph.app.env_example import REFUSED, SECTIONS, UNUSED, render
from perun.graph.app.reading import NAMES, read_settings
from perun.graph.app.settings import Settings

EXAMPLE = ROOT / ".env.example"
SETTINGS = ROOT / "graph/app/settings.py"
OWN_FILES = ("graph/app/settings.py", "graph/app/reading.py", "graph/app/env_example.py")
HOMES_OF_SETTINGS = ("perun.graph.app.settings", "perun.graph.app.reading")
REFUSER = "refuse_what_is_not_built"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES.values():
        monkeypatch.delenv(name, raising=False)


def readings(source: Source) -> tuple[set[str], set[str]]:
    """The settings that a file reads, and those that it only looks at in order to refuse them."""
    if source.is_in(OWN_FILES) or not any(source.reaches(HOMES_OF_SETTINGS)):
        return set(), set()
    inside = [node for node in source.nodes if isinstance(node, ast.FunctionDef) and node.name == REFUSER]
    refusing = {id(inner) for node in inside for inner in ast.walk(node)}
    return (
        _fields(node for node in source.nodes if id(node) not in refusing),
        _fields(node for node in source.nodes if id(node) in refusing),
    )


def _fields(nodes: Iterable[ast.AST]) -> set[str]:
    """Fields that are asked for, as `settings.field` or with `getattr`; an f-string asks for all that begin like it."""
    fields: set[str] = set()
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="settings") | ast.Attribute(attr="settings"), attr=name):
                fields |= {name} & set(NAMES)
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                fields |= {name} & set(NAMES)
            case ast.Call(
                func=ast.Name(id="getattr"), args=[_, ast.JoinedStr(values=[ast.Constant(value=start), *_]), *_]
            ):
                fields |= {name for name in NAMES if name.startswith(str(start))}
    return fields


def test_when_the_example_is_read_then_it_is_what_the_settings_render() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == render(), "run `make env-example`"


def test_when_the_example_is_read_then_every_setting_has_a_line_with_its_default_and_one_of_meaning() -> None:
    said = re.findall(r"^# (\w.+)\n# ([A-Z_]+)=(.*)$", render(), re.MULTILINE)
    assert [name for _, name, _ in said] == list(NAMES.values())
    assert ("below it a signal is a HOLD; 0 to 1", "MIN_CONFIDENCE", "0.6") in said
    assert any(name == "WEB_TOKEN" and "16 characters or more" in meaning for meaning, name, _ in said)
    assert ("embedded or alpaca", "BROKER", "embedded") in said


def test_when_the_example_is_copied_to_dotenv_then_nothing_changes(tmp_path: Path, bare: None) -> None:
    (tmp_path / ".env").write_text(render(), encoding="utf-8")
    read = read_settings(folder=tmp_path)
    assert read.settings == Settings()
    assert set(read.origins.values()) == {"default"}
    assert read.warnings == ()


def test_when_every_line_of_the_example_is_uncommented_then_nothing_changes(tmp_path: Path, bare: None) -> None:
    text = re.sub(r"^# ([A-Z_]+=)", r"\1", render(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    assert set(dotenv_values(tmp_path / ".env")) == set(NAMES.values())
    read = read_settings(folder=tmp_path)
    assert read.settings == Settings()
    assert set(read.origins.values()) == {".env"}


def test_when_the_settings_have_sections_then_the_example_has_the_same() -> None:
    pattern = r"^    # (.+)\n    (\w+):"
    assert list(SECTIONS) == re.findall(pattern, SETTINGS.read_text(encoding="utf-8"), re.MULTILINE)
    assert SECTIONS[0][1] == next(iter(Settings.model_fields))


def test_when_nothing_reads_a_setting_then_and_only_then_it_is_marked() -> None:
    read, refused = map(set.union, *(readings(source) for source in sources("agents", "graph", "memory", "tools")))
    assert set(NAMES) - read - refused == UNUSED
    assert refused - read == REFUSED


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("graph/app/wiring.py", "limit = settings.max_open_positions", ({"max_open_positions"}, set())),
        ("graph/app/wiring.py", "limit = configuration.settings.web_port", ({"web_port"}, set())),
        ("graph/app/wiring.py", "getattr(settings, 'web_port')", ({"web_port"}, set())),
        ("graph/app/wiring.py", "getattr(settings, f'web_{what}')", ({"web_port", "web_host", "web_token"}, set())),
        ("graph/app/wiring.py", f"def {REFUSER}(settings):\n    settings.broker", (set(), {"broker"})),
        ("graph/app/wiring.py", "hand.broker", (set(), set())),
        ("graph/app/reading.py", "settings.web_port", (set(), set())),
    ],
)
def test_when_code_reads_a_setting_then_the_check_sees_it(
    path: str, code: str, expected: tuple[set[str], set[str]]
) -> None:
    assert readings(Source(path, f"from perun.graph.app.settings import Settings\n{code}")) == expected


def test_when_code_has_settings_of_its_own_then_the_check_lets_them_be() -> None:
    assert readings(Source("agents/providers.py", "settings.openai_api_key")) == (set(), set())
