"""Someone to be told: an HTTP server on loopback that keeps what Apprise sends to `json://`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any


@dataclass
class People:
    """What they were told."""

    url: str
    messages: "Queue[dict[str, Any]]" = field(default_factory=Queue)
    are_slow: Event = field(default_factory=Event)
    """While it is set nobody gets an answer."""

    def next(self) -> dict[str, Any]:
        """The next message; an error when none comes."""
        return self.messages.get(timeout=20)

    def lines(self) -> list[str]:
        """The lines of all messages that came until now, without their times."""
        told = []
        while not self.messages.empty():
            told += [line.partition("UTC  ")[2] for line in self.messages.get()["message"].splitlines()]
        return told


@contextmanager
def people(status: int = 200) -> Iterator[People]:
    """A server that answers so."""

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.messages.put(json.loads(body))
            while heard.are_slow.is_set() and not ended.wait(0.02):
                pass
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    ended = Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        heard = People(f"json://127.0.0.1:{server.server_address[1]}/{TOKEN}")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield heard
        finally:
            ended.set()
            server.shutdown()


TOKEN = "a-token-that-nobody-may-read"
