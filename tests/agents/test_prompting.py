"""A prompt file is read whole or refused with one clear line; its holes are filled once."""

import re
from pathlib import Path

import pytest

from perun.agents.models import Message
from perun.agents.prompting import Prompt, load_prompts
from perun.tools.domain.errors import ConfigurationError

TEXT = """---
agent: trader
version: 3
notes: a made one
---
# System
You trade.

Be brief.
# User
Now: {{as_of}}
Book: {{ book }}
"""
HOLES = {"trader": frozenset({"as_of", "book"})}


def load(folder: Path, text: str | bytes) -> Prompt:
    (folder / "trader.md").write_bytes(text.encode() if isinstance(text, str) else text)
    return load_prompts(folder, HOLES)["trader"]


def test_when_a_prompt_is_read_then_its_parts_stand_apart(tmp_path: Path) -> None:
    prompt = load(tmp_path, TEXT)
    assert (prompt.agent, prompt.version, prompt.name) == ("trader", "3", "trader@3")
    assert prompt.system == "You trade.\n\nBe brief."
    assert prompt.user == "Now: {{as_of}}\nBook: {{ book }}"
    assert prompt.holes == {"as_of", "book"}


def test_when_holes_are_filled_then_a_system_and_a_user_message_come_out() -> None:
    filled = Prompt.parse(TEXT, "here").render({"as_of": "noon", "book": "empty"})
    assert filled == (Message("system", "You trade.\n\nBe brief."), Message("user", "Now: noon\nBook: empty"))


def test_when_a_hole_stands_twice_or_in_the_system_part_then_each_is_filled() -> None:
    prompt = Prompt("trader", "1", "It is {{as_of}}.", "{{as_of}}, {{as_of}}")
    assert prompt.render({"as_of": "noon"}) == (Message("system", "It is noon."), Message("user", "noon, noon"))


def test_when_a_filled_in_text_has_holes_then_they_are_not_filled() -> None:
    filled = Prompt.parse(TEXT, "here").render({"as_of": "{{book}}", "book": r"\1 \g<0> {{as_of}}"})
    assert filled[1].text == "Now: {{book}}\nBook: " + r"\1 \g<0> {{as_of}}"


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_when_the_file_was_written_on_windows_then_it_reads_the_same(tmp_path: Path, ends: str, mark: bytes) -> None:
    assert load(tmp_path, mark + TEXT.replace("\n", ends).encode()) == Prompt.parse(TEXT, "here")


def test_when_text_with_carriage_returns_is_parsed_then_it_reads_the_same() -> None:
    assert Prompt.parse(TEXT.replace("\n", "\r\n"), "here") == Prompt.parse(TEXT, "here")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You trade. {{as_of}} {{book}}",
        TEXT.removeprefix("---\n"),
        TEXT.replace("# System\n", ""),
        TEXT.replace("# User\n", ""),
        TEXT.replace("# System", "# User").replace("# User\nNow", "# System\nNow"),
    ],
    ids=["empty", "no parts", "no front matter", "no system part", "no user part", "parts in the wrong order"],
)
def test_when_a_file_has_another_shape_then_it_is_refused_and_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"trader\.md is not a prompt: it needs front matter"):
        load(tmp_path, text)


@pytest.mark.parametrize("line", ["agent: trader\n", "version: 3\n"])
def test_when_the_front_matter_lacks_a_line_then_the_file_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match="the front matter needs 'agent' and 'version'"):
        load(tmp_path, TEXT.replace(line, ""))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT.replace("Now: {{as_of}}", ""), "lacks hole {{as_of}}"),
        (TEXT.replace("{{as_of}}", "").replace("{{ book }}", ""), "lacks hole {{as_of}}, {{book}}"),
        (TEXT.replace("{{as_of}}", "{as_of}"), "lacks hole {{as_of}}"),
        (TEXT + "{{price}}", "has an unknown hole {{price}}"),
        (TEXT + "{{book2}}", "has an unknown hole {{book2}}"),
        (TEXT + "{{Our Book}}", "has an unknown hole {{Our Book}}"),
        (TEXT + "{{}}", "has an unknown hole {{}}"),
        (TEXT.replace("Be brief.", "Be {{mood}}."), "has an unknown hole {{mood}}"),
    ],
)
def test_when_holes_are_missing_or_unknown_then_the_file_is_refused_and_the_holes_named(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"{tmp_path / 'trader.md'} {problem};")):
        load(tmp_path, text)


def test_when_the_file_is_for_another_agent_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="says 'agent: analyst'; it should be 'trader'"):
        load(tmp_path, TEXT.replace("agent: trader", "agent: analyst"))


def test_when_the_file_is_not_there_then_the_message_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"trader\.md cannot be read: .*No such file"):
        load_prompts(tmp_path, HOLES)


def test_when_the_file_is_a_folder_or_no_text_then_the_message_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"trader\.md cannot be read"):
        load(tmp_path, b"---\nagent: \xff\xfe")
    (tmp_path / "trader.md").unlink()
    (tmp_path / "trader.md").mkdir()
    with pytest.raises(ConfigurationError, match=r"trader\.md cannot be read"):
        load_prompts(tmp_path, HOLES)


@pytest.mark.parametrize(
    "same",
    [
        TEXT.replace("You trade.", "You trade.  \t"),
        TEXT.replace("brief.\n", "brief.\n\n\n"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("version: 3", "version: 4").replace("a made one", "renamed"),
    ],
    ids=["spaces at a line's end", "blank lines at a part's end", "carriage returns", "front matter"],
)
def test_when_what_is_spoken_stays_then_the_hash_stays(same: str) -> None:
    assert Prompt.parse(same, "here").hash == Prompt.parse(TEXT, "here").hash


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("brief", "long"),
        TEXT.replace("Book", "book"),
        TEXT.replace("You trade.", "  You trade.").replace("Be", "  Be"),
        TEXT.replace("\nBe brief.\n# User\n", "# User\nBe brief.\n\n"),
    ],
    ids=["system", "user", "indented", "moved from system to user"],
)
def test_when_what_is_spoken_changes_then_the_hash_changes(other: str) -> None:
    assert Prompt.parse(other, "here").hash != Prompt.parse(TEXT, "here").hash


def test_when_a_hash_is_shown_then_it_has_twelve_hex_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", Prompt.parse(TEXT, "here").hash)
