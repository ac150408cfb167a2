"""What the daemon says while it works: a line for a person, or a JSON object for a machine, on stderr."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from perun.graph.app.hushing import of_this_process
from perun.tools.domain.clock import Clock

Tell = Callable[..., None]
"""`tell(event, line, **facts)`: what happened in one word, the same for a person, and its facts by name."""


def plain_lines(event: str, line: str, **facts: Any) -> None:
    """Tell it to a person."""
    print(of_this_process().text(f"perun: {line}"), file=sys.stderr, flush=True)


def json_lines(clock: Clock) -> Tell:
    """Tell it to a machine, one object in a line; what other libraries log comes in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)

    def tell(event: str, line: str, **facts: Any) -> None:
        said = {"at": clock.now().isoformat(), "level": "info", "event": event, "message": line, **facts}
        print(of_this_process().text(json.dumps(said, default=str)), file=sys.stderr, flush=True)

    return tell


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        said = {"at": at, "level": record.levelname.lower(), "event": "log", "logger": record.name}
        trace = {"trace": record.exc_text} if record.exc_text else {}
        return json.dumps({**said, "message": record.getMessage(), **trace})
