"""The golden fixture itself can fail, and every golden file has a test."""

from pathlib import Path

import pytest

from perun.agents.roles import ROSTER
from support.golden import Golden

HERE = Path(__file__).parent


def test_when_a_golden_file_is_missing_then_the_test_fails_and_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="--update-golden"):
        Golden(tmp_path)("new.md", "text")
    assert not (tmp_path / "new.md").exists()


def test_when_a_text_changed_then_the_test_fails_with_the_diff(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("one\ntwo\n")
    with pytest.raises(pytest.fail.Exception, match=r"(?s)-two.*\+three"):
        Golden(tmp_path)("old.md", "one\nthree\n")


def test_when_only_the_last_line_end_changed_then_the_test_fails_too(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("one\n")
    with pytest.raises(pytest.fail.Exception):
        Golden(tmp_path)("old.md", "one")


def test_when_the_flag_is_given_then_the_file_is_written_and_fits_from_then_on(tmp_path: Path) -> None:
    Golden(tmp_path, update=True)("deep/new.md", "text\n")
    Golden(tmp_path)("deep/new.md", "text\n")


def test_when_a_golden_file_has_no_test_any_more_then_somebody_notices() -> None:
    prompts = {f"prompts/{role}.md" for role in [*ROSTER, "analyst_of_the_unknown", "analyst_with_a_lesson", "mentor"]}
    schemas = {f"schemas/{role}.json" for role in ROSTER}
    tools = {f"tools/{name}.json" for name, role in ROSTER.items() if role.tools}
    failures = {f"failures/{family}.txt" for family in ("openai", "google", "perplexity")}
    found = {str(path.relative_to(HERE)) for path in HERE.glob("*/*") if path.parent.name != "__pycache__"}
    assert found == prompts | schemas | tools | failures
