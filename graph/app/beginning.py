"""`perun init`: a `.env` to begin with, in which nothing is set yet and everything is explained."""

import os
from pathlib import Path
from typing import Any

from perun.graph.app.env_example import render
from perun.tools.domain.errors import ConfigurationError


def write_env(folder: Path) -> dict[str, Any]:
    """Write `.env` into the folder, readable by its owner alone, since keys will stand in it.

    Returns:
        The document `perun.init/1`.

    Raises:
        ConfigurationError: there is one already, which is never overwritten; or the folder cannot be written.
    """
    path = folder / ".env"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is there already: edit it, or move it away and ask again") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror})") from error
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(render())
    return {"schema": "perun.init/1", "file": str(path), "next": "uncomment what you want to change, then perun doctor"}
