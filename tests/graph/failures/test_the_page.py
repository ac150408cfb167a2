"""The page beside this file names tests that exist, and leaves no failure out."""

import re
from pathlib import Path

PAGE = Path(__file__).with_name("README.md").read_text()
TESTS = Path(__file__).parents[2]
ROW = re.compile(r"^\| F(\d+) \|.*$", re.MULTILINE)


def test_when_the_page_names_a_test_then_it_exists_and_each_failure_has_one() -> None:
    rows = {int(row[1]): re.findall(r"`([\w/]+\.py)::(test_\w+)`", row[0]) for row in ROW.finditer(PAGE)}
    assert sorted(rows) == list(range(1, 27))
    assert all(rows.values()), rows
    for file, name in (named for row in rows.values() for named in row):
        assert f"def {name}" in (TESTS / file).read_text(), f"{file}::{name}"
