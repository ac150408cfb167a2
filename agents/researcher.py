"""The researcher: reads documents from outside, and nothing it reads travels further than its findings."""

from perun.agents import wording
from perun.agents.answers import ResearchAnswer
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.facts import ResearcherFacts
from perun.tools.domain.research import Finding


def research(asker: Asker, facts: ResearcherFacts) -> tuple[Finding, ...] | Abstained:
    """Findings from the documents; the researcher has no tools and answers in a fixed and bounded form."""
    published = {f"[news:{document.id}]": document.published for document in facts.documents}

    def check(answer: ResearchAnswer) -> str:
        invented = sorted({finding.source for finding in answer.findings} - published.keys())
        return f"unknown sources {', '.join(invented)}" if invented else ""

    answer = asker.ask(Turn("researcher", facts.symbol, facts, _holes(facts), ResearchAnswer, check))
    if isinstance(answer, Abstained):
        return answer
    return tuple(
        Finding(
            symbol=facts.symbol,
            direction=found.direction,
            summary=found.summary,
            published=published[found.source],
            source=found.source,
        )
        for found in answer.findings
    )


def _holes(facts: ResearcherFacts) -> dict[str, str]:
    return {
        "symbol": facts.symbol,
        "as_of": wording.instant(facts.as_of),
        "documents": wording.lines(
            f"[news:{document.id}] {wording.day(document.published)}: {document.text}" for document in facts.documents
        ),
    }
