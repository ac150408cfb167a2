"""analyse: the analyst's report on one symbol."""

from langgraph.runtime import Runtime

from perun.agents.analyst import analyse as ask_analyst
from perun.agents.asking import Abstained
from perun.agents.facts import AnalystFacts
from perun.graph.desk import Desk
from perun.graph.shelves import analyst_shelf
from perun.graph.state import StudyState
from perun.tools.domain.events import ReportWritten


def analyse(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
    """Hand the analyst everything that is known of the symbol."""
    desk, symbol = runtime.context, state["seen"].symbol
    report = ask_analyst(
        desk.asker,
        AnalystFacts(
            as_of=state["as_of"],
            snapshot=state["seen"],
            position=state["position"],
            memories=state.get("memories", ()),
            findings=state.get("findings", ()),
        ),
        analyst_shelf(desk, state),
    )
    if isinstance(report, Abstained):
        return {"reports": {}, "degraded": (f"the analyst abstained on {symbol}: {report.reason}",)}
    desk.recorder.record(ReportWritten(symbol=symbol, report=report.model_dump(mode="json")))
    return {"reports": {symbol: report}}
