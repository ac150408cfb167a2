"""Signs of life: the heartbeat's file, the health page on loopback, and words to systemd."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from perun.tools.domain.clock import Clock, stopwatch
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.whole_file import write_whole

HEARTBEAT: Final = "heartbeat.json"
"""The file of the daemon of a DATA_DIR."""
BEAT_SECONDS: Final = 5.0


@dataclass
class Lifeline:
    """What the process is at, told at every beat. A piece of work that takes too long is no sign of life."""

    file: Path
    clock: Clock
    patience_seconds: float
    """How long one piece of work may take before the process counts as stuck."""
    notify_socket: str | None = None
    """Where systemd listens."""
    doing: str = "starting"
    facts: dict[str, Any] = field(default_factory=dict)
    _since: float = field(default_factory=stopwatch)

    def turn_to(self, doing: str, **facts: Any) -> None:
        """Say what is done from now on."""
        self.doing, self._since = doing, stopwatch()
        self.facts |= facts
        self.beat()

    @property
    def is_stuck(self) -> bool:
        """True when the work in hand takes longer than it may; waiting takes as long as it likes."""
        return self.doing != "waiting" and stopwatch() - self._since > self.patience_seconds

    def document(self) -> dict[str, Any]:
        """The document `perun.heartbeat/1`."""
        said = {"schema": "perun.heartbeat/1", "at": self.clock.now().isoformat(), "pid": os.getpid()}
        return {**said, "doing": self.doing, "stuck": self.is_stuck, **self.facts}

    def beat(self) -> None:
        """Write the file, and tell systemd's watchdog unless the process is stuck."""
        with suppress(OSError):  # a full disk is told by whoever needs it
            write_whole(self.file, json.dumps(self.document(), default=str) + "\n", durable=False)
        if not self.is_stuck:
            self.notify("WATCHDOG=1")

    def notify(self, state: str) -> None:
        """One word to systemd, when it listens."""
        if self.notify_socket:
            address = self.notify_socket
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
                line.setblocking(False)  # a listener that does not read holds up nothing
                line.connect("\0" + address[1:] if address.startswith("@") else address)
                line.sendall(state.encode())


@contextmanager
def beating(lifeline: Lifeline, port: int) -> Iterator[Lifeline]:
    """Beat in the background, and answer on that port of loopback; 0 is no port.

    Raises:
        ConfigurationError: another process answers there.
    """
    ended = Event()

    def beats() -> None:
        while not ended.wait(BEAT_SECONDS):
            lifeline.beat()

    server = _serve(lifeline, port) if port else None
    Thread(target=beats, name="heartbeat", daemon=True).start()
    lifeline.notify("READY=1")
    try:
        yield lifeline
    finally:
        lifeline.notify("STOPPING=1")
        ended.set()
        lifeline.turn_to("stopped")
        if server:
            server.shutdown()
            server.server_close()


def last_beat(file: Path) -> Mapping[str, Any]:
    """What the last process said of itself; empty when there was none, or the file says nothing clear."""
    try:
        said = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _serve(lifeline: Lifeline, port: int) -> ThreadingHTTPServer:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if lifeline.is_stuck else HTTPStatus.OK
            body = json.dumps(lifeline.document(), default=str).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Whoever asks for our health is no news."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    except OSError as error:
        raise ConfigurationError(
            f"HEALTH_PORT={port} is taken ({error.strerror}): give each process here a port of its own"
        ) from error
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
