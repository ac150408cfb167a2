"""The body of an answer, read only as long as somebody approves; apart because importing HTTP clients takes long."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import httpx2


class BoundedBody(httpx.SyncByteStream, httpx2.SyncByteStream):
    """A stream for both HTTP libraries: OpenAI's client reads with one, Google's with whichever it finds."""

    def __init__(self, body: Any, check: Callable[[int], None]) -> None:
        self._body: Iterable[bytes] = body
        self._close: Callable[[], None] = body.close
        self._check = check

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for chunk in self._body:
            read += len(chunk)
            self._check(read)
            yield chunk

    def close(self) -> None:
        """Let go of the connection."""
        self._close()
