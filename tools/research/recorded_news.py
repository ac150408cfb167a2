"""Recorded news: a folder of JSON lines that a person brings, read by symbol and time of publication.

Every `*.jsonl` file of the folder counts. A line is an object with `symbol`, `published` (ISO 8601 with a zone: when
the text could first be read), `text`, and if wanted `headline`, `url` and `id` (letters, digits, `.`, `_`, `-`), by
which it is cited; without one it is named by its content.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, ValidationError

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.research import Document

LOOK_BACK: Final = timedelta(days=7)


class _Line(Frozen):
    """One document as it stands in a file."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")] | None = None
    symbol: Symbol
    published: AwareDatetime
    headline: str = ""
    text: str
    url: str = ""

    def document(self) -> Document:
        """As the researcher reads it."""
        name = self.id or hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
        words = f"{self.headline}. {self.text}" if self.headline else self.text
        return Document(id=name, symbol=self.symbol, url=self.url, published=self.published, text=words)


class RecordedNews:
    """A NewsSource over documents in memory."""

    def __init__(self, documents: Mapping[str, Sequence[Document]]) -> None:
        self._documents = documents

    @classmethod
    def load(cls, folder: Path) -> "RecordedNews":
        """Everything in the folder.

        Raises:
            ConfigurationError: there is no such folder, or a line in it is no document.
        """
        if not folder.is_dir():
            raise ConfigurationError(f"NEWS_DIR={folder} is no folder: name one with *.jsonl files, or leave it out")
        by_symbol: defaultdict[str, list[Document]] = defaultdict(list)
        for path in sorted(folder.glob("*.jsonl")):
            for document in _read(path):
                by_symbol[document.symbol].append(document)
        return cls(
            {symbol: sorted(each, key=lambda document: document.published) for symbol, each in by_symbol.items()}
        )

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the documents."""
        told = "".join(each.model_dump_json() for _, own in sorted(self._documents.items()) for each in own)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        """Documents about `symbol` of the days before `as_of`, newest first."""
        known = reversed(self._documents.get(symbol, ()))
        return [each for each in known if as_of - LOOK_BACK <= each.published <= as_of]


def _read(path: Path) -> Iterator[Document]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {type(error).__name__}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _document(path, number, line)


def _document(path: Path, number: int, line: str) -> Document:
    try:
        read = _Line.model_validate_json(line)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) or "the line" for each in error.errors()}))
        raise ConfigurationError(f"{path}, line {number} is no document: see to {where}") from None
    return read.document()
