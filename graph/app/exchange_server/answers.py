"""How a refusal reads on the wire: Alpaca's status, and a body with a code and a message."""

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from perun.tools.brokerage.embedded.refusing import INVALID, MALFORMED, NOT_FOUND, Refused
from perun.tools.domain.errors import BrokerUnavailable, ConfigurationError, MarketUnavailable, UnknownSymbol

UNAUTHORISED: Final = (401, 40110000)
TOO_MANY: Final = (429, 42910000)
UNREADABLE: Final = (400, 40010000)
UNAVAILABLE: Final = (503, 50310000)
BROKEN: Final = (500, 50010000)


def refusal(kind: tuple[int, int], message: str, details: dict[str, str] | None = None) -> JSONResponse:
    """The answer for a refusal of this kind."""
    status, code = kind
    return JSONResponse({"code": code, "message": message, **(details or {})}, status_code=status)


def add_answers(app: FastAPI) -> None:
    """Teach the app how to answer everything that may go wrong."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _no_such_door)
    for kind, error in (
        (NOT_FOUND, UnknownSymbol),
        (INVALID, MarketUnavailable),
        (UNAVAILABLE, BrokerUnavailable),
        (BROKEN, ConfigurationError),
    ):
        app.add_exception_handler(error, _answerer(kind))


def _answerer(kind: tuple[int, int]) -> Callable[[Request, Exception], JSONResponse]:
    def answer(request: Request, error: Exception) -> JSONResponse:
        return refusal(kind, str(error))

    return answer


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return refusal((error.status, error.code), error.message, error.details)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Not JSON at all is a bad request; JSON that does not fit is a request that cannot be processed."""
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    lines = [f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}" for problem in problems]
    is_json = all(problem["type"] != "json_invalid" for problem in problems)
    return refusal(MALFORMED if is_json else UNREADABLE, "; ".join(lines))


def _no_such_door(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = refusal((error.status_code, error.status_code * 100_000 + 10_000), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer
