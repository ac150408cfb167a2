"""What a run decided and what it cost, read from its record: one row for each decision, denial and model's share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.events import ModelAsked, SignalFormed, Usage, VerdictGiven
from perun.tools.domain.market import Bar, Session

HORIZONS = (1, 5, 20)
"""Sessions after which a decision is looked at again."""

Forward = Callable[[str, datetime, int], Decimal | None]
"""A symbol's return from the next open over so many sessions, by their last close; None when the days run out."""


@dataclass(frozen=True)
class Decision:
    """What the trader wished for a symbol, what the gate said, and what the share did then."""

    slot: str
    as_of: datetime
    symbol: str
    action: str
    confidence: float
    prompt: str
    """Hash of the trader's prompt."""
    asked: bool
    """The gate was asked."""
    cleared: bool
    breaches: tuple[str, ...]
    returns: Mapping[int, Decimal | None]
    """By horizon: the share's return from the next open."""
    excess: Mapping[int, Decimal | None]
    """By horizon: that return less the mean of all watched symbols."""


@dataclass(frozen=True)
class Cost:
    """What one role's questions of one cycle came to."""

    slot: str
    role: str
    model: str
    usage: Usage


def decisions(ledger: Ledger, cycles: Sequence[Cycle], symbols: Sequence[str], forward: Forward) -> Iterator[Decision]:
    """Every signal of the cycles, oldest first."""
    for cycle in cycles:
        events = [stored.event for stored in ledger.events.read(cycle.cycle_id)]
        verdicts = {event.verdict.symbol: event.verdict for event in events if isinstance(event, VerdictGiven)}
        asked = (event for event in events if isinstance(event, ModelAsked) and event.role == "trader")
        prompt = next((event.prompt_hash for event in asked), "")
        changes = {horizon: _changes(symbols, cycle.as_of, horizon, forward) for horizon in HORIZONS}
        for event in events:
            if not isinstance(event, SignalFormed):
                continue
            signal, verdict = event.signal, verdicts.get(event.signal.symbol)
            yield Decision(
                slot=cycle.slot,
                as_of=cycle.as_of,
                symbol=signal.symbol,
                action=signal.action.value,
                confidence=signal.confidence,
                prompt=prompt,
                asked=verdict is not None,
                cleared=verdict is not None and verdict.cleared,
                breaches=tuple(check.code for check in verdict.breaches) if verdict else (),
                returns={horizon: changes[horizon].get(signal.symbol) for horizon in HORIZONS},
                excess={horizon: _excess(changes[horizon], signal.symbol) for horizon in HORIZONS},
            )


def costs(ledger: Ledger, cycles: Sequence[Cycle]) -> Iterator[Cost]:
    """What was asked of models, by cycle and role; roles in the order in which they were first asked."""
    for cycle in cycles:
        sums: dict[tuple[str, str], Usage] = {}
        for stored in ledger.events.read(cycle.cycle_id):
            if isinstance(event := stored.event, ModelAsked):
                key = (event.role, event.model)
                sums[key] = sums.get(key, Usage()) + event.usage
        yield from (Cost(cycle.slot, role, model, usage) for (role, model), usage in sums.items())


def forward_returns(sessions: Sequence[Session], bar: Callable[[str, date], Bar | None]) -> Forward:
    """The return that whoever bought at the next open had after so many sessions, by their last close."""
    places = {session.closes: place for place, session in enumerate(sessions)}

    def forward(symbol: str, as_of: datetime, horizon: int) -> Decimal | None:
        place = places.get(as_of)
        if place is None or place + horizon >= len(sessions):
            return None
        bought, last = (bar(symbol, sessions[place + ahead].day) for ahead in (1, horizon))
        return last.close / bought.open - 1 if bought and last else None

    return forward


def _changes(symbols: Sequence[str], as_of: datetime, horizon: int, forward: Forward) -> dict[str, Decimal]:
    told = {symbol: forward(symbol, as_of, horizon) for symbol in symbols}
    return {symbol: change for symbol, change in told.items() if change is not None}


def _excess(changes: Mapping[str, Decimal], symbol: str) -> Decimal | None:
    if symbol not in changes:
        return None
    return changes[symbol] - sum(changes.values(), Decimal(0)) / len(changes)
