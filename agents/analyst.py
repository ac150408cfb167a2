"""The analyst: from one symbol's facts to a stance with a conviction and its evidence."""

from collections.abc import Iterator, Sequence
from itertools import chain

from perun.agents import wording
from perun.agents.answers import AnalystReport, Stance
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.caution import less_for_numbers, less_for_taint
from perun.agents.facts import AnalystFacts
from perun.agents.numbers import shown_in, unverified
from perun.tools.domain.events import EvidenceTainted, NumbersUnverified
from perun.tools.toolbox.tool import Told, Tool


def analyse(asker: Asker, facts: AnalystFacts, tools: Sequence[Tool] = ()) -> AnalystReport | Abstained:
    """A report on the symbol, or an abstention.

    The conviction may be less than the model's: `caution` has the rules, and the record what they took.
    """
    symbol, holes = facts.snapshot.symbol, _holes(facts)
    talk = asker.talk(Turn("analyst", symbol, facts, holes, Stance, tools=tuple(tools)))
    if isinstance(talk.answer, Abstained):
        return talk.answer
    report = _report(talk.answer, facts, talk.told, (*holes.values(), *(told.text for told in talk.told)))
    for event in _doubts(report, talk.answer.conviction):
        asker.tape.record(event)
    return report


def _report(said: Stance, facts: AnalystFacts, told: Sequence[Told], texts: Sequence[str]) -> AnalystReport:
    """What the stance comes to once its numbers and its evidence are held against what was shown."""
    evidence = wording.known(said.evidence, chain(_given(facts), *(each.evidence for each in told)))
    tainted = tuple(dict.fromkeys(chain(_tainted(facts), *(each.tainted for each in told))))
    own = f"{said.conviction}"
    strange = unverified(said.summary, shown_in((*texts, facts.snapshot.model_dump_json(), own)))
    return AnalystReport(
        symbol=facts.snapshot.symbol,
        summary=said.summary,
        evidence=evidence,
        stance=said.stance,
        conviction=less_for_numbers(less_for_taint(said.conviction, evidence, tainted), strange),
        unverified=strange,
        tainted=tainted,
    )


def _doubts(report: AnalystReport, said: int) -> Iterator[NumbersUnverified | EvidenceTainted]:
    """What the record should say of the report."""
    capped = less_for_taint(said, report.evidence, report.tainted)
    if capped < said:
        yield EvidenceTainted(
            role="analyst", symbol=report.symbol, evidence=tuple(report.evidence), said=said, stands=capped
        )
    if report.unverified:
        yield NumbersUnverified(
            role="analyst", symbol=report.symbol, numbers=report.unverified, said=capped, stands=report.conviction
        )


def _given(facts: AnalystFacts) -> Iterator[str]:
    """Every id in the prompt that may be cited."""
    yield from (bar.evidence for bar in facts.snapshot.bars)
    yield _indicators_id(facts)
    yield from (memory.evidence for memory in facts.memories)
    yield from (finding.source for finding in facts.findings)


def _tainted(facts: AnalystFacts) -> Iterator[str]:
    yield from (memory.evidence for memory in facts.memories if memory.tainted)
    yield from (finding.source for finding in facts.findings)


def _indicators_id(facts: AnalystFacts) -> str:
    return f"[indicators:{facts.snapshot.symbol}:{wording.day(facts.as_of)}]"


def _holes(facts: AnalystFacts) -> dict[str, str]:
    return {
        "symbol": facts.snapshot.symbol,
        "as_of": wording.instant(facts.as_of),
        "bars": wording.bars(facts.snapshot.bars),
        "quote": wording.quote(facts.snapshot.quote),
        "indicators_id": _indicators_id(facts),
        "indicators": wording.indicators(facts.snapshot.indicators),
        "distances": wording.distances(facts.snapshot),
        "position": wording.position(facts.position),
        "memories": wording.memories(facts.memories),
        "findings": wording.findings(facts.findings),
    }
