"""The researcher: reads what comes from outside, and nothing it reads travels further than its findings.

It reads documents with the desk's own model; or, where a mind that searches the web stands for it, documents and web
pages together with that one: one question for each symbol either way.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from perun.agents import wording
from perun.agents.answers import FindingAnswer, ResearchAnswer
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.facts import ResearcherFacts
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.research import Document, Finding
from perun.tools.research.cleaning import plain

WEB: Final = "web"
"""Under this name an asker's minds hold the one that searches the web, if there is one."""
LONGEST_DOCUMENT: Final = 1_500
"""Characters of one document that the researcher is shown."""
LONGEST_SUMMARY: Final = 280
_SEARCH: Final = (
    "\n\nSearch the web too, for news of the last days about this company. What you take from a web page you cite by "
    "the number of its search result in square brackets, such as [1]."
)
_NUMBER: Final = re.compile(r"^\[?(?:web:)?(\d{1,2})\]?$")


class Page(Frozen):
    """A web page that an answer rests on."""

    url: Annotated[str, Field(max_length=500)]
    date: Annotated[str, Field(max_length=40)]


class WebAnswer(ResearchAnswer):
    """What was found, and the web pages in the order of their numbers."""

    pages: Annotated[list[Page], Field(max_length=20)]


def research(asker: Asker, facts: ResearcherFacts) -> tuple[Finding, ...] | Abstained:
    """Findings from the documents; the researcher has no tools and answers in a fixed and bounded form."""
    known = {_id(document): document for document in facts.documents}

    def check(answer: ResearchAnswer) -> str:
        cited = {finding.source for finding in answer.findings}
        invented = sorted(source for source in cited if wording.bracketed(source) not in known)
        return f"unknown sources {', '.join(invented)}" if invented else ""

    answer = asker.ask(Turn("researcher", facts.symbol, facts, _holes(facts), ResearchAnswer, check))
    return answer if isinstance(answer, Abstained) else tuple(_findings(facts, known, answer.findings))


def search(asker: Asker, facts: ResearcherFacts) -> tuple[Finding, ...] | Abstained:
    """Findings from the documents and from the web, asked of the mind that searches it.

    A finding whose source is neither a document nor a page of the answer is left out: to ask once more would cost
    another search, and find other pages.
    """
    searching = replace(asker, minds={**asker.minds, "researcher": asker.minds[WEB]})
    holes = _holes(facts)
    holes["documents"] += _SEARCH
    answer = searching.ask(Turn("researcher", facts.symbol, facts, holes, WebAnswer, form=ResearchAnswer))
    if isinstance(answer, Abstained):
        return answer
    known = {_id(document): document for document in facts.documents} | dict(_web(facts, answer.pages))
    return tuple(_findings(facts, known, answer.findings))


def _findings(facts: ResearcherFacts, known: dict[str, Document], said: Iterable[FindingAnswer]) -> Iterator[Finding]:
    for found in said:
        number, summary = _NUMBER.match(found.source.strip()), plain(found.summary, LONGEST_SUMMARY)
        document = known.get(number.group(1) if number else wording.bracketed(found.source))
        if document is not None and summary:
            yield Finding(
                symbol=facts.symbol,
                direction=found.direction,
                summary=summary,
                published=document.published,
                source=_id(document),
                url=document.url,
            )


def _web(facts: ResearcherFacts, pages: Iterable[Page]) -> Iterator[tuple[str, Document]]:
    """The pages by their numbers; one from after *as of*, or without an address, is left out."""
    for number, page in enumerate(pages, 1):
        published = _published(page.date, facts.as_of)
        if page.url and published is not None:
            name = f"web-{sha256(page.url.encode()).hexdigest()[:10]}"
            yield str(number), Document(id=name, symbol=facts.symbol, url=page.url, published=published, text="")


def _published(told: str, as_of: datetime) -> datetime | None:
    """When a page was published; None when that is after *as of*.

    The web is asked at *as of* alone, so a page without a date stood there then: it counts as of that instant. A page
    of a day is of that day's end, or of *as of* on the day itself.
    """
    try:
        day = date.fromisoformat(told[:10])
    except ValueError:
        return as_of
    if day > as_of.astimezone(UTC).date():
        return None
    return min(datetime.combine(day, time(23, 59, tzinfo=UTC)), as_of)


def _id(document: Document) -> str:
    return f"[news:{document.id}]"


def _holes(facts: ResearcherFacts) -> dict[str, str]:
    return {
        "symbol": facts.symbol,
        "as_of": wording.instant(facts.as_of),
        "documents": wording.lines(
            f"{_id(document)} {wording.day(document.published)}: {plain(document.text, LONGEST_DOCUMENT)}"
            for document in facts.documents
        ),
    }
