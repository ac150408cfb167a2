"""A cycle's trace as the document `perun.trace/1`: published as a JSON schema, and meant to be read in ten years."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from perun.tools.domain.events import Event, Usage
from perun.tools.domain.frozen import Frozen
from perun.tools.risk.levers import Lever


class EventRow(Frozen):
    """One event as it stands in the record."""

    id: str
    """How it is cited: the stream's name, a stroke, `event:` and its number."""
    seq: int
    at: AwareDatetime
    event: Event


class NodeRow(Frozen):
    """What one node of the graph did, or what was done before the first and after the last."""

    node: str
    symbol: str | None
    """Whose study it belongs to; None for what serves the whole desk."""
    began: AwareDatetime | None
    """None in ledgers from before this was written."""
    seconds: Decimal | None
    """None also when the node never ended."""
    usage: Usage
    events: tuple[EventRow, ...]

    @property
    def name(self) -> str:
        """`trade`, or with its symbol `analyse/AAPL`."""
        return f"{self.node}/{self.symbol}" if self.symbol else self.node


class RuleRow(Frozen):
    """What one rule measured."""

    code: str
    measured: str
    limit: str
    headroom: str | None
    """What was left of the limit, negative where it was broken; None where the two are no numbers."""
    passed: bool
    warns: bool
    settings: tuple[str, ...] = ()
    """By which a person moves the limit."""
    otherwise: str = ""
    """A file or a command that does so as well; without settings, why there is none."""

    @property
    def governed(self) -> str:
        """By what the rule is governed, in words."""
        return str(Lever(self.settings, self.otherwise))


class VerdictRow(Frozen):
    """One answer of the gate, or of the check at the wire, with its whole table of rules."""

    event: str
    stage: Literal["gate", "wire"]
    symbol: str
    action: str
    cleared: bool
    rules: tuple[RuleRow, ...]


class Step(Frozen):
    """One moment in the life of an order."""

    event: str
    at: AwareDatetime
    what: str


class OrderLife(Frozen):
    """An order from its intent to where it stands."""

    client_order_id: str
    symbol: str
    steps: tuple[Step, ...]


class MemoryRow(Frozen):
    """A memory that reached a prompt."""

    event: str
    symbol: str
    id: str
    kind: str
    score: float | None
    as_of: AwareDatetime
    cited: bool = False
    """Analyst or trader gave it as evidence on that symbol."""
    earned: float | None = None
    """What has followed the decisions that cited it, by the time of telling: a ratio, 0.01 is one per cent a decision.
    None while nothing has followed, and when it is not kept any more."""


class After(Frozen):
    """What became of a symbol some sessions later, in percent of its close when it was decided upon."""

    sessions: int
    day: date
    gain: Decimal
    benchmark: Decimal
    """The same of all the cycle's symbols, held in equal parts."""


class Aftermath(Frozen):
    """What came after one decision, as far as the market has the days."""

    symbol: str
    action: str
    close: Decimal
    """US dollars, when it was decided."""
    after: tuple[After, ...]


class ChainRow(Frozen):
    """The hash chain that the trace was read from."""

    stream: str
    length: int
    head: str
    """The last event's hash: a copy of it kept elsewhere proves later that nothing was rewritten."""
    bytes: int
    fault: str
    """Where the chain is broken; empty when it is whole."""


class TraceDocument(Frozen):
    """All that is on record of one cycle."""

    schema_: Literal["perun.trace/1"] = Field(default="perun.trace/1", alias="schema")
    cycle_id: str
    slot: str
    account: str
    mode: str
    as_of: AwareDatetime
    """The market's time; every other instant is the machine's."""
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    state: str
    outcome: str | None
    symbols: tuple[str, ...]
    prompts: dict[str, str]
    """Agent to the hash of the prompt that spoke for it."""
    limits_hash: str
    usage: Usage
    nodes: tuple[NodeRow, ...]
    verdicts: tuple[VerdictRow, ...]
    orders: tuple[OrderLife, ...]
    memories: tuple[MemoryRow, ...]
    aftermath: tuple[Aftermath, ...] = ()
    chain: ChainRow

    def json_document(self) -> dict[str, Any]:
        """The document as JSON writes it."""
        return self.model_dump(mode="json", by_alias=True)

    def of_nodes(self, names: Iterable[str]) -> "TraceDocument":
        """The same with those nodes alone; `analyse` names that of every symbol, `analyse/AAPL` one."""
        wanted = set(names)
        return self.model_copy(
            update={"nodes": tuple(row for row in self.nodes if {row.name, row.node, row.symbol} & wanted)}
        )

    def of_event(self, id_: str) -> "TraceDocument":
        """The same with that event alone."""
        found = (
            row.model_copy(update={"events": tuple(each for each in row.events if each.id == id_)})
            for row in self.nodes
        )
        return self.model_copy(update={"nodes": tuple(row for row in found if row.events)})


def json_schema() -> dict[str, Any]:
    """The JSON schema of `perun.trace/1`."""
    return TraceDocument.model_json_schema(by_alias=True)
