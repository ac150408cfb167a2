"""The analyst: from one symbol's facts to a stance with a conviction and its evidence."""

from perun.agents import wording
from perun.agents.answers import AnalystReport, Stance
from perun.agents.asking import Abstained, Asker, Turn
from perun.agents.facts import AnalystFacts


def analyse(asker: Asker, facts: AnalystFacts) -> AnalystReport | Abstained:
    """A report on the symbol, or an abstention."""
    symbol = facts.snapshot.symbol
    holes = _holes(facts)
    answer = asker.ask(Turn("analyst", symbol, facts, holes, Stance))
    if isinstance(answer, Abstained):
        return answer
    evidence = wording.shown(answer.evidence, holes.values())
    return AnalystReport(symbol=symbol, **{**answer.model_dump(), "evidence": evidence})


def _holes(facts: AnalystFacts) -> dict[str, str]:
    return {
        "symbol": facts.snapshot.symbol,
        "as_of": wording.instant(facts.as_of),
        "bars": wording.bars(facts.snapshot.bars),
        "indicators_id": f"[indicators:{facts.snapshot.symbol}:{wording.day(facts.as_of)}]",
        "indicators": wording.indicators(facts.snapshot.indicators),
        "position": wording.position(facts.position),
        "memories": wording.memories(facts.memories),
        "findings": wording.findings(facts.findings),
    }
