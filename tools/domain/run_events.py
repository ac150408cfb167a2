"""How a run went: its cycle, its nodes, and what people told the desk to do, as typed events."""

from typing import Literal

from pydantic import AwareDatetime

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Amount


class CycleStarted(Frozen):
    """A cycle took its slot."""

    kind: Literal["cycle.started"] = "cycle.started"
    slot: str
    mode: str
    as_of: AwareDatetime
    symbols: tuple[str, ...]
    prompts: dict[str, str]
    """Role to content hash: which prompt speaks for whom in this cycle."""
    limits_hash: str


class NodeStarted(Frozen):
    """A node of the graph began. One without its end was interrupted there."""

    kind: Literal["node.started"] = "node.started"
    node: str
    symbol: str | None = None
    """Whose study it belongs to; None for the nodes that serve the whole desk."""


class NodeFinished(Frozen):
    """A node of the graph did its work."""

    kind: Literal["node.finished"] = "node.finished"
    node: str
    symbol: str | None = None
    seconds: float


class CommandGiven(Frozen):
    """A person told the desk to do something; what came of it stands in the events around this one."""

    kind: Literal["command"] = "command"
    command: str
    """As it is typed: `halt`, `resume`, `reconcile`, `flatten`."""
    reason: str = ""
    who: str


class Reconciled(Frozen):
    """Ledger and broker were compared and something was put right, a line each; to find nothing is no event."""

    kind: Literal["reconciled"] = "reconciled"
    resolved: tuple[str, ...] = ()
    """Orders in doubt that are so no longer."""
    adjusted: tuple[str, ...] = ()
    """Shares and dollars that no fill of ours explains."""
    protected: tuple[str, ...] = ()
    """Shares that have their stop again."""
    trimmed: tuple[str, ...] = ()
    """Orders that were cancelled because shares and stops did not match."""
    exited: tuple[str, ...] = ()
    """Shares that leave at the market, because no stop can stand."""


class NoticesTaken(Frozen):
    """People were told of what stands in these streams, up to there, as far as it was worth telling."""

    kind: Literal["notices.taken"] = "notices.taken"
    upto: dict[str, int]
    """Stream to the place of the last event that was told of or looked at."""


class CycleEnded(Frozen):
    """A cycle came to its end; what the account held then, in US dollars."""

    kind: Literal["cycle.ended"] = "cycle.ended"
    outcome: str
    cash: Amount
    equity: Amount
    asked: tuple[str, ...] = ()
    """The agents that were asked, sorted. A ledger from before this was written has none here."""
