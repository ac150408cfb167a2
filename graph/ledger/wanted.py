"""Which cycles are asked for, said as one question to the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, or_, select, true

from perun.agents.roles import ROSTER
from perun.graph.ledger.notation import canonical, stamp
from perun.graph.ledger.schema import CHAINS, CYCLES, EVENTS

LATEST: Final = (CYCLES.c.as_of.desc(), CYCLES.c.started_at.desc())
"""The order of lists: what was decided last comes first."""
_FIRST: Final = EVENTS.alias("first_event")
_LAST: Final = EVENTS.alias("last_event")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is left empty does not matter."""

    symbol: str = ""
    outcome: str = ""
    since: datetime | None = None
    """Decided at this market time or later."""
    until: datetime | None = None
    """Decided before this market time."""
    agent: str = ""
    """An agent that was asked in it."""
    prompt: str = ""
    """How the hash of a prompt begins that spoke in it; with `agent`, of that agent's."""
    limit: int = 20

    def question(self) -> Select[Any]:
        """The ids of the cycles, the latest first."""
        wanted = select(CYCLES.c.cycle_id).where(and_(true(), *self._rows()))
        if self.prompt:
            begun = and_(_FIRST.c.stream == CYCLES.c.cycle_id, _FIRST.c.seq == 1)
            wanted = wanted.join(_FIRST, begun).where(self._spoke())
        if self.agent:
            ended = and_(_LAST.c.stream == CHAINS.c.stream, _LAST.c.seq == CHAINS.c.length)
            chained = wanted.join(CHAINS, CHAINS.c.stream == CYCLES.c.cycle_id).join(_LAST, ended)
            wanted = chained.where(self._asked())
        return wanted.order_by(*LATEST).limit(self.limit)

    def _rows(self) -> list[ColumnElement[bool]]:
        """What the cycles' own rows tell."""
        conditions: list[ColumnElement[bool]] = []
        if self.symbol:
            conditions.append(CYCLES.c.symbols.contains(canonical(self.symbol), autoescape=True))
        if self.outcome:
            conditions.append(CYCLES.c.outcome == self.outcome)
        if self.since:
            conditions.append(CYCLES.c.as_of >= stamp(self.since))
        if self.until:
            conditions.append(CYCLES.c.as_of < stamp(self.until))
        return conditions

    def _spoke(self) -> ColumnElement[bool]:
        """A cycle begins with its agents' prompts, agent to hash; other hashes stand outside that list."""
        agents = [self.agent] if self.agent else ROSTER
        begins = (f"{canonical(agent)}:{canonical(self.prompt)[:-1]}" for agent in agents)
        return or_(*(_FIRST.c.body.contains(text, autoescape=True) for text in begins))

    def _asked(self) -> ColumnElement[bool]:
        """A cycle ends with the list of the agents that were asked; one that has none, or is old, is read through."""
        role = EVENTS.c.body.contains(canonical({"role": self.agent})[1:-1], autoescape=True)
        turns = select(EVENTS.c.seq).where(EVENTS.c.stream == CYCLES.c.cycle_id, EVENTS.c.kind == "model.asked", role)
        # The list is the first thing that the event says, and nothing after it could be an agent's name.
        listed = _LAST.c.body.contains(canonical(self.agent), autoescape=True)
        return case((_LAST.c.body.startswith('{"asked":['), listed), else_=turns.exists())
