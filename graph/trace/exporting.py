"""A trace as one file that needs nothing else: a page for people, or the document itself."""

import json
from collections.abc import Iterator

from perun.graph.trace.document import NodeRow, TraceDocument, VerdictRow
from perun.graph.trace.markup import Markup, fields, folded, joined, table, tag
from perun.graph.trace.style import STYLE
from perun.tools.domain.events import (
    AdviceGiven,
    Event,
    MemoriesRecalled,
    ModelAsked,
    NodeFinished,
    NodeStarted,
    SignalFormed,
    VerdictGiven,
)
from perun.tools.domain.money import plain


def as_json(trace: TraceDocument) -> str:
    """The document `perun.trace/1`, as text."""
    return json.dumps(trace.json_document(), indent=1, ensure_ascii=False) + "\n"


def as_html(trace: TraceDocument) -> str:
    """One page without scripts that loads nothing, and that forbids a browser to load anything."""
    head = (
        Markup('<meta charset="utf-8">'),
        Markup(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        ),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"Perun: {trace.cycle_id}"),
        tag("style", Markup(STYLE)),
    )
    page = tag("head", joined(head)) + "\n" + tag("body", joined(_sections(trace)))
    return f'<!DOCTYPE html>\n<html lang="en">\n{page}\n</html>\n'


def _sections(trace: TraceDocument) -> Iterator[Markup]:
    yield _head(trace)
    yield _section("What was decided", _decisions(trace))
    yield _section("What came after", _aftermath(trace))
    yield _section("Orders", *_orders(trace))
    yield _section("What the gate measured", *map(_verdict, trace.verdicts))
    yield _section("What was remembered", _memories(trace))
    yield _section("Node by node", *map(_node, trace.nodes))
    yield _section("The record", _chain(trace), folded("The whole document as JSON", tag("pre", as_json(trace))))


def _section(title: str, *inside: Markup) -> Markup:
    return joined((tag("h2", title), *inside)) if any(inside) else Markup("")


def _head(trace: TraceDocument) -> Markup:
    usage = trace.usage
    ended = trace.outcome or trace.state
    prompts = ", ".join(f"{agent} {hash_}" for agent, hash_ in trace.prompts.items())
    return joined(
        (
            tag("h1", f"{trace.cycle_id}: {ended}"),
            tag("p", f"As of {_time(trace.as_of)}, {trace.mode}. Run {_time(trace.started_at)}."),
            tag(
                "p",
                f"{usage.calls} model calls, {usage.input_tokens} tokens read, {usage.output_tokens} written, "
                f"{plain(usage.cost_usd)} US dollars.",
            ),
            tag("p", f"Prompts: {prompts}. Limits: {trace.limits_hash}.", kind="dim"),
        )
    )


def _decisions(trace: TraceDocument) -> Markup:
    """A row for each symbol: what was wished, what was advised, what the gate said."""
    events: list[Event] = [row.event for node in trace.nodes for row in node.events]
    advice = {event.advice.symbol: event.advice for event in events if isinstance(event, AdviceGiven)}
    verdicts = {verdict.symbol: verdict for verdict in trace.verdicts}
    rows = []
    for signal in (event.signal for event in events if isinstance(event, SignalFormed)):
        said, judged = advice.get(signal.symbol), verdicts.get(signal.symbol)
        rows.append(
            (
                signal.symbol,
                f"{signal.action} {signal.confidence:.2f}",
                signal.rationale,
                " ".join(signal.evidence),
                f"{said.ruling}, keep {said.keep}: {said.reason}" if said else "",
                _judged(judged) if judged else "",
            )
        )
    return table(("symbol", "wish", "why", "evidence", "risk manager", "gate"), rows)


def _judged(verdict: VerdictRow) -> Markup:
    if verdict.cleared:
        return tag("span", "cleared", kind="good")
    broken = ", ".join(rule.code for rule in verdict.rules if not rule.passed)
    return tag("span", f"denied: {broken}", kind="bad")


def _aftermath(trace: TraceDocument) -> Markup:
    rows = (
        (each.symbol, each.action, each.close, after.sessions, after.day, f"{after.gain:+}%", f"{after.benchmark:+}%")
        for each in trace.aftermath
        for after in each.after
    )
    titles = ("symbol", "wish", "close then", "sessions later", "day", "result", "the cycle's symbols in equal parts")
    return table(titles, rows)


def _orders(trace: TraceDocument) -> Iterator[Markup]:
    for life in trace.orders:
        steps = ((_time(step.at), step.what, step.event) for step in life.steps)
        yield joined((tag("h3", f"{life.symbol} {life.client_order_id}"), table(("at", "what", "event"), steps)))


def _verdict(verdict: VerdictRow) -> Markup:
    rules = sorted(verdict.rules, key=lambda rule: (rule.passed, not rule.warns))
    rows = (
        (
            rule.code,
            rule.measured,
            rule.limit,
            rule.headroom,
            _kept(passed=rule.passed, warns=rule.warns),
            "" if rule.passed else rule.governed,
        )
        for rule in rules
    )
    title = joined((f"{verdict.action} {verdict.symbol} at the {verdict.stage}: ", _judged(verdict)))
    return folded(
        title,
        tag("p", verdict.event, kind="dim"),
        table(("rule", "measured", "limit", "headroom", "", "governed by"), rows),
    )


def _kept(*, passed: bool, warns: bool) -> Markup:
    if not passed:
        return tag("span", "breach", kind="bad")
    return tag("span", "note", kind="note") if warns else tag("span", "kept", kind="good")


def _memories(trace: TraceDocument) -> Markup:
    rows = (
        (
            row.symbol,
            row.id,
            row.kind,
            _number(row.score),
            _time(row.as_of),
            "cited" if row.cited else "",
            "" if row.earned is None else f"{row.earned:+.2%}",
            row.event,
        )
        for row in trace.memories
    )
    return table(("symbol", "memory", "kind", "score", "as of", "", "earned a decision", "event"), rows)


def _node(node: NodeRow) -> Markup:
    spent = node.usage
    took = f", {plain(node.seconds)} seconds" if node.seconds is not None else ""
    cost = (
        f", {spent.calls} calls, {spent.input_tokens + spent.output_tokens} tokens, {plain(spent.cost_usd)} US dollars"
    )
    title = joined((tag("strong", node.name), tag("span", f"{took}{cost if spent.calls else ''}", kind="dim")))
    told = (row for row in node.events if not isinstance(row.event, NodeStarted | NodeFinished))  # the title says it
    return folded(title, *(_event(row.id, row.event) for row in told))


def _event(id_: str, event: Event) -> Markup:
    head = tag("h3", event.kind, " ", tag("code", id_, kind="dim"))
    match event:
        case ModelAsked():
            return joined((head, *_turn(event)))
        case VerdictGiven() | MemoriesRecalled():
            return joined((head, tag("p", "Its table stands above.", kind="dim")))
        case _:
            return joined((head, fields(event.model_dump(mode="json", exclude={"kind"}))))


def _turn(asked: ModelAsked) -> Iterator[Markup]:
    """What the agent saw and what it said, word for word."""
    yield tag("p", f"{asked.key}: prompt {asked.prompt} {asked.prompt_hash}, {asked.model}, {asked.seconds} seconds")
    for speaker, said in asked.messages:
        yield folded(f"{speaker}, {len(said)} characters", tag("pre", said))
    yield tag("p", "Answer:", kind="dim")
    yield tag("pre", asked.answer or asked.problem)
    for call in asked.calls:
        yield tag("pre", f"{call.name}({call.arguments})")
    if asked.missed:
        yield tag("pre", "\n".join(asked.missed))


def _chain(trace: TraceDocument) -> Markup:
    chain = trace.chain
    whole = tag("span", chain.fault, kind="bad") if chain.fault else tag("span", "whole", kind="good")
    return tag(
        "p", f"{chain.length} events, {chain.bytes} bytes, hash chain ", whole, ". Head: ", tag("code", chain.head)
    )


def _time(instant: object) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
