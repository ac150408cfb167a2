"""research: what the outside world says of a symbol, as bounded findings; without a source the researcher abstains."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from langgraph.runtime import Runtime

from perun.agents.asking import Abstained
from perun.agents.facts import ResearcherFacts
from perun.agents.researcher import WEB, search
from perun.agents.researcher import research as ask_researcher
from perun.graph.desk import Desk
from perun.graph.state import StudyState
from perun.tools.domain.errors import NewsUnavailable
from perun.tools.domain.events import ErrorNoted, ResearchRead
from perun.tools.domain.research import Document, Finding

NO_SOURCE: Final = "no research source is configured"
PAST: Final = "the market lives in its own time, and the web in ours"
NOTHING: Final = "the source had nothing to say"
WEB_MAY_BE_ASKED_WITHIN: Final = timedelta(hours=1)
"""How far *as of* may stand from this machine's clock: for any earlier time the web of today knows too much."""


def research(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
    """Read what was published by *as of*, and nothing newer; what an earlier cycle found within the hour is shared."""
    desk, symbol, as_of = runtime.context, state["seen"].symbol, state["as_of"]
    if not _has_source(desk):
        return _abstain(desk, symbol, NO_SOURCE)
    if desk.archive is not None and (kept := desk.archive.find(symbol, as_of)) is not None:
        desk.recorder.record(ResearchRead(symbol=symbol, findings=kept))
        return {"findings": kept}
    documents, trouble = _read(desk, symbol, as_of)
    degraded = (trouble,) if trouble else ()
    if not (documents or _web_may_be_asked(desk, as_of)):
        return {**_abstain(desk, symbol, trouble or (NOTHING if desk.news else PAST)), "degraded": degraded}
    return _ask(desk, ResearcherFacts(symbol=symbol, as_of=as_of, documents=tuple(documents)), degraded)


def _ask(desk: Desk, facts: ResearcherFacts, degraded: tuple[str, ...]) -> StudyState:
    ask = search if _web_may_be_asked(desk, facts.as_of) else ask_researcher
    found = ask(desk.asker, facts)
    if isinstance(found, Abstained):
        told = f"the researcher abstained on {facts.symbol}: {found.reason}"
        return {**_abstain(desk, facts.symbol, found.reason), "degraded": (*degraded, told)}
    if desk.archive is not None and not degraded:
        desk.archive.keep(facts.symbol, facts.as_of, found)
    desk.recorder.record(ResearchRead(symbol=facts.symbol, findings=found))
    return {"findings": found, "degraded": degraded}


def _read(desk: Desk, symbol: str, as_of: datetime) -> tuple[Sequence[Document], str]:
    """Documents, none newer than *as of*; and what was wrong with a source, in one line."""
    if desk.news is None:
        return (), ""
    trouble = ""
    try:
        documents = desk.news.read(symbol, as_of)
    except NewsUnavailable as error:
        documents, trouble = error.documents, str(error)
        desk.recorder.record(ErrorNoted(where="research", code="NEWS_UNAVAILABLE", message=f"{symbol}: {trouble}"))
    return [each for each in documents if each.published <= as_of], trouble


def _has_source(desk: Desk) -> bool:
    return desk.news is not None or WEB in desk.asker.minds


def _web_may_be_asked(desk: Desk, as_of: datetime) -> bool:
    return WEB in desk.asker.minds and abs(desk.clock.now() - as_of) <= WEB_MAY_BE_ASKED_WITHIN


def _abstain(desk: Desk, symbol: str, reason: str) -> StudyState:
    findings: tuple[Finding, ...] = ()
    desk.recorder.record(ResearchRead(symbol=symbol, findings=findings, abstained=reason))
    return {"findings": findings}
