"""The chronicler's READ tools: decisions, events, verdicts, orders, memories, and what two cycles have apart."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from perun.agents.chronicler import unfenced
from perun.graph.chat import telling, templates
from perun.graph.chat.checking import Claim
from perun.graph.chat.citations import of_cycle, of_event, resolve
from perun.graph.chat.focusing import Focus
from perun.graph.chat.hearing import Aim, Heard
from perun.graph.chat.record import Record
from perun.graph.ledger.cycles import Cycle
from perun.tools.toolbox.tool import Asked, Told, Tool, ToolRefused, reading

Name = Annotated[str, Field(max_length=160)]
Ticker = Annotated[str, Field(max_length=10)]


class FindDecisions(Asked):
    """Decisions of the desk, latest first, each with the citation of its cycle; empty text means any."""

    symbol: Ticker = ""
    day: Annotated[str, Field(max_length=10)] = ""
    """Such as 2009-06-01."""
    outcome: Literal["", "cleared", "denied", "held", "BUY", "SELL", "HOLD"] = ""


class OpenEvent(Asked):
    """Everything that one citation stands for: an event, a cycle, a memory, a rule or an order."""

    citation: Name
    """Such as [cycle:2009-06-01/event:12]."""


class ListEvents(Asked):
    """The events of a cycle, a line each: citation and kind."""

    cycle: Name
    """Its slot, such as 2009-06-01."""


class OfDecision(Asked):
    """One decision: a symbol in a cycle."""

    cycle: Name
    """The cycle's slot, such as 2009-06-01."""
    symbol: Ticker


class VerdictTable(OfDecision):
    """What the gate measured and allowed for a symbol in a cycle, rule by rule."""


class WhatWouldFlip(OfDecision):
    """Which limits denied an order, or came nearest to denying it."""


class OrderLife(Asked):
    """What became of an order: its terms, status and fills."""

    order: Name
    """Its client order id."""


class SearchMemory(Asked):
    """Memories of the desk that share words with yours."""

    words: Annotated[str, Field(max_length=200)]
    symbol: Ticker = ""


class AccountThen(Asked):
    """Cash, equity and positions before a cycle, and cash and equity after it."""

    cycle: Name


class CompareCycles(Asked):
    """What differs between two cycles."""

    first: Name
    second: Name


def shelf(record: Record) -> tuple[Tool, ...]:
    """Everything that may be asked of the record. Nothing here changes anything."""
    return (
        reading("find_decisions", FindDecisions, lambda asked: _found(asked, record)),
        reading("open_event", OpenEvent, lambda asked: _opened(asked, record)),
        reading("list_events", ListEvents, lambda asked: _listed(asked, record)),
        reading(
            "verdict_table", VerdictTable, lambda asked: _told(_about(Aim.GATE, record, asked.symbol, asked.cycle))
        ),
        reading(
            "what_would_flip", WhatWouldFlip, lambda asked: _told(_about(Aim.FLIP, record, asked.symbol, asked.cycle))
        ),
        reading("order_life", OrderLife, lambda asked: _opened(OpenEvent(citation=f"[order:{asked.order}]"), record)),
        reading("memory_search", SearchMemory, lambda asked: _remembered(asked, record)),
        reading("account_then", AccountThen, lambda asked: _told(_about(Aim.ACCOUNT, record, None, asked.cycle))),
        reading(
            "compare_cycles",
            CompareCycles,
            lambda asked: _told(_about(Aim.COMPARE, record, None, asked.first, asked.second)),
        ),
    )


def _found(asked: FindDecisions, record: Record) -> Told:
    made = record.decisions(asked.symbol or None, asked.day or None, asked.outcome or None)
    return _told(Claim(f"{each.day} {each.symbol} {each.action} {each.fate}", (of_cycle(each.cycle),)) for each in made)


def _opened(asked: OpenEvent, record: Record) -> Told:
    cited = resolve(asked.citation, record)
    if cited is None:
        raise ToolRefused("the record holds nothing under that citation")
    return _told([Claim(cited.text, (cited.citation,))])


def _listed(asked: ListEvents, record: Record) -> Told:
    cycle = _cycle(asked.cycle, record)
    return _told(Claim(each.event.kind, (of_event(cycle, each.seq),)) for each in record.events(cycle))


def _remembered(asked: SearchMemory, record: Record) -> Told:
    found = record.memories(asked.words, asked.symbol or None)
    tainted = tuple(entry.evidence for entry in found if entry.tainted)
    told = _told(Claim(telling.memory_text(entry), (entry.evidence,)) for entry in found)
    return told.model_copy(update={"tainted": tainted})


def _about(aim: Aim, record: Record, symbol: str | None, *cycles: str) -> Iterable[Claim]:
    """What the baseline voice would say: a model reads the same facts."""
    found = tuple(_cycle(name, record) for name in cycles)
    if symbol and symbol not in found[0].symbols:
        raise ToolRefused(f"the cycle {found[0].slot} did not look at {symbol}")
    return templates.answer(templates.Asked(Heard("", aim), Focus(found, symbol), "desk", record))


def _cycle(name: str, record: Record) -> Cycle:
    cycle = record.cycle(name.strip("[]").removeprefix("cycle:")) or record.cycle(name)
    if cycle is None:
        raise ToolRefused("there is no such cycle")
    return cycle


def _told(claims: Iterable[Claim]) -> Told:
    """Facts, a line each behind its citations, inside the fence that marks them as data."""
    rows = list(claims)
    lines = "\n".join(f"- {' '.join(row.cites)} {unfenced(row.text)}" for row in rows) or "nothing"
    evidence = tuple(dict.fromkeys(cite for row in rows for cite in row.cites))
    return Told(text=f"<record>\n{lines}\n</record>", evidence=evidence)
