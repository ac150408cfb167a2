"""What trades and wishes teach once they have ended: the last outcome, an entry for a stop-out, one lesson each."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from perun.graph.desk import Desk
from perun.graph.ledger.intents import Intent
from perun.graph.ledger.ledger import Ledger
from perun.graph.lesson_words import Wording
from perun.graph.nodes.remember import order_text
from perun.graph.prices_since import PricesSince
from perun.graph.revision import Revision
from perun.graph.round_trips import RoundTrip, price_after_costs, round_trips
from perun.memory.aftermath import Horizon, Outcome
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.outcomes import Begun, at_fill, direction, measure_closed
from perun.memory.reflection import Slots, lesson, lesson_id
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.domain.orders import Order

_LONGEST_PAUSE: Final = timedelta(days=5)
"""From a sale to the close of its session, or of the next one when it was made while the exchange was closed."""


class Teacher:
    """Writes lessons into a revision of the memory."""

    def __init__(self, desk: Desk, ledger: Ledger, account: str, prices: PricesSince, revision: Revision) -> None:
        self._desk, self._ledger, self._account = desk, ledger, account
        self._prices, self._revision = prices, revision
        self._wording = Wording(desk.asker)

    def trades(self, since: datetime) -> None:
        """Close the books on every round trip whose last session ended after `since`."""
        lately = self._ledger.positions.closings(self._account, since - _LONGEST_PAUSE)
        symbols = {closing.symbol for closing in lately}
        fills = self._ledger.books.fills(self._account) if symbols else []
        for symbol in sorted(symbols):
            for trip in round_trips(fill for fill in fills if fill.symbol == symbol):
                if trip.ended > since - _LONGEST_PAUSE:
                    self._close(trip, since)

    def wish(self, signal: MemoryEntry) -> None:
        """The lesson of a BUY or SELL that twenty sessions have passed over, if it was not traded: that has its own."""
        outcome, side = signal.outcome(Horizon.TWENTY), direction(signal)
        cycle = self._ledger.cycles.by_id(signal.cycle_id)
        if outcome is None or not side or cycle is None or self._was_traded(signal):
            return
        symbol = signal.symbols[0]
        sources = [signal, *self._thoughts(signal.cycle_id, symbol, signal.as_of)]
        slots = Slots(
            symbol=symbol,
            wished="BUY" if side > 0 else "SELL",
            confidence=_confidence(signal),
            on=signal.as_of.astimezone(EXCHANGE_TIME).date(),
            outcome=outcome,
            denied=_denied(json.loads(cycle.result or "{}"), symbol),
            setup=_setup(sources),
        )
        self._learn(slots, symbol, sources)

    def _close(self, trip: RoundTrip, since: datetime) -> None:
        """Nothing is done for a trip whose outcome is not known yet, or was looked at by an earlier cycle."""
        made = [(intent, begun, outcome) for intent, begun, outcome in self._measured(trip) if outcome.known_at > since]
        if not made:
            return
        for intent, _, outcome in made:
            if bought := self._trade(intent.cycle_id, intent.client_order_id):
                self._revision.outcomes(bought, [outcome])
        first, begun, outcome = made[0]
        sales = [self._sale(id_, at, first.cycle_id) for id_, at in trip.sales().items()]
        self._reflect(trip, first, begun, outcome, [sale for sale in sales if sale])

    def _measured(self, trip: RoundTrip) -> Iterator[tuple[Intent, Begun, Outcome]]:
        """Each purchase of ours, with what came of it."""
        history = self._prices.of(trip.symbol)
        for id_, fills in trip.purchases().items():
            intent = self._ledger.intents.get(self._account, id_)
            begun = at_fill(fills[0].at, price_after_costs(fills), history)
            if intent is None or begun is None:
                continue
            usual = self._prices.watched(intent.cycle_id)
            if outcome := measure_closed(begun, trip.ended, trip.sold_at, history, usual):
                yield intent, begun, outcome

    def _reflect(
        self, trip: RoundTrip, first: Intent, begun: Begun, outcome: Outcome, sales: Sequence[MemoryEntry]
    ) -> None:
        bought = self._trade(first.cycle_id, first.client_order_id)
        cycle = self._ledger.cycles.by_id(first.cycle_id)
        thoughts = self._thoughts(first.cycle_id, trip.symbol, cycle.as_of) if cycle else []
        signal = next((each for each in thoughts if each.kind is Kind.SIGNAL), None)
        before = [*([bought] if bought else []), *thoughts]
        if not before:
            return  # of a purchase that nobody remembers, the sale alone teaches nothing
        sources = [*before, *sales]
        slots = Slots(
            symbol=trip.symbol,
            wished="BUY",
            confidence=_confidence(signal) if signal else None,
            on=begun.session,
            outcome=outcome,
            bought=begun.price,
            sold=trip.sold_at,
            stopped=self._is_stop(trip.sold[-1].client_order_id),
            setup=_setup(sources),
        )
        self._learn(slots, first.client_order_id, sources)

    def _learn(self, slots: Slots, name: str, sources: Sequence[MemoryEntry]) -> None:
        if self._revision.read(lesson_id(sources, name), slots.outcome.known_at):
            return
        learned = lesson(slots, name, sources, self._desk.clock.now(), self._wording.of(name))
        if learned is not None:
            self._revision.add(learned)

    def _thoughts(self, cycle_id: str, symbol: str, as_of: datetime) -> list[MemoryEntry]:
        """What the cycle wished, thought and saw of the symbol, as far as it is remembered."""
        ids = [entry_id(kind, cycle_id, symbol) for kind in (Kind.SIGNAL, Kind.ANALYSIS, Kind.MARKET)]
        return [entry for id_ in ids if (entry := self._revision.read(id_, as_of))]

    def _trade(self, cycle_id: str, client_order_id: str) -> MemoryEntry | None:
        return self._revision.read(entry_id(Kind.TRADE, cycle_id, client_order_id))

    def _sale(self, client_order_id: str, at: datetime, cycle_id: str) -> MemoryEntry | None:
        """The entry of an order that sold. A stop sells when no cycle looks on: its entry is made here."""
        intent = self._ledger.intents.get(self._account, client_order_id)
        origin = intent.cycle_id if intent else cycle_id
        known, order = self._trade(origin, client_order_id), self._ledger.books.order(self._account, client_order_id)
        if known is not None or order is None:
            return known
        entry = self._sold(order, at, origin)
        self._revision.add(entry)
        return entry

    def _sold(self, order: Order, at: datetime, cycle_id: str) -> MemoryEntry:
        return MemoryEntry(
            id=entry_id(Kind.TRADE, cycle_id, order.client_order_id),
            kind=Kind.TRADE,
            symbols=(order.symbol,),
            as_of=at,
            written_at=self._desk.clock.now(),
            cycle_id=cycle_id,
            source="label",
            text=order_text(order),
            data=order.model_dump(mode="json"),
        )

    def _was_traded(self, signal: MemoryEntry) -> bool:
        sent = [each for each in self._ledger.intents.of_cycle(signal.cycle_id) if each.symbol in signal.symbols]
        orders = (self._ledger.books.order(self._account, each.client_order_id) for each in sent)
        return any(order.filled_qty for order in orders if order)

    def _is_stop(self, client_order_id: str) -> bool:
        order = self._ledger.books.order(self._account, client_order_id)
        return order is not None and order.is_protective


def _confidence(signal: MemoryEntry) -> float | None:
    said = signal.data.get("confidence")
    return float(said) if isinstance(said, int | float) else None


def _setup(sources: Sequence[MemoryEntry]) -> str:
    return next((entry.text for entry in sources if entry.kind is Kind.MARKET), "")


def _denied(document: dict[str, Any], symbol: str) -> tuple[str, ...]:
    """Codes of the rules that the symbol's signal broke, as the cycle's result has them."""
    verdicts = (row for row in document.get("verdicts", ()) if row["symbol"] == symbol)
    return tuple(breach["code"] for row in verdicts for breach in row["breaches"])
