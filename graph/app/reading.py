"""Settings read from their sources, each value with its origin, and each bad one as one clear line."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dotenv.parser import parse_stream
from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from perun.graph.app.settings import Settings
from perun.tools.domain.errors import ConfigurationError

NAMES = {name: name.upper() for name in Settings.model_fields}
"""Field to name in the environment."""

_LOGIN: Final = re.compile(r"//[^/@\s]*@")
"""Name and password in an address."""


@dataclass(frozen=True)
class Configuration:
    """Settings, where each came from, and what looks like a slip of the pen."""

    settings: Settings
    origins: dict[str, str]
    """Name in capitals to `command line`, `environment`, `.env` or `default`."""
    warnings: tuple[str, ...]


def read_settings(overrides: Mapping[str, str] | None = None, folder: Path | None = None) -> Configuration:
    """Command line (`overrides`, by name in capitals), then environment, then `.env` in `folder`, then defaults.

    Raises:
        ConfigurationError: one line for each bad value, with its name, source and what would do.
    """
    dotenv = _read_dotenv((folder or Path.cwd()) / ".env")
    layers = [("default", {}), (".env", dotenv), ("environment", dict(os.environ)), ("command line", overrides or {})]
    values: dict[str, str] = {}
    origins = dict.fromkeys(NAMES.values(), "default")
    for origin, layer in layers:
        for field, name in NAMES.items():
            if name in layer:
                values[field], origins[name] = layer[name], origin
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        bad = (_line(each, values, origins) for each in error.errors(include_url=False))
        raise ConfigurationError("\n".join(dict.fromkeys(bad))) from None
    return Configuration(settings, origins, tuple(_slips(dotenv)))


def notify_socket() -> str | None:
    """Where systemd listens to a service of the type notify; None outside of one."""
    return os.environ.get("NOTIFY_SOCKET")


def _read_dotenv(path: Path) -> dict[str, str]:
    """Names and values in `path`; none when there is no such file. A line that says nothing clear is refused."""
    try:
        with path.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; it should be a text file in UTF-8") from error
    unclear = [f"{path} line {binding.original.line}: should read NAME=value" for binding in bindings if binding.error]
    if unclear:
        raise ConfigurationError("\n".join(unclear))
    return {binding.key: binding.value or "" for binding in bindings if binding.key}


def _line(error: ErrorDetails, values: Mapping[str, str], origins: Mapping[str, str]) -> str:
    field = str(error["loc"][0])
    name = NAMES[field]
    said = "…" if is_secret(field) else repr(_LOGIN.sub("//…@", values.get(field, "")))
    problem = error["msg"].removeprefix("Value error, ")
    return f"{name}={said} (from {origins[name]}): {problem[0].lower()}{problem[1:]}"


def is_secret(field: str) -> bool:
    """True for a setting whose value nobody may see."""
    return any(kind is SecretStr for kind in _parts(Settings.model_fields[field].annotation))


def _parts(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", (annotation,))


def _slips(dotenv: Mapping[str, str]) -> list[str]:
    """Names in `.env` that are not settings but nearly are."""
    slips = []
    for key in dotenv:
        near = difflib.get_close_matches(key.upper(), NAMES.values(), n=1, cutoff=0.85)
        if near and key not in NAMES.values():
            slips.append(f"{key} in .env is not a setting; did you mean {near[0]}?")
    return slips
