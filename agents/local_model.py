"""A GGUF model served inside this process, on loopback, to callers that hold its random key."""

import atexit
import os
import secrets
import threading
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from perun.tools.domain.errors import ConfigurationError

CONTEXT_TOKENS = 8192
"""Question and answer together."""
LONGEST_ANSWER_TOKENS = 1536
"""A small model may run on for ever inside a string; the server cuts it off."""
LEAST_PATIENCE_SECONDS = 300
"""A long answer takes minutes on a slow machine. It is bounded by its tokens; no network can fail under it."""
PROMPT_CACHE_MIB = 256
_QUIET = -1

_servers: dict[Path, "LocalServer"] = {}
"""What runs in this process. A model fills gigabytes and its server cannot be shared by value: one for each file."""
_starting = threading.Lock()


@dataclass(frozen=True)
class LocalServer:
    """A running server that speaks OpenAI's protocol; it stops when the last reference to it goes."""

    base_url: str
    key: SecretStr
    handle: Any


def check(path: Path) -> None:
    """See that `path` can be served, without loading it.

    Raises:
        ConfigurationError: the extra is not installed, or the file is missing or no GGUF.
    """
    if find_spec("xllamacpp") is None:
        raise ConfigurationError("LLM_PROVIDER=local needs the extra: pip install 'perun-trading[local]'")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigurationError(f"LOCAL_MODEL={path} cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise ConfigurationError(f"LOCAL_MODEL={path} is not a GGUF file")


def serve(path: Path) -> LocalServer:
    """The server of the model at `path`, started when first asked for and stopped when the process ends.

    Raises:
        ConfigurationError: the extra is not installed, or the file is missing, damaged or no GGUF.
    """
    check(path)
    with _starting:
        if path.resolve() not in _servers:
            _servers[path.resolve()] = _start(path.resolve())
        return _servers[path.resolve()]


@atexit.register
def stop_all() -> None:
    """End every server now; it waits for its threads, which takes some hundredths of a second."""
    _servers.clear()


def _start(path: Path) -> LocalServer:
    key = secrets.token_urlsafe(24)
    try:
        runtime: Any = import_module("xllamacpp")  # a binary module without type stubs
        server = runtime.Server(_parameters(runtime.CommonParams(), path, key))
    except ImportError as error:
        raise ConfigurationError(f"the local model's runtime cannot start: {error} (apt install libgomp1?)") from error
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"LOCAL_MODEL={path} cannot be loaded: {error}") from error
    return LocalServer(f"{server.listening_address}/v1", SecretStr(key), server)


def _parameters(parameters: Any, path: Path, key: str) -> Any:
    parameters.model.path = str(path)
    parameters.model_alias = {path.stem}
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_predict = LONGEST_ANSWER_TOKENS
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _threads()
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    parameters.hostnames = ["127.0.0.1"]
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.verbosity = _QUIET
    return parameters


def _threads() -> int:
    # The runtime's threads wait for one another after every layer: one that must share its core holds up all.
    # On two busy cores two threads took five times as long as one, so a core is left to everybody else.
    return max(1, len(os.sched_getaffinity(0)) - 1)
