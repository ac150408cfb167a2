"""Two runs side by side: prompts, inputs, outputs, decisions and cost, and of these only what differs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final

from perun.graph.desk import stamp
from perun.graph.trace.reading import Trace
from perun.tools.domain.events import (
    AdviceGiven,
    AgentAbstained,
    CycleStarted,
    MemoriesRecalled,
    ModelAsked,
    OrderUpdated,
    ReportWritten,
    ResearchRead,
    SignalFormed,
    ToolCalled,
    VerdictGiven,
)
from perun.tools.domain.money import ZERO, plain

SCHEMA: Final = "perun.trace-diff/1"

Fact = tuple[str, str]
"""A part of a run, and the name of something in it."""
Facts = Mapping[Fact, str]


def compare(a: Trace, b: Trace) -> dict[str, Any]:
    """The document `perun.trace-diff/1`. What only one of the two has stands against null."""
    left, right = dict(_facts(a)), dict(_facts(b))
    names = dict.fromkeys([*left, *right])
    rows = [row for name in names for row in _differences(name, left.get(name), right.get(name))]
    rows.sort(key=lambda row: _PARTS.index(row["part"]))
    return {"schema": SCHEMA, "a": _head(a), "b": _head(b), "same": not rows, "differences": rows}


def _head(trace: Trace) -> dict[str, Any]:
    cycle = trace.cycle
    return {"cycle_id": cycle.cycle_id, "slot": cycle.slot, "as_of": stamp(cycle.as_of), "outcome": cycle.outcome}


def _differences(fact: Fact, a: str | None, b: str | None) -> Iterator[dict[str, Any]]:
    """Nothing when they are alike; a long text line by line, anything else as a whole."""
    part, name = fact
    if a == b:
        return
    if part != "saw" or a is None or b is None:
        yield {"part": part, "name": name, "a": a, "b": b}
        return
    lines = a.splitlines(), b.splitlines()
    for kind, start_a, end_a, start_b, end_b in SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        if kind != "equal":
            said = "\n".join(lines[0][start_a:end_a]), "\n".join(lines[1][start_b:end_b])
            yield {"part": part, "name": f"{name}, line {start_a + 1}", "a": said[0] or None, "b": said[1] or None}


_PARTS: Final = (
    "cycle",
    "prompt",
    "saw",
    "read",
    "said",
    "report",
    "signal",
    "advice",
    "verdict",
    "rule",
    "order",
    "cost",
)


def _facts(trace: Trace) -> Iterator[tuple[Fact, str]]:
    """What can be held against another run's: ids that name the slot are left out."""
    cycle = trace.cycle
    yield ("cycle", "as of"), stamp(cycle.as_of)
    yield ("cycle", "mode"), cycle.mode
    yield ("cycle", "symbols"), ", ".join(cycle.symbols)
    yield ("cycle", "outcome"), cycle.outcome or cycle.state.value
    for _, begun in trace.all(CycleStarted):
        yield ("cycle", "limits"), begun.limits_hash
        yield from ((("prompt", agent), hash_) for agent, hash_ in begun.prompts.items())
    yield from _inputs(trace)
    yield from _outputs(trace)
    yield from _gate(trace)
    yield from _orders(trace)
    yield from _cost(trace)


def _inputs(trace: Trace) -> Iterator[tuple[Fact, str]]:
    for _, asked in trace.all(ModelAsked):
        for place, (speaker, text) in enumerate(asked.messages, start=1):
            yield ("saw", f"{asked.key} {speaker} {place}"), text
    for _, called in trace.all(ToolCalled):
        yield ("read", f"{called.key} {called.tool}({called.arguments})"), called.result
    for _, recalled in trace.all(MemoriesRecalled):
        yield ("read", f"memories {recalled.symbol}"), " ".join(hit.id for hit in recalled.hits)
    for _, research in trace.all(ResearchRead):
        findings = "\n".join(finding.model_dump_json() for finding in research.findings)
        yield ("read", f"research {research.symbol}"), findings or f"abstained: {research.abstained}"


def _outputs(trace: Trace) -> Iterator[tuple[Fact, str]]:
    for _, asked in trace.all(ModelAsked):
        yield ("said", f"{asked.key} by"), asked.model
        yield ("said", asked.key), asked.answer or asked.problem
    for _, abstained in trace.all(AgentAbstained):
        yield ("said", f"{abstained.role}:{abstained.symbol or '*'} abstained"), abstained.reason
    for _, written in trace.all(ReportWritten):
        yield ("report", written.symbol), f"{written.report.get('stance')} {written.report.get('conviction')}"
    for _, formed in trace.all(SignalFormed):
        signal = formed.signal
        yield ("signal", signal.symbol), f"{signal.action} {signal.confidence:.2f}: {signal.rationale}"
    for _, given in trace.all(AdviceGiven):
        advice = given.advice
        yield ("advice", advice.symbol), f"{advice.ruling} {advice.keep}: {advice.reason}"


def _gate(trace: Trace) -> Iterator[tuple[Fact, str]]:
    for _, given in trace.all(VerdictGiven):
        verdict = given.verdict
        where = f"{verdict.symbol} {given.stage}"
        yield ("verdict", where), "cleared" if verdict.cleared else "denied"
        for check in verdict.checks:
            kept = "" if check.passed else " BREACH"
            yield ("rule", f"{where} {check.code}"), f"{check.measured} ({check.allowed}){kept}"


def _orders(trace: Trace) -> Iterator[tuple[Fact, str]]:
    """Where each order stood last; its id is of its slot, and so its symbol, side and type name it."""
    for _, updated in trace.all(OrderUpdated):
        order = updated.order
        at = f" at {plain(order.filled_avg_price)}" if order.filled_avg_price is not None else ""
        yield ("order", f"{order.symbol} {order.side} {order.type}"), f"{plain(order.qty)} {order.status}{at}"


def _cost(trace: Trace) -> Iterator[tuple[Fact, str]]:
    spent: Counter[tuple[str, str]] = Counter()
    dollars = []
    for _, asked in trace.all(ModelAsked):
        spent[asked.role, "calls"] += asked.usage.calls
        spent[asked.role, "tokens"] += asked.usage.input_tokens + asked.usage.output_tokens
        dollars.append(asked.usage.cost_usd)
    for (role, what), count in spent.items():
        yield ("cost", f"{role} {what}"), str(count)
    yield ("cost", "US dollars"), plain(sum(dollars, ZERO))
