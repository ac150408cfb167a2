"""A suggestion as a patch of `.env`: a person reads it and applies it, nobody else does."""

from collections.abc import Mapping
from difflib import unified_diff


def env_patch(text: str | None, changes: Mapping[str, str]) -> str:
    """The unified diff that sets these values; `patch .env FILE` applies it.

    Args:
        text: of `.env` as it is; None when there is none.
        changes: setting to value.
    """
    lines = (text or "").splitlines()
    after = [_changed(line, changes) for line in lines]
    after += [f"{name}={value}" for name, value in changes.items() if not any(_sets(line, name) for line in lines)]
    origin = "/dev/null" if text is None else ".env"
    return "".join(f"{line}\n" for line in unified_diff(lines, after, origin, ".env", lineterm=""))


def _changed(line: str, changes: Mapping[str, str]) -> str:
    return next((f"{name}={value}" for name, value in changes.items() if _sets(line, name)), line)


def _sets(line: str, name: str) -> bool:
    return line.removeprefix("export ").partition("=")[0].strip() == name and "=" in line
