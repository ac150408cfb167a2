"""A scriptable model server on loopback: OpenAI's chat completions with tools, schemas and streams, Gemini's own
generateContent, and Perplexity's pages beside an answer. It counts calls and tokens, measures overlap, delays, fails
and lies.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from support.model_words import Call, Request, Says, failure, is_gemini, reply, stream, texts_of, words

__all__ = ["Answer", "Breaks", "Call", "Drips", "Fails", "Floods", "Garbles", "Holds", "ModelServer", "Says", "tokens"]


@dataclass(frozen=True)
class Fails:
    """An error with the protocol's envelope. Told to wait a millisecond, a client retries without a test sleeping."""

    status: int
    message: str = "scripted failure"
    wait_ms: int = 1


@dataclass(frozen=True)
class Garbles:
    """A successful status over a body that is no answer."""

    body: str


@dataclass(frozen=True)
class Holds:
    """No answer until the client has hung up; one that never does is answered after all, and its test fails."""


@dataclass(frozen=True)
class Breaks:
    """Half of an answer; then the line is dead."""

    said: Says


@dataclass(frozen=True)
class Drips:
    """An answer that comes byte by byte, each a pause after the one before."""

    said: Says
    pause: float = 0.05


@dataclass(frozen=True)
class Floods:
    """A text of so many bytes."""

    size: int


Answer = Says | Fails | Garbles | Holds | Breaks | Drips | Floods
Script = Callable[[Request], Answer]

tokens = words
_PATIENCE = 60
"""Seconds after which a client is taken to wait for ever; no loaded machine makes one that gives up so slow."""


class ModelServer:
    """Answers by its script and remembers what it was asked. Use as a context manager."""

    def __init__(self, script: Script, delay: float = 0.0, count: Callable[..., int] = words) -> None:
        self.script = script
        self.delay = delay
        """Seconds between a request and its answer."""
        self.count = count
        """Texts to tokens."""
        self.requests: list[dict[str, Any]] = []
        """Bodies, in order of arrival."""
        self.keys: list[str] = []
        """The key of each request."""
        self.read = self.written = 0
        """Tokens, over all answers that were completed."""
        self.most_at_once = 0
        """Requests that were open side by side."""
        self._open = 0
        self._noting = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def root(self) -> str:
        """Where a client of Gemini finds it."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def base_url(self) -> str:
        """Where a client of OpenAI finds it."""
        return f"{self.root}/v1"

    @property
    def calls(self) -> int:
        """Requests that came in."""
        return len(self.requests)

    @contextmanager
    def taking(self, body: dict[str, Any], key: str) -> Iterator[Answer]:
        """Note a request, ask the script what to say, and let the delay pass."""
        with self._noting:
            self.requests.append(body)
            self.keys.append(key)
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        try:
            answer = self.script(body)
            self.pause(self.delay)
            yield answer
        finally:
            with self._noting:
                self._open -= 1

    def counted(self, body: Request, said: Says) -> tuple[int, int]:
        """Tokens read and written for this answer, noted."""
        read = self.count(*texts_of(body))
        written = self.count(said.text, *(call.arguments for call in said.calls))
        with self._noting:
            self.read, self.written = self.read + read, self.written + written
        return read, written

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the test."""
        self._closing.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    """Knows the model server that it serves."""

    def __init__(self, models: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models


class _Handler(BaseHTTPRequestHandler):
    """One request: note it, ask the script, answer."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._models.taking(body, self.headers.get("x-goog-api-key", bearer)) as answer:
            try:
                self._answer(body, answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client had enough, as it may

    def _answer(self, body: Request, answer: Answer) -> None:
        match answer:
            case Says() if body.get("stream"):
                self._stream(body, answer)
            case Says():
                self._send(200, self._said(body, answer))
            case Fails(status, message, wait_ms):
                self._send(status, json.dumps(failure(body, status, message)), wait_ms)
            case Garbles(text):
                self._send(200, text)
            case Holds():
                self._hold(body)
            case Breaks(said):
                text = self._said(body, said)
                self._send(200, text[: len(text) // 2], length=len(text))
                self.close_connection = True
            case Drips(said, pause):
                self._drip(self._said(body, said), pause)
            case Floods(size):
                self._send(200, self._said(body, Says("x" * size)))

    def _said(self, body: Request, said: Says) -> str:
        return json.dumps(reply(body, said, *self._models.counted(body, said)))

    def _stream(self, body: Request, said: Says) -> None:
        assert not is_gemini(body)
        self._head(200, "text/event-stream", None)
        for event in stream(body, said, *self._models.counted(body, said)):
            self.wfile.write(event.encode())
        self.close_connection = True

    def _hold(self, body: Request) -> None:
        self.connection.settimeout(_PATIENCE)
        try:
            self.connection.recv(1)  # returns once the client hangs up
        except TimeoutError:
            self._send(200, self._said(body, Says("The client did not hang up.")))

    def _drip(self, text: str, pause: float) -> None:
        self._head(200, "application/json", len(text))
        for byte in text.encode():
            self.wfile.write(bytes([byte]))
            self._models.pause(pause)

    def _send(self, status: int, text: str, wait_ms: int = 1, length: int | None = None) -> None:
        body = text.encode()
        self._head(status, "application/json", length or len(body), wait_ms)
        self.wfile.write(body)

    def _head(self, status: int, kind: str, length: int | None, wait_ms: int = 1) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("retry-after-ms", str(wait_ms))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def _models(self) -> ModelServer:
        assert isinstance(self.server, _Http)
        return self.server.models
