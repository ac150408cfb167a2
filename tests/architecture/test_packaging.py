"""What is installed is what stands on disk, and nothing of it leans on the type checker's links."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from architecture.source import ROOMS, ROOT, sources

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
FOLDERS = {folder: package for package, folder in SETUPTOOLS["package-dir"].items()}
"""Folder at the top of the repository to the package that it is imported as."""


def packages(root: Path, folders: dict[str, str]) -> list[str]:
    """The packages on disk: every folder with Python in it, or in a folder below it."""
    found = set()
    for folder, package in folders.items():
        for file in (root / folder).rglob("*.py"):
            inside = file.parent.relative_to(root / folder).parts
            found |= {".".join((package, *inside[:depth])) for depth in range(len(inside) + 1)}
    return sorted(found)


def folders_without_door(root: Path, folders: dict[str, str]) -> list[str]:
    """Folders with Python and without `__init__.py`."""
    with_python = {file.parent for folder in folders for file in (root / folder).rglob("*.py")}
    return sorted(
        folder.relative_to(root).as_posix() for folder in with_python if not (folder / "__init__.py").exists()
    )


def left_behind(root: Path, folders: dict[str, str], data: dict[str, list[str]]) -> list[str]:
    """Files beside the Python that no pattern of package data takes along."""
    lost = []
    for folder, package in folders.items():
        for file in (root / folder).rglob("*"):
            if not file.is_file() or file.suffix == ".py" or "__pycache__" in file.parts:
                continue
            home = ".".join((package, *file.parent.relative_to(root / folder).parts))
            if not any(file.match(pattern) for pattern in (*data.get(home, []), *data.get("*", []))):
                lost.append(file.relative_to(root).as_posix())
    return sorted(lost)


def test_when_the_packages_are_listed_then_they_are_those_on_disk() -> None:
    assert sorted(SETUPTOOLS["packages"]) == packages(ROOT, FOLDERS)


def test_when_a_folder_holds_python_then_it_is_a_package() -> None:
    assert folders_without_door(ROOT, FOLDERS) == []


def test_when_a_file_lies_beside_the_code_then_it_is_shipped_with_it() -> None:
    assert left_behind(ROOT, FOLDERS, SETUPTOOLS["package-data"]) == []


def test_when_the_rooms_are_named_then_every_one_is_installed() -> None:
    assert sorted(FOLDERS) == sorted(ROOMS)


def test_when_a_folder_is_added_then_the_checks_see_it(tmp_path: Path) -> None:
    (tmp_path / "graph" / "deep" / "er").mkdir(parents=True)
    for name in ("__init__.py", "deep/er/x.py", "deep/er/notes.txt"):
        (tmp_path / "graph" / name).touch()
    folders = {"graph": "perun.graph"}
    assert packages(tmp_path, folders) == ["perun.graph", "perun.graph.deep", "perun.graph.deep.er"]
    assert folders_without_door(tmp_path, folders) == ["graph/deep/er"]
    assert left_behind(tmp_path, folders, {"perun.graph": ["*.txt"]}) == ["graph/deep/er/notes.txt"]


def test_when_the_links_for_the_type_checker_are_listed_then_they_are_exactly_four() -> None:
    stand = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / ".types").rglob("*")}
    assert sorted(stand) == [".types/perun", *(f".types/perun/{n}" for n in ("agents", "graph", "memory", "tools"))]
    links = [path for path in stand.values() if path.is_symlink()]
    assert sorted(path.readlink().as_posix() for path in links) == [
        f"../../{name}" for name in ("agents", "graph", "memory", "tools")
    ]


def test_when_the_house_is_installed_then_nothing_comes_through_the_links() -> None:
    assert not [folder for folder in FOLDERS if folder.startswith(".")]
    assert not [source.path for source in sources(*ROOMS) if re.search(r"[\"'/]\.types\b", source.text)]
    script = "import perun.tools.domain.money as money, perun.graph, sys; print(money.__file__, *perun.graph.__path__)"
    said = subprocess.run([sys.executable, "-c", script], cwd="/", capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(ROOT / "tools/domain/money.py"), str(ROOT / "graph")]
