"""What every request to a provider passes: it is counted, and held to a time and a size."""

import threading
from math import inf
from typing import Any, Final

from perun.agents.failures import GaveUp
from perun.tools.domain.clock import stopwatch

CONNECT_SECONDS: Final = 10.0
"""A server that is there takes the call sooner than that; the rest of the time is for the answer."""
LONGEST_SECONDS: Final = 3600.0
"""For a client that is used without a question's bounds; no setting allows more."""
LONGEST_ANSWER_BYTES: Final = 1_000_000
"""Sixteen thousand tokens are a tenth of that. What is longer is no answer, and is not read to its end."""


class Meter(threading.local):
    """Counts and times the requests of one question, for each thread apart: many questions are asked at once.

    The two methods are hooks of the HTTP client, which calls them on the thread that asks.
    """

    calls = 0
    """Requests since the question began, retries included."""
    _until = inf
    _refused = 0

    def begin(self, seconds: float) -> None:
        """A question begins, and has so long for all its requests together."""
        self.calls = self._refused = 0
        self._until = stopwatch() + seconds

    @property
    def seconds_left(self) -> float:
        """Until the question is given up."""
        return self._until - stopwatch()

    def on_request(self, request: Any) -> None:
        """One request goes out, with as much time as is left.

        Raises:
            GaveUp: none is left.
        """
        if (left := self.seconds_left) <= 0:
            refusing = f"refused until the time was over (HTTP {self._refused})"
            raise GaveUp(refusing if self._refused else "did not answer in time")
        self.calls += 1
        # Not compressed: the bound on what is read would say little about what it unfolds into.
        request.headers["accept-encoding"] = "identity"
        left = min(left, LONGEST_SECONDS)
        limits = {"connect": min(CONNECT_SECONDS, left), "read": left, "write": left, "pool": left}
        request.extensions = {**request.extensions, "timeout": limits}

    def on_response(self, response: Any) -> None:
        """An answer begins: from here on its body is read within bounds.

        Raises:
            GaveUp: the server asks to wait for longer than there is time.
        """
        from perun.agents.bounded_body import BoundedBody

        self._refused = response.status_code if response.status_code >= 400 else 0
        if (pause := _pause(response.headers)) > self.seconds_left:
            raise GaveUp(f"takes no more requests now (HTTP {response.status_code}) and asks to wait {pause:g} seconds")
        response.stream = BoundedBody(response.stream, self.check)

    def check(self, read: int) -> None:
        """Whether a body of which so many bytes were read may be read on.

        Raises:
            GaveUp: it is too long, or takes too long.
        """
        if read > LONGEST_ANSWER_BYTES:
            raise GaveUp(f"answers with more than {LONGEST_ANSWER_BYTES} bytes: reading was stopped there")
        if self.seconds_left <= 0:
            raise GaveUp("did not finish its answer in time")


def _pause(headers: Any) -> float:
    """Seconds that the server asks to wait; 0 when it does not say, or says it as a date."""
    try:
        millis = headers.get("retry-after-ms")
        return float(millis) / 1000 if millis else float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0
