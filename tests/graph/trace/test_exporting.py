"""A trace in one file: everything is escaped, nothing is loaded, and the JSON fits its schema."""

import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest

from perun.graph.ledger.archive import Archive
from perun.graph.trace.document import TraceDocument, json_schema
from perun.graph.trace.exporting import as_html, as_json
from perun.graph.trace.markup import fields, tag, text
from perun.graph.trace.reading import find
from perun.graph.trace.telling import tell
from perun.tools.domain.events import SignalFormed

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--"


class Tags(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(name)
        self.attributes |= {key for key, _ in attributes}
        if name != "meta":
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name


@pytest.fixture
def told(archive: Archive) -> TraceDocument:
    return tell(find(archive, "first"), archive)


def poisoned(told: TraceDocument) -> TraceDocument:
    """The same cycle, whose trader and whose prompts speak in tags."""
    raw = as_json(told).replace("Baseline: the trend is up", json.dumps(NASTY)[1:-1])
    changed: TraceDocument = TraceDocument.model_validate_json(raw)
    assert any(
        NASTY in row.event.signal.rationale
        for node in changed.nodes
        for row in node.events
        if isinstance(row.event, SignalFormed)
    )
    return changed.model_copy(update={"slot": NASTY, "prompts": {NASTY: NASTY}, "outcome": NASTY})


def test_when_text_in_the_record_is_made_of_tags_then_the_page_shows_it_and_has_none_of_them(
    told: TraceDocument,
) -> None:
    clean, dirty = Tags(), Tags()
    clean.feed(as_html(told))
    dirty.feed(as_html(poisoned(told)))
    assert dirty.names == clean.names
    assert not dirty.names & {"script", "img", "iframe", "link", "object"}
    assert dirty.attributes == clean.attributes == {"charset", "class", "content", "http-equiv", "lang", "name"}
    assert dirty.open == []


def test_when_a_page_is_written_then_it_loads_nothing_and_forbids_a_browser_to(told: TraceDocument) -> None:
    page = as_html(told)
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)\s*=", page)
    assert "url(" not in page
    assert "@import" not in page


def test_when_a_cycle_is_exported_then_its_prompts_and_answers_stand_in_the_page(told: TraceDocument) -> None:
    page = as_html(told)
    for part in (
        "perun-embedded-first-AAPL-entry-1",
        "MAX_POSITION_SIZE",
        "Baseline: the trend is up",
        told.chain.head,
    ):
        assert part in page
    assert page.count("<details") > len(told.nodes)


def test_when_the_document_is_written_then_it_fits_the_published_schema_and_reads_back(told: TraceDocument) -> None:
    document = json.loads(as_json(told))
    assert document["schema"] == "perun.trace/1"
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(document, json_schema())
    assert TraceDocument.model_validate_json(as_json(told)) == told


@pytest.mark.parametrize("spoil", [{"schema": "perun.trace/2"}, {"nodes": [{}]}, {"surprise": 1}])
def test_when_a_document_is_another_one_then_the_schema_refuses_it(
    told: TraceDocument, spoil: dict[str, object]
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(as_json(told)), **spoil}, json_schema())


def test_when_markup_is_made_then_only_markup_stays_as_it_is() -> None:
    assert text("<b>") == "&lt;b&gt;"
    assert tag("p", "a & b", tag("b", "<i>")) == "<p>a &amp; b<b>&lt;i&gt;</b></p>"
    assert tag("p", "x", kind='"><script>') == '<p class="&quot;&gt;&lt;script&gt;">x</p>'
    assert "<script" not in fields({"<script>": [{"<script>": "<script>\n"}], "b": ["<script>"]})


def test_when_a_field_holds_rows_then_they_stand_in_one_table_with_a_column_for_each_name() -> None:
    told = fields({"bars": [{"close": 1}, {"close": 2, "volume": 3}]})
    assert told.count("<table>") == 2
    assert "<tr><td>1</td><td></td></tr>" in told
    assert "<tr><td>2</td><td>3</td></tr>" in told
