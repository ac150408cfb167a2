"""How instants, amounts and facts are written as text in the ledger: one spelling for each value."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from types import NoneType
from typing import Any, Final

from pydantic import BaseModel

_NO_NUMBERS: Final = {str, int, bool, NoneType, datetime}


def stamp(instant: datetime) -> str:
    """The instant in UTC as ISO 8601 with microseconds: always 32 characters, so texts sort as instants do."""
    if instant.tzinfo is None:
        raise ValueError("the ledger needs an aware instant")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, plain ASCII.

    Raises:
        ValueError: a number in it is not finite, which JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_fact(fact: BaseModel) -> str:
    """The one JSON text of a noun or event.

    Raises:
        ValueError: a number in it is not finite. Pydantic alone would write null and say nothing.
    """
    _finite(fact.model_dump())
    return canonical(fact.model_dump(mode="json"))


def parse(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, or a number in it is not finite (`NaN`, `Infinity`, `1e999`).
    """
    return _finite(json.loads(text))


def fingerprint(text: str) -> str:
    """SHA-256 of the text in UTF-8, as 64 hexadecimal digits.

    Bytes that were no UTF-8 in the database arrive as lone surrogates, and go into the hash as the bytes they were.
    """
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _finite(value: Any) -> Any:
    if type(value) in _NO_NUMBERS:  # most of what there is, and far quicker asked than the cases below
        return value
    match value:
        case float() | Decimal() if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that may stand in the ledger")
        case dict() | Mapping():
            for member in value.values():
                _finite(member)
        case list() | tuple() | set() | frozenset():
            for member in value:
                _finite(member)
    return value
