"""Every share of ours under a stop, no more and no less; where no stop can stand, the shares leave."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from perun.graph.bookkeeping import OURS, is_ours
from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.submission import OrderDesk, Submission
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import BrokerUnavailable, OrderRejected
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.money import ZERO, plain
from perun.tools.domain.orders import RESTORED, Leg, Order, OrderStatus, Side
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.domain.verdicts import Check
from perun.tools.risk.facts import Situation, unguarded
from perun.tools.risk.gate import Proposal, Protection

LEAVING: Final = f"{OURS}emergency-"
"""How the client order id of an emergency exit begins."""
QUARTER: Final = timedelta(minutes=15)
"""What the broker refused is not asked again in the same quarter of an hour of the market's clock."""
_CANCELLING: Final = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look whether what was cancelled has ended."""


@dataclass
class Guarding:
    """What was done about shares and their stops, one line each."""

    protected: list[str] = field(default_factory=list)
    """Shares that have their stop again."""
    trimmed: list[str] = field(default_factory=list)
    """Orders that were cancelled because shares and stops did not match."""
    exited: list[str] = field(default_factory=list)
    """Shares that leave at the market, because no stop can stand."""
    unprotected: list[str] = field(default_factory=list)
    """Shares that stay without a stop, and why."""


def protect(
    name: str, desk: OrderDesk, broker: GatedBroker, done: Guarding, symbols: Collection[str] | None = None
) -> None:
    """Give every position of ours that has shares without a stop the stop it had before, for exactly those shares.

    Args:
        name: the run that does it.
        desk: ledger, book, record and clock.
        broker: places stops and exits, and cancels what does not match.
        done: what is done is added here.
        symbols: only these; None for all.

    Raises:
        BrokerUnavailable: the broker does not say what is held.
    """

    def is_meant(symbol: str) -> bool:
        return (symbols is None or symbol in symbols) and not desk.watch.standing().doubts_about(symbol)

    portfolio = desk.book.portfolio()
    ill_fitting = [order for order in _ill_fitting(portfolio) if is_meant(order.symbol)]
    if ill_fitting:
        _cancel(ill_fitting, desk, broker, done)
        portfolio = desk.book.portfolio()
    for position in portfolio.positions:
        bare = unguarded(portfolio, position.symbol)
        if bare > 0 and is_meant(position.symbol):
            _Guard(name, position.symbol, bare, desk, broker, done).mount()


def _ill_fitting(portfolio: Portfolio) -> Iterator[Order]:
    """Orders of ours in whose stead a stop for exactly what is held should stand.

    The stop of an entry works only once all of it is filled: the rest of a part-filled one is given up. A stop for more
    shares than are held would sell short.
    """
    for order in portfolio.working_orders:
        if not is_ours(order) or order.status is OrderStatus.PENDING_CANCEL:
            continue
        torn = order.side is Side.BUY and order.filled_qty > 0
        if torn or (_works_as_stop(order) and _sold_short(portfolio, order.symbol)):
            yield order


def _works_as_stop(order: Order) -> bool:
    return order.is_protective and order.status is not OrderStatus.HELD


def _sold_short(portfolio: Portfolio, symbol: str) -> bool:
    sales = (order for order in portfolio.working(symbol) if order.side is Side.SELL)
    waiting = (order.open_qty for order in sales if order.status is not OrderStatus.HELD)
    return sum(waiting, ZERO) > max(ZERO, portfolio.held(symbol))


def _cancel(orders: list[Order], desk: OrderDesk, broker: GatedBroker, done: Guarding) -> None:
    """Cancel them and wait a little until they have ended; what lasts longer is for the next run."""
    for order in orders:
        with suppress(OrderRejected):  # it ended a moment ago
            broker.cancel(order.client_order_id)
            what = f"{order.client_order_id}: {plain(order.open_qty)} {order.symbol} do not match what is held"
            done.trimmed.append(what)
    for pause in _CANCELLING:
        if all(_has_ended(order.client_order_id, desk) for order in orders):
            return
        desk.wait(pause)


def _has_ended(id_: str, desk: OrderDesk) -> bool:
    with suppress(BrokerUnavailable):
        order = desk.book.order(id_)
        return order is None or order.status.is_terminal
    return False


@dataclass(frozen=True)
class _Guard:
    """The shares of one symbol that nothing would sell."""

    name: str
    symbol: str
    bare: Decimal
    desk: OrderDesk
    broker: GatedBroker
    done: Guarding

    def mount(self) -> None:
        """Put the stop back; where it cannot stand, let the shares go."""
        orders = [order for order in self.desk.ledger.books.orders(self.desk.account, self.symbol) if is_ours(order)]
        stop, ours = last_stop(orders), shares_of(orders)
        if stop is None or ours <= 0:
            self._report("somebody else's, and never under a stop of ours")
            return
        seen = self.broker.look(self.symbol)
        why = _passed(seen, self.symbol, stop) or self._put_back(stop, seen)
        if why:
            self._let_go(why, seen, min(self.bare, ours))

    def _put_back(self, stop: Decimal, seen: Situation) -> str:
        """Place the stop; empty unless the broker refuses it, now or a moment ago."""
        id_, number, last = self._next(RESTORED, seen)
        if last and last.state is IntentState.REJECTED:
            return last.detail  # it would refuse it again
        errand = Submission(self.name, self.desk)
        request = Protection(symbol=self.symbol, stop=stop, client_order_id=id_)
        if breaches := self.broker.judge(request, seen).breaches:
            self._report(f"no stop may be sent ({_words(breaches)})")
            return ""
        errand.send(id_, Leg.PROTECTION, partial(self.broker.protect, request), number)
        placed = self.desk.intent(id_)
        if placed and placed.state is IntentState.REJECTED:
            return placed.detail
        if errand.troubles or errand.denials:
            self._report("; ".join(errand.troubles) or "denied")
        else:
            self.done.protected.append(f"{plain(self.bare)} {self.symbol} at {plain(stop)}")
        return ""

    def _let_go(self, why: str, seen: Situation, qty: Decimal) -> None:
        """Sell at the market what is ours of the bare shares, once in a quarter of an hour, if the gate lets it."""
        id_, number, last = self._next(LEAVING, seen)
        message = f"{plain(qty)} {self.symbol} leave at the market: {why}"
        signal = TradingSignal(symbol=self.symbol, action=Action.SELL, confidence=1, rationale=message)
        proposal = Proposal(signal=signal, client_order_id=id_, ceiling=qty)
        if last and last.state is not IntentState.NOT_SENT:
            self._report(f"{why}; its exit is {last.state}: {last.detail}")
        elif breaches := self.broker.judge(proposal, seen).breaches:
            self._report(f"{why}; no exit is sent now ({_words(breaches)}): the next run tries again")
        else:
            self._send_exit(proposal, number, why)

    def _send_exit(self, proposal: Proposal, number: int, why: str) -> None:
        id_, message = proposal.client_order_id, proposal.signal.rationale
        self.desk.recorder.record(ErrorNoted(where="protect", code="EMERGENCY_EXIT", message=message))
        errand = Submission(self.name, self.desk)
        errand.send(id_, Leg.EMERGENCY, partial(self.broker.place, proposal), number)
        refusals = [*errand.troubles, *(str(each.breaches[0].code) for each in errand.denials.values())]
        if refusals:
            self._report(f"{why}; its exit failed: {'; '.join(refusals)}")
        else:
            self.done.exited.append(message)

    def _next(self, kind: str, seen: Situation) -> tuple[str, int, Intent | None]:
        """Id and number of the symbol's next order of that kind, and the last one if it was of this quarter hour."""
        tried = self.desk.ledger.intents.with_prefix(self.desk.account, f"{kind}{self.symbol}-")
        number, quarter = len(tried) + 1, _quarter(seen.clock.now)
        lately = (intent for intent in tried if intent.client_order_id.endswith(quarter))
        last = max(lately, key=lambda intent: intent.attempt, default=None)
        return f"{kind}{self.symbol}-{number}-{quarter}", number, last

    def _report(self, why: str) -> None:
        self.done.unprotected.append(f"{plain(self.bare)} {self.symbol}: {why}")


def last_stop(orders: list[Order]) -> Decimal | None:
    """Where the stop stood last that came with the shares, among our orders in a symbol, oldest first.

    Only an entry that was filled, if only in part, gave shares; a stop that was put back after it counts as its own.
    None when we never had one, as for shares that somebody else bought.
    """
    filled = [order for order in orders if order.side is Side.BUY and order.filled_qty > 0]
    if not filled:
        return None
    entry = filled[-1]
    stops = [
        order
        for order in orders
        if order.is_protective and order.stop_price and order.status is not OrderStatus.REJECTED
        if order.parent == entry.client_order_id or (order.parent is None and order.submitted_at >= entry.submitted_at)
    ]
    return stops[-1].stop_price if stops else None


def shares_of(orders: list[Order]) -> Decimal:
    """Shares that our orders in a symbol, oldest first, have left us: what else is held, somebody else bought."""
    held = ZERO
    for order in orders:
        # An exit sells all that can be sold, and so may have sold more than ours.
        held = max(ZERO, held + (order.filled_qty if order.side is Side.BUY else -order.filled_qty))
    return held


def _passed(seen: Situation, symbol: str, stop: Decimal) -> str:
    """What says that the market is beyond the stop already; empty when it is not, or nobody knows."""
    quote = seen.quotes.get(symbol)
    if quote is None or quote.bid > stop or quote.last > stop:
        return ""  # a low bid alone may be one lonely bid: the broker judges
    return f"the market is at {plain(quote.bid)}, not above the stop at {plain(stop)}"


def _words(breaches: Sequence[Check]) -> str:
    return ", ".join(f"{each.code} {each.measured}" for each in breaches)


def _quarter(instant: datetime) -> str:
    """The quarter of an hour of that instant, as part of an id."""
    begins = instant - timedelta(minutes=instant.minute % 15)
    return begins.strftime("%Y%m%dT%H%MZ")
