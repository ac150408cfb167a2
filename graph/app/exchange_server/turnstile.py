"""Who may come in, and how often: API keys, and so many requests a minute for each."""

from dataclasses import dataclass, field
from secrets import compare_digest
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perun.graph.app.exchange_server.answers import TOO_MANY, UNAUTHORISED, refusal
from perun.tools.domain.clock import Clock

REQUESTS_A_MINUTE: Final = 200
_MINUTE: Final = 60
_OPEN: Final = ("/openapi.json", "/stream")
"""Doors without a turnstile: what the server can do, and the stream, which asks for the keys itself."""


@dataclass(frozen=True)
class Keys:
    """The pair that opens the account."""

    key: str
    secret: str = field(repr=False)

    def fit(self, key: str, secret: str) -> bool:
        """True for the right pair; it takes as long for a wrong one."""
        fits = [
            compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))
            for ours, theirs in self._pairs(key, secret)
        ]
        return all(fits)

    def _pairs(self, key: str, secret: str) -> tuple[tuple[str, str], tuple[str, str]]:
        return (self.key, key), (self.secret, secret)


class Meter:
    """Counts requests within the running minute."""

    def __init__(self, clock: Clock, a_minute: int) -> None:
        self.limit = a_minute
        self._clock = clock
        self._minute = 0
        self._used = 0

    def count(self) -> tuple[int, int]:
        """One more request: how many are left (below zero: too many), and the epoch second of the next minute."""
        minute = int(self._clock.now().timestamp()) // _MINUTE
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return self.limit - self._used, (minute + 1) * _MINUTE


class Turnstile:
    """Stands before the app: refuses wrong keys, counts requests, and tells in each answer how many are left."""

    def __init__(self, app: ASGIApp, keys: Keys, clock: Clock, requests_a_minute: int) -> None:
        self._app = app
        self._keys = keys
        self._meter = Meter(clock, requests_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer in the app's place."""
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._keys.fit(headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", "")):
            await refusal(UNAUTHORISED, "request is not authorized")(scope, receive, send)
            return
        left, reset = self._meter.count()
        app: ASGIApp = self._app if left >= 0 else refusal(TOO_MANY, "rate limit exceeded")
        await app(scope, receive, self._telling(send, max(left, 0), reset))

    def _telling(self, send: Send, left: int, reset: int) -> Send:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(self._meter.limit)
                headers["X-RateLimit-Remaining"] = str(left)
                headers["X-RateLimit-Reset"] = str(reset)
            await send(message)

        return tell
