"""Sources of documents: point in time, merged, kept for an interval, and none takes the desk down with it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perun.tools.domain.errors import ConfigurationError, MarketUnavailable, NewsUnavailable
from perun.tools.domain.research import Document, Finding
from perun.tools.research.alpaca_news import AlpacaNews
from perun.tools.research.archive import Archive
from perun.tools.research.newsstand import MOST_DOCUMENTS, Newsstand
from perun.tools.research.recorded_news import RecordedNews

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def document(name: str, published: datetime = NOW, symbol: str = "AAPL") -> Document:
    return Document(id=name, symbol=symbol, url="https://x.example", published=published, text="Words.")


class Told:
    """A source that says what it was given."""

    def __init__(self, *documents: Document) -> None:
        self.documents = documents

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        return self.documents


class Down:
    """A source that does not answer."""

    def read(self, symbol: str, as_of: datetime) -> Sequence[Document]:
        raise NewsUnavailable("it is down")


def test_when_sources_are_merged_then_the_latest_comes_first_once_and_none_is_newer_than_as_of() -> None:
    early, late, later = document("a", NOW - HOUR), document("b"), document("c", NOW + timedelta(seconds=1))
    stand = Newsstand([Told(early, later), Told(late, early), Told(document("d", symbol="IBM"))])
    assert [each.id for each in stand.read("AAPL", NOW)] == ["b", "a"]


def test_when_one_source_is_down_then_its_failure_carries_what_the_other_said() -> None:
    with pytest.raises(NewsUnavailable, match="it is down") as caught:
        Newsstand([Down(), Told(document("a"))]).read("AAPL", NOW)
    assert [each.id for each in caught.value.documents] == ["a"]


def test_when_there_are_many_documents_then_only_so_many_are_handed_on() -> None:
    many = Told(*(document(str(number)) for number in range(99)))
    assert len(Newsstand([many]).read("AAPL", NOW)) == MOST_DOCUMENTS


class Server:
    """Answers with one body, and keeps what it was asked."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.asked: list[dict[str, Any]] = []

    def find(self, path: str, **query: Any) -> Any:
        self.asked.append({"path": path, **query})
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


ARTICLE = {
    "id": 24843171,
    "headline": "Up",
    "summary": "It rose.",
    "url": "https://x.example/24843171",
    "created_at": "2026-03-02T14:00:00Z",
    "updated_at": "2026-03-02T15:00:00Z",
    "symbols": ["AAPL"],
    "author": "A. Writer",
}


def test_when_alpaca_has_news_then_an_article_counts_from_its_last_change() -> None:
    changed = {**ARTICLE, "id": 2, "updated_at": "2026-03-02T16:00:00Z"}
    server = Server({"news": [ARTICLE, changed, {"id": "broken"}, None], "next_page_token": None})
    (read,) = AlpacaNews(server).read("AAPL", NOW)
    assert (read.id, read.text, read.url) == ("alpaca-24843171", "Up. It rose.", "https://x.example/24843171")
    assert read.published == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert (server.asked[0]["path"], server.asked[0]["end"]) == ("/news", NOW.isoformat())


@pytest.mark.parametrize("body", [{}, [], {"news": None}, MarketUnavailable("no answer")])
def test_when_alpaca_does_not_answer_with_news_then_it_says_so(body: Any) -> None:
    with pytest.raises(NewsUnavailable, match="Alpaca's news"):
        AlpacaNews(Server(body)).read("AAPL", NOW)


def test_when_a_server_of_the_protocol_carries_no_news_then_there_are_none() -> None:
    assert list(AlpacaNews(Server(None)).read("AAPL", NOW)) == []


def line(name: str, published: str = "2026-03-02T10:00:00Z") -> str:
    return json.dumps({"id": name, "symbol": "AAPL", "published": published, "text": "Words."})


def test_when_news_are_recorded_then_they_are_read_by_symbol_and_time_of_publication(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(
        f"{line('late', '2026-03-02T15:30:01Z')}\n\n{line('old', '2026-01-01T00:00:00Z')}"
    )
    (tmp_path / "a.jsonl").write_text(f"{line('one')}\n{line('two', '2026-03-02T11:00:00+00:00')}\n")
    news = RecordedNews.load(tmp_path)
    assert [each.id for each in news.read("AAPL", NOW)] == ["two", "one"]
    assert news.read("IBM", NOW) == []


@pytest.mark.parametrize("bad", ["no json", line("a b"), line("x]"), line("x", "2026-03-02T10:00:00"), '{"id": "x"}'])
def test_when_a_recorded_line_is_no_document_then_its_place_is_named(tmp_path: Path, bad: str) -> None:
    (tmp_path / "a.jsonl").write_text(f"{line('one')}\n{bad}\n")
    with pytest.raises(ConfigurationError, match="line 2 is no document"):
        RecordedNews.load(tmp_path)


def test_when_the_folder_of_news_is_missing_then_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NEWS_DIR"):
        RecordedNews.load(tmp_path / "none")


def finding(published: datetime = NOW) -> Finding:
    return Finding(symbol="AAPL", direction="neutral", summary="Words.", published=published, source="[news:a]")


def test_when_a_cycle_of_the_same_interval_asks_again_then_it_gets_what_was_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path, HOUR)
    archive.keep("AAPL", NOW, [finding()])
    assert archive.find("AAPL", NOW + timedelta(minutes=20)) == (finding(),)
    assert archive.find("AAPL", NOW + HOUR) is None
    assert archive.find("IBM", NOW) is None
    assert [path.name for path in (tmp_path / "AAPL").iterdir()] == ["2026-03-02T1500.json"]


def test_when_it_was_found_later_than_as_of_then_it_is_not_known(tmp_path: Path) -> None:
    archive = Archive(tmp_path, HOUR)
    archive.keep("AAPL", NOW, [])
    assert archive.find("AAPL", NOW - timedelta(minutes=1)) is None
    assert archive.find("AAPL", NOW) == ()


def test_when_the_kept_file_is_damaged_or_the_disk_takes_nothing_then_nobody_falls(tmp_path: Path) -> None:
    archive = Archive(tmp_path, HOUR)
    archive.keep("AAPL", NOW, [finding()])
    (tmp_path / "AAPL" / "2026-03-02T1500.json").write_text("{")
    assert archive.find("AAPL", NOW) is None
    (tmp_path / "IBM").write_text("a file where a folder should be")
    archive.keep("IBM", NOW, [finding()])
    assert archive.find("IBM", NOW) is None


def test_when_the_interval_is_zero_then_nothing_is_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path, timedelta(0))
    archive.keep("AAPL", NOW, [finding()])
    assert archive.find("AAPL", NOW) is None
    assert list(tmp_path.iterdir()) == []
