"""The exported page as a real browser shows it. Skipped, and said so, where there is no Chromium."""

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from perun.graph.ledger.archive import Archive
from perun.graph.trace.document import TraceDocument
from perun.graph.trace.exporting import as_html, as_json
from perun.graph.trace.reading import find
from perun.graph.trace.telling import tell

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
NASTY = "<script>document.title='taken'</script><img src=http://127.0.0.1:9/x onerror=\\\"document.title='taken'\\\">"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def told(archive: Archive) -> TraceDocument:
    return tell(find(archive, "first"), archive)


def opened(page: Page, file: Path, told: TraceDocument) -> tuple[list[str], list[str]]:
    """Show the trace; the addresses that were asked for, and what the browser complained of."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    file.write_text(as_html(told), encoding="utf-8")
    page.goto(file.as_uri())
    return asked, complaints


def test_when_the_page_is_opened_then_the_decision_is_seen_at_once_and_nothing_else_is_asked_for(
    page: Page, tmp_path: Path, told: TraceDocument
) -> None:
    asked, complaints = opened(page, tmp_path / "a.html", told)
    assert (asked, complaints) == ([(tmp_path / "a.html").as_uri()], [])
    assert page.get_by_role("heading", level=1).inner_text() == f"{told.cycle_id}: traded"
    assert page.get_by_text("Baseline: the trend is up").first.is_visible()
    assert page.get_by_text("perun-embedded-first-AAPL-entry-1", exact=False).first.is_visible()
    wide = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert wide, "nothing stands beyond the edge"


def test_when_a_node_is_clicked_then_its_prompt_opens_word_for_word(
    page: Page, tmp_path: Path, told: TraceDocument
) -> None:
    opened(page, tmp_path / "a.html", told)
    node = page.locator("details", has=page.locator("summary strong", has_text="trade")).first
    prompt = node.locator("pre").nth(1)
    assert not prompt.is_visible()
    node.locator("summary").first.click()
    node.locator("details summary", has_text="user").click()
    assert prompt.is_visible()
    assert "The book (verified):" in prompt.inner_text()


def test_when_the_record_is_full_of_tags_then_they_are_shown_and_none_of_them_works(
    page: Page, tmp_path: Path, told: TraceDocument
) -> None:
    poisoned = TraceDocument.model_validate_json(as_json(told).replace("Baseline: the trend is up", NASTY))
    asked, complaints = opened(page, tmp_path / "b.html", poisoned)
    assert (len(asked), complaints) == (1, [])
    assert page.title() == f"Perun: {told.cycle_id}"
    assert page.locator("script, img").count() == 0
    assert page.get_by_text("<script>document.title").first.is_visible()


def test_when_the_window_is_as_narrow_as_a_telephone_then_nothing_stands_beyond_its_edge(
    page: Page, tmp_path: Path, told: TraceDocument
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, tmp_path / "a.html", told)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
