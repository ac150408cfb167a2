"""One request to Alpaca and what came back; whoever reads is told plainly when it is nothing of use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from requests import ConnectionError as NoConnection
from requests import RequestException, Response
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from perun.tools.brokerage.alpaca.client import AlpacaAccess, Unparsable, data_client, news_client, trading_client
from perun.tools.domain.errors import BrokerUnavailable, KeyRefused, MarketUnavailable, Unavailable

Method = Literal["GET", "POST", "PATCH", "DELETE"]

_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_LONGEST_QUOTE: Final = 300


@dataclass(frozen=True)
class Answer:
    """What the server said. Nothing is decided here."""

    status: int
    """The HTTP status; 200 stands for every success."""
    body: Any = None
    """The JSON of a success; None when it was empty or none."""
    code: int = 0
    """Alpaca's numeric code of a refusal; 0 when it gave none."""
    message: str = ""
    """Alpaca's words of a refusal, without our keys."""
    resets: datetime | None = None
    """When the limit of requests is lifted, if it said so."""

    @property
    def is_success(self) -> bool:
        """True when the request was taken."""
        return self.status < 300


class NoAnswer(Exception):
    """The line failed before an answer came. `left` is False only when no connection had come about."""

    def __init__(self, what: str, *, left: bool) -> None:
        super().__init__(what)
        self.left = left


class Line:
    """A connection to one of Alpaca's servers."""

    def __init__(self, client: RESTClient, access: AlpacaAccess, unavailable: type[Unavailable]) -> None:
        self._send: dict[Method, Callable[..., Any]] = {
            "GET": client.get,
            "POST": client.post,
            "PATCH": client.patch,
            "DELETE": client.delete,
        }
        self._access = access
        self._unavailable = unavailable
        self.name = f"Alpaca ({access.environment})"

    def ask(self, method: Method, path: str, data: dict[str, Any] | None = None) -> Answer:
        """Make one request; `data` is the query of a GET, else the body.

        Raises:
            KeyRefused: the server does not accept the key.
            NoAnswer: nothing came back.
        """
        try:
            return Answer(200, self._send[method](path, data))
        except Unparsable:
            return Answer(200)
        except APIError as error:
            return self._refusal(error.response)
        except (RequestException, HTTPError, OSError, ValueError) as error:
            # Not chained: the text of a bad header holds the key.
            raise NoAnswer(_what_failed(error), left=not _never_connected(error)) from None

    def find(self, path: str, **query: Any) -> Any | None:
        """The JSON at `path`; None when there is no such thing.

        Raises:
            Unavailable: of the kind this line was made with; no answer, or one that says nothing.
            KeyRefused: the server does not accept the key.
        """
        try:
            answer = self.ask("GET", path, query)
        except NoAnswer as error:
            raise self._unavailable(f"{self.name} did not answer: {error}") from None
        if answer.status == _NOT_FOUND:
            return None
        if answer.status == _TOO_MANY:
            raise self._unavailable(f"{self.name} takes no more requests until {answer.resets or 'it says otherwise'}")
        if not answer.is_success:
            raise self._unavailable(f"{self.name} answered {answer.status}: {answer.message or 'no reason given'}")
        if answer.body is None:
            raise self._unavailable(f"{self.name} answered {path} with nothing that can be read")
        return answer.body

    def read(self, path: str, **query: Any) -> Any:
        """The JSON at `path`, which must be there; raises as `find` does."""
        body = self.find(path, **query)
        if body is None:
            raise self._unavailable(f"{self.name} knows no {path}")
        return body

    def _refusal(self, response: Response) -> Answer:
        if response.status_code == _UNAUTHORIZED:
            raise KeyRefused(
                f"{self.name} does not accept the API key: check ALPACA_API_KEY, ALPACA_SECRET_KEY and ALPACA_PAPER"
            ) from None
        try:
            body = response.json()
        except Unparsable:
            body = {}
        said = body if isinstance(body, dict) else {}
        code = said.get("code")
        return Answer(
            status=response.status_code,
            code=code if isinstance(code, int) else 0,
            message=self._without_keys(str(said.get("message", "")))[:_LONGEST_QUOTE],
            resets=_instant(response.headers.get("X-RateLimit-Reset", "")),
        )

    def _without_keys(self, text: str) -> str:
        for key in (self._access.key, self._access.secret):
            text = text.replace(key.get_secret_value(), "…")
        return text


def trading_line(access: AlpacaAccess, unavailable: type[Unavailable] = BrokerUnavailable) -> Line:
    """The line to account, orders, calendar and assets."""
    return Line(trading_client(access), access, unavailable)


def data_line(access: AlpacaAccess) -> Line:
    """The line to bars and quotes."""
    return Line(data_client(access), access, MarketUnavailable)


def news_line(access: AlpacaAccess) -> Line:
    """The line to news."""
    return Line(news_client(access), access, MarketUnavailable)


def _what_failed(error: Exception) -> str:
    reason = _reason(error)
    return type(reason if reason is not None else error).__name__


def _never_connected(error: Exception) -> bool:
    # Refused, no route, or no such host: not a byte was sent. A timeout while connecting is left in doubt.
    return isinstance(error, NoConnection) and isinstance(_reason(error), NewConnectionError)


def _reason(error: Exception) -> Exception | None:
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else None


def _instant(epoch: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return None
