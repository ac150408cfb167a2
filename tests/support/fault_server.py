"""A server on loopback that speaks enough of Alpaca to lose, garble and refuse an order after taking it, or before.

Example:
    with FaultServer(FAULTS["accept then 504"]) as server:
        AlpacaWriter(line, AlpacaBook(line := trading_line(access(server.url)))).submit(order)
    assert server.posts == 1 and len(server.orders) == 1
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from perun.tools.brokerage.alpaca.client import AlpacaAccess

KEY, SECRET = "PKCANARYKEY", "canary-secret"
"""What may be seen in no message."""
MADE_AT = "2024-01-02T15:00:00.123456Z"
RESETS = 1_704_207_660
"""2024-01-02 15:01:00 UTC."""

Page = Callable[[dict[str, str]], Any] | Any
"""What a GET answers: JSON (a text is sent as it is), or a function of the query that gives it."""


@dataclass(frozen=True)
class Fault:
    """How one POST of an order goes."""

    accepts: bool = True
    status: int = 200
    body: str | None = None
    """What is answered; None for the order as it was accepted."""
    shows: Mapping[str, Any] = field(default_factory=dict)
    """What the answer says otherwise than the order that was accepted."""
    headers: Mapping[str, str] = field(default_factory=dict)
    instead: Literal["close", "reset", "hang", "stop half way"] | None = None
    """What happens to the connection instead of an answer."""


def refusal(status: int, code: int, message: str, **headers: str) -> Fault:
    """A refusal in Alpaca's form; nothing is accepted."""
    return Fault(False, status, json.dumps({"code": code, "message": message}), headers=headers)


FAULTS = {
    "none": Fault(),
    "accept then 504": Fault(status=504, body=""),
    "accept then 502 with HTML": Fault(status=502, body="<html><body>Bad Gateway</body></html>"),
    "accept then 500": Fault(status=500, body='{"code": 50010000, "message": "internal server error"}'),
    "accept then 408": Fault(status=408, body=""),
    "accept then 409": Fault(status=409, body=""),
    "accept then close": Fault(instead="close"),
    "accept then reset": Fault(instead="reset"),
    "accept then hang": Fault(instead="hang"),
    "accept then stop half way": Fault(instead="stop half way"),
    "accept then 302": Fault(status=302, body="", headers={"Location": "/v2/account"}),
    "200 empty": Fault(body=""),
    "200 with HTML": Fault(body="<html>welcome</html>"),
    "200 with a list": Fault(body="[]"),
    "200 with null": Fault(body="null"),
    "200 with NaN": Fault(shows={"filled_avg_price": float("nan")}),
    "200 without a symbol": Fault(shows={"symbol": None}),
    "200 with another id": Fault(shows={"client_order_id": "somebody-else"}),
    "200 with another quantity": Fault(shows={"qty": "11"}),
    "200 with another side": Fault(shows={"side": "sell"}),
    "200 without its stop": Fault(shows={"order_class": "simple", "legs": None}),
    "200 with another stop": Fault(shows={"legs": [{"id": "x", "stop_price": "1"}]}),
    "200 with an unknown status": Fault(shows={"status": "pondering"}),
    "400": refusal(400, 40010000, "request body format is invalid"),
    "401": refusal(401, 40110000, "request is not authorized"),
    "403": refusal(403, 40310000, "insufficient buying power"),
    "403 with HTML": Fault(False, 403, "<html>Forbidden</html>"),
    "404": refusal(404, 40410000, "asset not found"),
    "422": refusal(422, 42210000, "sub-penny increment"),
    "422 not valid": refusal(422, 40010001, "qty is required"),
    "429": refusal(429, 42910000, "too many requests.", **{"X-RateLimit-Reset": str(RESETS)}),
    "429 without reset": refusal(429, 42910000, "too many requests."),
}


class FaultServer:
    """Keeps what it accepts and plays its fault at every POST of an order. Use as a context manager."""

    def __init__(self, fault: Fault = FAULTS["none"], pages: Mapping[str, Page] | None = None) -> None:
        self.fault = fault
        self.pages: dict[str, Page] = {"/v2/account": "{}", **(pages or {})}
        """Path to what a GET of it answers."""
        self.orders: dict[str, dict[str, Any]] = {}
        """What was accepted, by client id."""
        self.bodies: list[dict[str, Any]] = []
        """The body of each POST of an order, as it came."""
        self.requests: list[str] = []
        """Method and path of every request."""
        self.queries: list[dict[str, str]] = []
        """The query of every GET."""
        self._open(port=0)

    def _open(self, port: int) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"plays": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def posts(self) -> int:
        """How often an order was sent."""
        return len(self.bodies)

    @property
    def listens(self) -> bool:
        """True while it takes connections."""
        return self._thread.is_alive()

    def stop_listening(self) -> None:
        """Refuse new connections from now on; those that stand are served as before."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def listen_again(self) -> None:
        """Take connections again, at the same address."""
        self._open(self._http.server_port)
        self._thread.start()

    def take(self, body: dict[str, Any]) -> Fault:
        """Note an order that was sent, accept it if that is the plan, and say how to answer."""
        self.bodies.append(body)
        name = body["client_order_id"]
        if name in self.orders:
            return refusal(422, 40010001, "client_order_id must be unique")
        if self.fault.accepts:
            self.orders[name] = row(body)
        return self.fault

    def page(self, path: str, query: dict[str, str]) -> Fault:
        """What a GET answers."""
        found = self.pages.get(path)
        if found is None and path == "/v2/orders:by_client_order_id":
            found = self.orders.get(query["client_order_id"])
        page = found(query) if callable(found) else found
        if page is None:
            return refusal(404, 40410000, "not found")
        return page if isinstance(page, Fault) else Fault(body=page if isinstance(page, str) else json.dumps(page))

    def change(self, method: str, path: str, body: bytes) -> Fault:
        """What a DELETE or PATCH answers."""
        page = self.pages.get(f"{method} {path}", Fault(status=204, body=""))
        assert isinstance(page, Fault)
        return page

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.listens:
            self.stop_listening()


def row(body: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The order of a wire body as Alpaca shows it."""
    stop = body.get("stop_loss")
    made = {
        "id": f"id-{body['client_order_id']}",
        "status": "pending_new",
        "filled_qty": "0",
        "filled_avg_price": None,
        "order_class": "simple",
        "legs": None,
        **{name: MADE_AT for name in ("created_at", "updated_at", "submitted_at")},
        **{name: value for name, value in body.items() if name != "stop_loss"},
    }
    if stop:
        child = {"client_order_id": f"leg-of-{body['client_order_id']}", "side": "sell", "type": "stop", **stop}
        made["legs"] = [{**made, **child, "id": f"{made['id']}-leg", "status": "held"}]
    return {**made, **changes}


def access(url: str, **changes: Any) -> AlpacaAccess:
    """The canary's access to a server on loopback, which must answer within a fifth of a second."""
    within = {"answer_within": timedelta(milliseconds=200)}
    return AlpacaAccess(key=KEY, secret=SECRET, trading_url=url, data_url=url, **{**within, **changes})


def closed_port() -> int:
    """A port of loopback at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


class _Handler(BaseHTTPRequestHandler):
    plays: FaultServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its header

    def do_POST(self) -> None:
        self.plays.requests.append(f"POST {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.plays.take(body)
        shown = {**self.plays.orders.get(body["client_order_id"], {}), **fault.shows}
        text = json.dumps(shown) if fault.body is None else fault.body
        if fault.instead:
            self._spoil(fault.instead, text)
        else:
            self._answer(fault.status, text, fault.headers)

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        self.plays.requests.append(f"GET {path}")
        self.plays.queries.append(query)
        self._play(self.plays.page(path, query))

    def do_DELETE(self) -> None:
        self._change("DELETE", b"")

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.plays.bodies.append(json.loads(body))
        self._change("PATCH", body)

    def _change(self, method: str, body: bytes) -> None:
        self.plays.requests.append(f"{method} {self.path}")
        self._play(self.plays.change(method, self.path, body))

    def _play(self, fault: Fault) -> None:
        if fault.instead:
            self._spoil(fault.instead, "{}")
        else:
            self._answer(fault.status, fault.body or "", fault.headers)

    def _spoil(self, how: str, text: str) -> None:
        self.close_connection = True
        if how == "hang":
            self.connection.recv(1)  # returns once the client hangs up
        elif how == "stop half way":
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text[:-1]}".encode())
        elif how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _answer(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
