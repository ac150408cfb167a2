"""Who may come in, and how often."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from perun.graph.app.exchange_server.turnstile import Keys
from perun.tools.market.recorded import RecordedMarket
from support.exchange_server import ServedExchange, served_exchange

MINUTE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = MINUTE

    def now(self) -> datetime:
        return self.at


def headers(served: ServedExchange) -> dict[str, str]:
    return {"APCA-API-KEY-ID": served.key, "APCA-API-SECRET-KEY": served.secret}


@pytest.mark.parametrize(
    "changes",
    [
        {"APCA-API-KEY-ID": "other"},
        {"APCA-API-SECRET-KEY": "other"},
        {"APCA-API-SECRET-KEY": ""},
        {"APCA-API-SECRET-KEY": "sch\u00f6n"},
    ],
)
@pytest.mark.parametrize("path", ["/v2/account", "/v2/stocks/quotes/latest?symbols=AAPL", "/perun/advance", "/nowhere"])
def test_when_the_keys_are_wrong_then_nothing_is_told_and_nothing_moves(
    served: ServedExchange, changes: dict[str, str], path: str
) -> None:
    raw = {name: value.encode("latin-1") for name, value in {**headers(served), **changes}.items()}
    before = served.exchange.now()
    answer = httpx.request("POST" if "perun" in path else "GET", served.base_url + path, headers=raw)
    assert (answer.status_code, answer.json()["code"]) == (401, 40110000)
    assert served.secret not in answer.text
    assert served.exchange.now() == before


def test_when_there_are_no_keys_then_only_the_description_is_told(served: ServedExchange) -> None:
    assert httpx.get(f"{served.base_url}/v2/account").status_code == 401
    assert "/v2/orders" in httpx.get(f"{served.base_url}/openapi.json").json()["paths"]


def test_when_a_minute_is_used_up_then_requests_are_refused_until_the_next_one(
    tmp_path: Path, market: RecordedMarket
) -> None:
    clock = SteppedClock()
    with served_exchange(tmp_path, market, app={"clock": clock, "requests_a_minute": 3}) as served:
        client = httpx.Client(base_url=served.base_url, headers=headers(served))
        answers = [client.get("/v2/clock") for _ in range(4)]
        clock.at += timedelta(minutes=1)
        later = client.get("/v2/clock")
        client.close()
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    reset = int((MINUTE + timedelta(minutes=1)).timestamp())
    assert {answer.headers["X-RateLimit-Reset"] for answer in answers} == {str(reset)}
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert later.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("POST", "/v2/orders", b"{", (400, 40010000)),
        ("POST", "/v2/orders", b"[]", (422, 40010001)),
        ("POST", "/v2/orders", b'{"symbol": "AAPL", "qty": NaN}', (422, 40010001)),
        ("GET", "/v2/orders?limit=501", None, (422, 40010001)),
        ("GET", "/v2/nowhere", None, (404, 40410000)),
        ("PUT", "/v2/account", None, (405, 40510000)),
    ],
)
def test_when_a_request_is_no_sense_then_the_answer_has_alpacas_shape(
    served: ServedExchange, method: str, path: str, body: bytes | None, kind: tuple[int, int]
) -> None:
    told = {**headers(served), "content-type": "application/json"}
    answer = httpx.request(method, served.base_url + path, content=body, headers=told)
    assert (answer.status_code, answer.json()["code"]) == kind
    assert set(answer.json()) == {"code", "message"}


def test_when_keys_are_shown_then_the_secret_is_not() -> None:
    assert "hidden" not in repr(Keys("shown", "hidden"))
