"""Alpaca's own clients, made safe: bounded waits, no change ever sent twice, exact numbers, no redirects."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

from alpaca.common.rest import RESTClient
from alpaca.data.historical.news import NewsClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from pydantic import Field, SecretStr
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import HTTPError
from urllib3.util import Retry

from perun.tools.domain.frozen import Frozen

CONNECT_WITHIN: Final = timedelta(seconds=5)

_ONE_MORE_READ: Final = Retry(
    total=1, status_forcelist=(500, 502, 503, 504), respect_retry_after_header=False, raise_on_status=False
)
_NEVER: Final = Retry(0, read=False)

_Client = TypeVar("_Client", bound=RESTClient)


class AlpacaAccess(Frozen):
    """Where an account stands and how it is reached. The keys do not show in its text."""

    key: Annotated[SecretStr, Field(min_length=1)]
    secret: Annotated[SecretStr, Field(min_length=1)]
    paper: bool = True
    """Paper unless told otherwise."""
    trading_url: str | None = None
    """Another server of the trading protocol; `/v2/…` follows it."""
    data_url: str | None = None
    """Another server of the market-data protocol."""
    stream_url: str | None = None
    """Another server's whole address of the stream of trade updates."""
    answer_within: timedelta = timedelta(seconds=10)
    """Longest silence of the server before a request counts as unanswered."""

    @property
    def environment(self) -> str:
        """Which account the keys are for, in words fit for a message."""
        account = "paper account" if self.paper else "live account"
        host = urlsplit(self.trading_url or "").netloc.rpartition("@")[2]  # an address may hold a password
        return f"{account} at {host}" if host else account


def trading_client(access: AlpacaAccess) -> TradingClient:
    """The client of account and orders."""
    key, secret = access.key.get_secret_value(), access.secret.get_secret_value()
    client = TradingClient(key, secret, paper=access.paper, raw_data=True, url_override=_plain_url(access.trading_url))
    return _made_safe(client, access)


def data_client(access: AlpacaAccess) -> StockHistoricalDataClient:
    """The client of bars and quotes."""
    key, secret = access.key.get_secret_value(), access.secret.get_secret_value()
    client = StockHistoricalDataClient(key, secret, raw_data=True, url_override=_plain_url(access.data_url))
    return _made_safe(client, access)


def news_client(access: AlpacaAccess) -> NewsClient:
    """The client of news."""
    key, secret = access.key.get_secret_value(), access.secret.get_secret_value()
    client = NewsClient(key, secret, raw_data=True, url_override=_plain_url(access.data_url))
    return _made_safe(client, access)


def _plain_url(url: str | None) -> str | None:
    # The SDK puts "/v2" after it, and takes an empty text for an address.
    return url.rstrip("/") or None if url else None


def _made_safe(client: _Client, access: AlpacaAccess) -> _Client:
    # Private names of alpaca-py 0.44.0: the version is pinned, and a contract test holds it to them. Left alone, the
    # SDK sends a POST four times over a 504, and waits for an answer without end.
    client._retry = 0
    adapter = _ByMethod(access.answer_within)
    for scheme in ("https://", "http://"):
        client._session.mount(scheme, adapter)
    return client


class Unparsable(ValueError):
    """A body that is no JSON, or holds what JSON does not allow."""


class ExactResponse(Response):
    """An answer whose numbers stay exact, and in which everything but a success is an error, redirects too."""

    def json(self, **_: Any) -> Any:
        """The body as JSON, fractions as Decimal.

        Raises:
            Unparsable: it is no JSON, or holds NaN or Infinity.
        """
        try:
            return json.loads(self.content, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise Unparsable(str(error)) from error

    def raise_for_status(self) -> None:
        """Raise HTTPError for every status outside of 200 to 299."""
        if not 200 <= self.status_code < 300:
            raise HTTPError(f"status {self.status_code}", response=self)


class _Transport(HTTPAdapter):
    """Sends within time limits and answers exactly."""

    def __init__(self, answer_within: timedelta, retries: Retry) -> None:
        super().__init__(max_retries=retries)
        self._limits = (CONNECT_WITHIN.total_seconds(), answer_within.total_seconds())

    def send(self, request: PreparedRequest, *_: Any, **options: Any) -> Response:
        """One request; whatever timeout was asked for, ours holds."""
        return super().send(request, **{**options, "timeout": self._limits})

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """The answer as an ExactResponse, in UTF-8 as JSON is."""
        plain, exact = super().build_response(req, resp), ExactResponse()
        vars(exact).update(vars(plain), encoding="utf-8")
        return exact


class _ByMethod(BaseAdapter):
    """Reads may be asked once more when the line fails; whatever changes something is sent once."""

    def __init__(self, answer_within: timedelta) -> None:
        super().__init__()
        self._reads = _Transport(answer_within, _ONE_MORE_READ)
        self._changes = _Transport(answer_within, _NEVER)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send over the line that the method allows."""
        line = self._reads if request.method == "GET" else self._changes
        return line.send(request, stream=stream, verify=verify, cert=cert, proxies=proxies)

    def close(self) -> None:
        """Close both lines."""
        self._reads.close()
        self._changes.close()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
