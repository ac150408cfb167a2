"""Recorded news is read as of an instant: whatever the folder holds, nothing newer is ever shown."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from perun.tools.research.recorded_news import LOOK_BACK, RecordedNews

BEGIN = datetime(2009, 6, 1, tzinfo=UTC)
minutes = st.integers(0, 20 * 24 * 60).map(lambda each: BEGIN + timedelta(minutes=each))
zones = st.sampled_from([timedelta(hours=hours) for hours in (-8, 0, 5, 14)])


def line(published: datetime, **more: str) -> str:
    told = {"symbol": "AAPL", "published": published.isoformat(), "headline": "Up", "text": "It rose.", **more}
    return json.dumps(told)


def loaded(*lines: str) -> RecordedNews:
    with TemporaryDirectory() as folder:
        Path(folder, "news.jsonl").write_text("\n".join(lines))
        return RecordedNews.load(Path(folder))


@settings(max_examples=60, deadline=None)
@given(st.lists(minutes, max_size=12), minutes, zones)
def test_when_news_are_read_then_all_of_the_week_before_and_nothing_later_is_shown(
    times: list[datetime], as_of: datetime, offset: timedelta
) -> None:
    elsewhere = [time.astimezone(timezone(offset)) for time in times]
    shown = [each.published for each in loaded(*map(line, elsewhere)).read("AAPL", as_of)]
    assert shown == sorted((time for time in times if as_of - LOOK_BACK <= time <= as_of), reverse=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(minutes, max_size=8), st.lists(minutes, max_size=8), minutes)
def test_when_a_future_is_added_to_the_folder_then_nothing_that_is_shown_changes(
    times: list[datetime], later: list[datetime], as_of: datetime
) -> None:
    future = (line(time, headline="From the future") for time in later if time > as_of)
    before, after = loaded(*map(line, times)), loaded(*map(line, times), *future)
    assert list(before.read("AAPL", as_of)) == list(after.read("AAPL", as_of))


def test_when_a_line_has_a_headline_and_no_id_then_both_are_read_and_its_content_names_it() -> None:
    (one,), (same,), (other,) = (
        loaded(line(BEGIN, text=text)).read("AAPL", BEGIN) for text in ("It rose.", "It rose.", "It fell.")
    )
    assert one.text == "Up. It rose."
    assert one.id == same.id != other.id


def test_when_the_documents_change_then_their_fingerprint_does() -> None:
    assert loaded(line(BEGIN)).fingerprint == loaded(line(BEGIN)).fingerprint
    assert loaded(line(BEGIN)).fingerprint != loaded(line(BEGIN, text="It fell.")).fingerprint
