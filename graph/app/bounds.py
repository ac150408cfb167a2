"""The types of settings: their bounds, and what a person is told when a value does not fit."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from perun.agents.fallback import parse_fallback
from perun.agents.prices import parse_prices
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Percent
from perun.tools.market.schedule import Schedule as Moments

_EVENT: Final = re.compile(r"(open\+|close-)\d{1,3}m|every \d{1,4}m")
_URL: Final = re.compile(r"(https?|wss?)://\S+")
SHORTEST_TOKEN: Final = 16
"""Characters that nobody guesses, and that are no word of honest text."""
_CRON: Final = re.compile(r"(\S+\s+){4}\S+")


def _symbols(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str):
        value = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    try:
        return check(value)
    except ValidationError:
        raise ValueError("should be symbols in capitals, separated by commas, such as AAPL,BRK.B") from None


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _not_empty(value: Any) -> Any:
    if value == "":
        raise ValueError("should not be empty: give a value, or leave the line out")
    return value


def above_zero_to(most: int) -> WrapValidator:
    """A percentage above zero, up to `most`."""
    return _percentage(f"above 0 and at most {most}", lambda share: 0 < share <= most)


def from_zero_to(most: int) -> WrapValidator:
    """A percentage that may be zero, up to `most`."""
    return _percentage(f"from 0 to {most}", lambda share: 0 <= share <= most)


def _percentage(bounds: str, fits: Callable[[Decimal], bool]) -> WrapValidator:
    def percent(value: Any, check: ValidatorFunctionWrapHandler) -> Percent:
        refusal = ValueError(f"should be a percentage {bounds}, without a sign, such as 20")
        try:
            checked: Percent = check(value)
        except ValidationError:
            raise refusal from None
        if not fits(checked.root):
            raise refusal
        return checked

    return WrapValidator(percent)


def _schedule(text: str) -> str:
    if not all(_EVENT.fullmatch(part.strip()) for part in text.split(",")):
        raise ValueError("should be events such as open+10m, close-15m or every 30m, separated by commas")
    try:
        Moments(text)
    except ConfigurationError as error:
        raise ValueError(f"should name moments of a session: {error}") from None
    return text


def _cron(text: str) -> str:
    if not _CRON.fullmatch(text.strip()):
        raise ValueError("should be five cron fields, such as 0 6 * * SAT")
    return text


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("should be an address such as https://host/path")
    return text


def _token(secret: SecretStr | None) -> SecretStr | None:
    # A shorter one is not blotted out of files and messages either: it might be any word.
    if secret is not None and len(secret.get_secret_value()) < SHORTEST_TOKEN:
        raise ValueError(f"should have {SHORTEST_TOKEN} characters or more, such as openssl rand -hex 16 makes")
    return secret


def _fallback(text: str | None) -> str | None:
    parse_fallback(text or "")
    return text


def _prices(text: str | None) -> str | None:
    parse_prices(text or "")
    return text


Symbols = Annotated[tuple[Symbol, ...], Field(min_length=1, max_length=60), WrapValidator(_symbols)]
NoSymbols = Annotated[tuple[Symbol, ...], WrapValidator(_symbols)]
Share = Annotated[Percent, above_zero_to(100)]
Exposure = Annotated[Percent, above_zero_to(1000)]
Dollars = Annotated[Decimal, Field(gt=0, le=10**12, allow_inf_nan=False)]
Costs = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Lanes = Annotated[int, Field(ge=1, le=64)]
Tokens = Annotated[int, Field(ge=64, le=1_000_000)]
Text = Annotated[str | None, BeforeValidator(_empty_is_none)]
Secret = Annotated[SecretStr | None, BeforeValidator(_empty_is_none)]
Token = Annotated[SecretStr | None, BeforeValidator(_empty_is_none), AfterValidator(_token)]
Folder = Annotated[Path, BeforeValidator(_not_empty)]
Host = Annotated[str, BeforeValidator(_not_empty)]
NoDay = Annotated[date | None, BeforeValidator(_empty_is_none)]
File = Annotated[Path | None, BeforeValidator(_empty_is_none)]
Url = Annotated[Annotated[str, AfterValidator(_url)] | None, BeforeValidator(_empty_is_none)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Cron = Annotated[str, AfterValidator(_cron)]
Fallback = Annotated[Text, AfterValidator(_fallback)]
PriceList = Annotated[Text, AfterValidator(_prices)]
