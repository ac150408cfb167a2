"""gather: one snapshot of account and market, stamped *as of*."""

from langgraph.runtime import Runtime

from perun.graph.desk import Desk
from perun.graph.state import CycleState
from perun.tools.domain.events import SnapshotTaken
from perun.tools.market.snapshot import take_snapshot


def gather(state: CycleState, runtime: Runtime[Desk]) -> CycleState:
    """Read everything once; what follows in this cycle knows nothing newer."""
    desk = runtime.context
    snapshot = take_snapshot(desk.book, desk.market, state["symbols"])
    desk.recorder.record(SnapshotTaken(snapshot=snapshot.model_dump(mode="json")))
    return {"snapshot": snapshot}
