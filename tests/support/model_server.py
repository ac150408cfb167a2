"""A scriptable model server on loopback that speaks OpenAI's chat completions."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Says:
    """A completed answer."""

    text: str
    finish: str = "stop"
    refusal: str | None = None


@dataclass(frozen=True)
class Fails:
    """An error with OpenAI's envelope. The client is told to retry after a millisecond, so that no test sleeps."""

    status: int
    message: str = "scripted failure"


@dataclass(frozen=True)
class Garbles:
    """A successful status over a body that is no chat completion."""

    body: str


@dataclass(frozen=True)
class Holds:
    """No answer at all: the connection stays open until the client gives up."""


Answer = Says | Fails | Garbles | Holds
Script = Callable[[Mapping[str, Any]], Answer]


class ModelServer:
    """Answers by its script and remembers what it was asked. Use as a context manager."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        """Bodies, in order of arrival."""
        self.keys: list[str] = []
        """The bearer key of each request."""
        self._noting = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def calls(self) -> int:
        """Requests that came in."""
        return len(self.requests)

    def take(self, body: dict[str, Any], key: str) -> Answer:
        """Note a request and ask the script what to say."""
        with self._noting:
            self.requests.append(body)
            self.keys.append(key)
        return self.script(body)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def tokens(*texts: str) -> int:
    """How this server counts tokens: by words."""
    return sum(len(text.split()) for text in texts)


def completion(request: Mapping[str, Any], answer: Says) -> dict[str, Any]:
    """The body of a chat completion, with usage."""
    read = tokens(*(str(message["content"]) for message in request["messages"]))
    written = tokens(answer.text)
    message = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = server.take(body, self.headers.get("Authorization", "").removeprefix("Bearer "))
            match answer:
                case Says():
                    self._send(200, json.dumps(completion(body, answer)))
                case Fails(status, message):
                    error = {"message": message, "type": "scripted", "code": None, "param": None}
                    self._send(status, json.dumps({"error": error}))
                case Garbles(text):
                    self._send(200, text)
                case Holds():
                    self.connection.recv(1)  # returns once the client hangs up

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
