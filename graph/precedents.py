"""What the desk decided before, from its own record: nothing that was decided at *as of* or later."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.events import AdviceGiven, SignalFormed
from perun.tools.domain.signals import Action, Advice
from perun.tools.toolbox.decisions import Decision, LastAdvice

LOOK_BACK: Final = 50
"""Cycles that are looked through for decisions on a symbol."""
REMEMBERED: Final = 5
"""Cycles after which the risk manager's words are no longer repeated."""


class Precedents:
    """The finished cycles of one account; `Past` to those who decide."""

    def __init__(self, ledger: Ledger, account: str) -> None:
        self._ledger, self._account = ledger, account

    def decisions(self, symbol: str, as_of: datetime, count: int) -> Sequence[Decision]:
        """The last `count` decisions on the symbol, latest first."""
        cycles = self._ledger.cycles.finished_before(self._account, as_of, LOOK_BACK)
        concerned = [cycle for cycle in cycles if symbol in cycle.symbols][:count]
        return [made for cycle in concerned if (made := self._decision(cycle, symbol))]

    def last_advice(self, symbols: Sequence[str], as_of: datetime) -> LastAdvice | None:
        """What the risk manager said when he last spoke of any of the symbols."""
        for cycle in self._ledger.cycles.finished_before(self._account, as_of, REMEMBERED):
            if said := tuple(each for each in self._advice(cycle) if each.symbol in symbols):
                return LastAdvice(as_of=cycle.as_of, advice=said, tainted=self._is_tainted(cycle))
        return None

    def _decision(self, cycle: Cycle, symbol: str) -> Decision | None:
        document = json.loads(cycle.result or "{}")
        signal = _of(document, "signals", symbol)
        if signal is None:
            return None
        return Decision(
            symbol=symbol,
            as_of=cycle.as_of,
            action=Action(signal["action"]),
            confidence=signal["confidence"],
            rationale=signal["rationale"],
            advice=next((each for each in self._advice(cycle) if each.symbol == symbol), None),
            verdict=_verdict(_of(document, "verdicts", symbol)),
            order=_order(_of(document, "orders", symbol)),
            tainted=self._is_tainted(cycle),
        )

    def _advice(self, cycle: Cycle) -> tuple[Advice, ...]:
        """The risk manager's words in a cycle; of two on one symbol, as a resumed cycle may have, the later."""
        said = self._ledger.events.of_kind(cycle.cycle_id, "advice")
        return tuple({event.advice.symbol: event.advice for event in said if isinstance(event, AdviceGiven)}.values())

    def _is_tainted(self, cycle: Cycle) -> bool:
        """Whether the words of that cycle's trader, and of who answered it, may go back to text from outside."""
        formed = self._ledger.events.of_kind(cycle.cycle_id, "signal")
        return any(event.tainted for event in formed if isinstance(event, SignalFormed))


def _of(document: Mapping[str, Any], part: str, symbol: str) -> dict[str, Any] | None:
    return next((row for row in document.get(part, ()) if row["symbol"] == symbol), None)


def _verdict(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    return "cleared" if row["cleared"] else f"denied, {', '.join(breach['code'] for breach in row['breaches'])}"


def _order(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    price = f" at {row['filled_avg_price']}" if row["filled_avg_price"] else ""
    return f"{row['side']} {row['qty']}, {row['status']}, {row['filled_qty']} filled{price}"
