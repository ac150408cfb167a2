"""Alpaca's news: headlines and summaries of the days before *as of*."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import AwareDatetime, Field, ValidationError

from perun.tools.domain.errors import MarketUnavailable, NewsUnavailable
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.research import Document

LOOK_BACK: Final = timedelta(days=7)
_MOST: Final = 10


class Source(Protocol):
    """A server that is asked for JSON. It raises MarketUnavailable when it does not answer."""

    def find(self, path: str, **query: Any) -> Any | None:
        """The JSON at `path`; None when there is no such thing."""
        ...


class _Article(Frozen):
    """What is read of an article."""

    id: int = Field(ge=0)
    headline: str
    summary: str = ""
    url: str | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime | None = None


class AlpacaNews:
    """A NewsSource on Alpaca's `/v1beta1/news`. An article counts from its last change: its words are of that time."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        """Documents about `symbol` published no later than `as_of`, newest first.

        Raises:
            NewsUnavailable: Alpaca did not answer, or not with news.
        """
        span = {"start": (as_of - LOOK_BACK).isoformat(), "end": as_of.isoformat()}
        try:
            body = self._source.find("/news", symbols=symbol, sort="desc", limit=_MOST, **span)
        except MarketUnavailable as error:
            raise NewsUnavailable(f"Alpaca's news: {error}") from None
        if body is None:  # a server of the same protocol that carries no news
            return ()
        rows = body.get("news") if isinstance(body, Mapping) else None
        if not isinstance(rows, list):
            raise NewsUnavailable("Alpaca's news: the answer holds no news")
        found = (each for each in _documents(symbol, rows) if each.published <= as_of)
        return sorted(found, key=lambda each: each.published, reverse=True)


def _documents(symbol: str, rows: Sequence[Any]) -> Iterator[Document]:
    """The articles that can be read; one that cannot is passed over."""
    for row in rows:
        try:
            article = _Article.model_validate({key: row[key] for key in _Article.model_fields if key in row})
        except (ValidationError, TypeError):
            continue
        yield Document(
            id=f"alpaca-{article.id}",
            symbol=symbol,
            url=article.url or "",
            published=max(article.created_at, article.updated_at or article.created_at),
            text=f"{article.headline}. {article.summary}",
        )
