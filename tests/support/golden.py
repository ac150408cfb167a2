"""Golden files: texts that people read when they change, because a test compares with them."""

from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Golden:
    """Compares texts with the files of a folder, or writes them there."""

    folder: Path
    update: bool = False

    def __call__(self, name: str, text: str) -> None:
        """Fail when the file is missing or differs; under `update` write it instead."""
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file():
            pytest.fail(f"the golden file {name} is missing: run pytest with --update-golden, and read what it wrote")
        elif (stands := path.read_text(encoding="utf-8")) != text:
            diff = "\n".join(unified_diff(stands.splitlines(), text.splitlines(), "golden", "now", lineterm=""))
            pytest.fail(f"{name} changed; if that is meant, run pytest with --update-golden\n{diff}", pytrace=False)
