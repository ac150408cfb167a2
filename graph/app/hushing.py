"""No secret leaves the process by its log, its error messages or a traceback."""

import logging
import re
import sys
import threading
import traceback
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from perun.tools.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from perun.graph.app.settings import Settings
    from perun.graph.redaction import Redaction


_SEPARATES: Final = re.compile(r"[\s,/:@?&=#]+")
"""What stands between the parts of an address: in one for Apprise a token may stand in any of them."""


def redaction(settings: "Settings") -> "Redaction":
    """What these settings keep secret."""
    from pydantic import SecretStr

    from perun.graph.redaction import Redaction

    told = [value.get_secret_value() for value in vars(settings).values() if isinstance(value, SecretStr)]
    addresses = settings.notify_urls.get_secret_value() if settings.notify_urls else ""
    return Redaction([*told, *filter(None, map(_password, told)), *_SEPARATES.split(addresses)])


def _password(secret: str) -> str | None:
    """The password inside a secret that is an address."""
    from urllib.parse import unquote, urlsplit

    try:
        password = urlsplit(secret).password
    except ValueError:
        return None
    return unquote(password) if password else None


@cache
def of_this_process() -> "Redaction":
    """What this process's settings keep secret; what looks like a key, where they cannot be read."""
    from perun.graph.app.reading import read_settings
    from perun.graph.redaction import KEYS

    try:
        return redaction(read_settings().settings)
    except ConfigurationError:
        return KEYS


def hush() -> None:
    """From now on, log records and tracebacks of whatever ends a thread or the process hold no secret."""
    logging.setLogRecordFactory(_record)
    # When several threads fail at once, one error reaches a person; the others would as tracebacks.
    logging.getLogger("concurrent.futures").addHandler(logging.NullHandler())
    sys.excepthook = _print
    threading.excepthook = lambda ended: _print(ended.exc_type, ended.exc_value, ended.exc_traceback)


def told(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> str:
    """A traceback without secrets."""
    return of_this_process().text("".join(traceback.format_exception(kind, error, trace)))


def _record(*args: Any, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **more)
    record.msg, record.args = of_this_process().text(record.getMessage()), ()
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = told(*record.exc_info).rstrip("\n")  # what a formatter finds there it does not write again
    return record


def _print(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    print(told(kind, error, trace), end="", file=sys.stderr)
