"""Secrets blotted out of text, whoever wrote it: the values of this process's keys, and what looks like a key."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

from perun.tools.domain.events import EVENT, Event

MARK: Final = "[key]"
SHORTEST: Final = 12
"""Characters from which on a secret's value is blotted out: a shorter one is a word, and stands in honest text."""
_LOOKS_LIKE_A_KEY: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?:sk|pplx|pk|rk|ghp|xox[abp])[-_][A-Za-z0-9_-]{16,}   # OpenAI, Perplexity and their kind
        | AIza[A-Za-z0-9_-]{30,}                               # Google
        | (?:PK|AK|CK)[A-Z0-9]{16,24}(?![A-Za-z0-9])           # Alpaca's key ids
    )""",
    re.VERBOSE,
)
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s:]+:[^/@\s]+(?=@)")
"""Name and password in an address."""
_ESCAPED: Final = re.compile(r"\\+(?:u00(?P<code>2[013-9a-f]|[346][0-9a-f]|5[0-9abd-f]|7[0-9a-e])|/)", re.IGNORECASE)
"""A character that JSON lets one write as its number, or a slash, though it need not; never a quote or backslash."""

_BETWEEN: Final = "\0"


class Redaction:
    """What must not be read anywhere."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        told = {spelling for each in secrets if len(each) >= SHORTEST for spelling in _spellings(each)}
        self._secrets = sorted(told, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets, also where JSON's escapes hide one; other escapes stand as they were."""
        clean = self._blotted(text)
        if (plainer := _ESCAPED.sub(_meant, clean)) == clean:
            return clean
        told = self._blotted(plainer)
        return clean if told == plainer else told

    def whole(self, data: bytes) -> bytes:
        """The bytes with every known secret in them crossed out at its own length: a binary form stays whole."""
        for secret in self._secrets:
            written = secret.encode(errors="surrogateescape")
            data = data.replace(written, b"x" * len(written))
        return data

    def event(self, event: Event) -> Event:
        """The event without secrets; the event itself when there were none in it."""
        body = event.model_dump(mode="json")
        clean = self.body(body)
        return event if clean is body else EVENT.validate_python(clean)

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        """What JSON says, without secrets; the same object when there were none in it."""
        # Nearly always nothing is found, and one look at all texts together is cheaper than one at each. The character
        # between them is in no secret and hides none: what is found in a text alone is found in all of them too.
        texts: list[str] = []
        _gather(body, texts)
        if not self._suspects(_BETWEEN.join(texts)):
            return body
        clean: dict[str, Any] = _mapped(body, self.text)
        return body if clean == body else clean

    def _suspects(self, text: str) -> bool:
        """False when `text` would leave every part of this as it is."""
        found = any(secret in text for secret in self._secrets)
        return found or any(sign.search(text) for sign in (_LOOKS_LIKE_A_KEY, _LOGIN, _ESCAPED))

    def document(self, text: str) -> str:
        """A JSON text without secrets, which stays one."""
        return json.dumps(_mapped(json.loads(text), self.text))

    def _blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        return _LOGIN.sub(MARK, _LOOKS_LIKE_A_KEY.sub(MARK, text))


KEYS: Final = Redaction()
"""Blots out what looks like a key, and knows no secret of anybody's."""


def _spellings(secret: str) -> set[str]:
    """A secret as it is, as JSON and Python write it, and as it stands in an address."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")}


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape["code"], 16)) if escape["code"] else "/"


def _gather(value: Any, texts: list[str]) -> None:
    """Add every text in what JSON says, names of members too."""
    match value:
        case str():
            texts.append(value)
        case list():
            for each in value:
                _gather(each, texts)
        case dict():
            texts += value
            for each in value.values():
                _gather(each, texts)


def _mapped(value: Any, blot: Callable[[str], str]) -> Any:
    match value:
        case str():
            return blot(value)
        case list():
            return [_mapped(each, blot) for each in value]
        case dict():
            return {blot(key): _mapped(each, blot) for key, each in value.items()}
    return value
