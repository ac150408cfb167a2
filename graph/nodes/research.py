"""research: what the outside world says of a symbol, as bounded findings; without a source the researcher abstains."""

from langgraph.runtime import Runtime

from perun.agents.asking import Abstained
from perun.agents.facts import ResearcherFacts
from perun.agents.researcher import research as ask_researcher
from perun.graph.desk import Desk
from perun.graph.state import StudyState
from perun.tools.domain.events import ResearchRead

NO_SOURCE = "no research source is configured"


def research(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
    """Read documents that were published by *as of*, and nothing newer."""
    desk, symbol, as_of = runtime.context, state["seen"].symbol, state["as_of"]
    if desk.news is None:
        desk.recorder.record(ResearchRead(symbol=symbol, findings=(), abstained=NO_SOURCE))
        return {"findings": ()}
    documents = tuple(document for document in desk.news.read(symbol, as_of) if document.published <= as_of)
    if not documents:
        desk.recorder.record(ResearchRead(symbol=symbol, findings=(), abstained="the source had nothing to say"))
        return {"findings": ()}
    found = ask_researcher(desk.asker, ResearcherFacts(symbol=symbol, as_of=as_of, documents=documents))
    if isinstance(found, Abstained):
        desk.recorder.record(ResearchRead(symbol=symbol, findings=(), abstained=found.reason))
        return {"findings": (), "degraded": (f"the researcher abstained on {symbol}: {found.reason}",)}
    desk.recorder.record(ResearchRead(symbol=symbol, findings=found))
    return {"findings": found}
