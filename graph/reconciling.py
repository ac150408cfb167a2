"""Our books against the broker's: orders in doubt, positions, cash, protection. The broker is right; twice is once."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from perun.graph.bookkeeping import OURS, keep_books
from perun.graph.ledger.adjustments import CASH
from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.submission import Desk, Submission
from perun.graph.watch import IN_DOUBT
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.events import DifferenceBooked
from perun.tools.domain.money import ZERO, cents, plain
from perun.tools.domain.orders import RESTORED, Leg, Order, Side
from perun.tools.domain.portfolio import Portfolio, Position
from perun.tools.risk.facts import unguarded
from perun.tools.risk.gate import Protection

PATIENCE: Final = timedelta(seconds=60)
"""An order that the broker does not know so long after it was sent never arrived."""


@dataclass
class Findings:
    """What a reconciliation found and mended, one line each."""

    resolved: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)
    adjusted: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)
    unprotected: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The document `perun.reconcile/1`."""
        lists = {name: list(lines) for name, lines in vars(self).items()}
        return {"schema": "perun.reconcile/1", "clean": not (self.in_doubt or self.unprotected), **lists}


def reconcile(name: str, desk: Desk, broker: GatedBroker) -> Findings:
    """Bring the ledger in line with the broker, and every position under a stop.

    Args:
        name: the run that does it: a cycle's id, or a command's.
        desk: ledger, book, record and clock.
        broker: places the stops that are missing.

    Raises:
        BrokerUnavailable: the broker cannot be read; nothing may be traded.
        ConfigurationError: the ledger does not know orders of ours that the broker holds.
    """
    findings = Findings()
    keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
    for intent in desk.ledger.intents.open_intents(desk.account):
        if intent.state in IN_DOUBT:
            _resolve(intent, desk, findings)
    portfolio = desk.book.portfolio()
    _compare_positions(portfolio, desk, findings)
    _compare_cash(portfolio, desk, findings)
    findings.external = [
        f"{order.client_order_id} {order.side} {plain(order.open_qty)} {order.symbol}"
        for order in portfolio.working_orders
        if not _is_ours(order)
    ]
    protect(name, portfolio, desk, broker, findings)
    if findings.protected:
        keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
    return findings


def _resolve(intent: Intent, desk: Desk, findings: Findings) -> None:
    """Adopt what the broker has; what it does not have after some patience never came."""
    id_, now = intent.client_order_id, desk.clock.now()
    order = desk.book.order(id_)
    if order is not None:
        desk.ledger.intents.move(desk.account, id_, IntentState.ACKED, f"found at the broker: {order.status}", now)
        keep_books(desk.book, desk.ledger, desk.account, desk.recorder, now)
        findings.resolved.append(f"{id_} stands at the broker: {order.status}")
    elif intent.state is IntentState.SUBMITTING or now - intent.updated_at >= PATIENCE:
        # SUBMITTING was left by a process that died: what it had on the wire has arrived or never will.
        desk.ledger.intents.move(desk.account, id_, IntentState.NOT_SENT, "the broker has no such order", now)
        findings.resolved.append(f"{id_} never came to the broker")
    else:
        findings.in_doubt.append(f"{id_} was sent less than a minute ago and is not at the broker")


def _compare_positions(portfolio: Portfolio, desk: Desk, findings: Findings) -> None:
    ours = _shares_by_our_books(desk)
    theirs = {position.symbol: position.qty for position in portfolio.positions}
    for symbol in sorted(ours.keys() | theirs.keys()):
        _adjust(symbol, theirs.get(symbol, ZERO) - ours.get(symbol, ZERO), desk, findings)


def _shares_by_our_books(desk: Desk) -> dict[str, Decimal]:
    shares: dict[str, Decimal] = {}
    for fill in desk.ledger.books.fills(desk.account):
        change = fill.qty if fill.side is Side.BUY else -fill.qty
        shares[fill.symbol] = shares.get(fill.symbol, ZERO) + change
    for adjustment in desk.ledger.adjustments.all(desk.account):
        if adjustment.symbol != CASH:
            shares[adjustment.symbol] = shares.get(adjustment.symbol, ZERO) + adjustment.amount
    return shares


def _compare_cash(portfolio: Portfolio, desk: Desk, findings: Findings) -> None:
    flows = sum((fill.cash_flow for fill in desk.ledger.books.fills(desk.account)), ZERO)
    booked = [each.amount for each in desk.ledger.adjustments.all(desk.account) if each.symbol == CASH]
    # To the cent: brokers round what they charge, and a fraction of a cent is nobody's deposit.
    _adjust(CASH, cents(portfolio.account.cash - flows - sum(booked, ZERO)), desk, findings)


def _adjust(symbol: str, difference: Decimal, desk: Desk, findings: Findings) -> None:
    if not difference:
        return
    first = symbol == CASH and not any(each.symbol == CASH for each in desk.ledger.adjustments.all(desk.account))
    reason = "opening balance" if first else "EXTERNAL: the broker has it and our fills do not explain it"
    desk.ledger.adjustments.book(desk.account, symbol, difference, reason, desk.clock.now())
    desk.recorder.record(DifferenceBooked(symbol=symbol, amount=difference, reason=reason))
    findings.adjusted.append(f"{symbol or 'cash'} {plain(difference)}: {reason}")


def protect(name: str, portfolio: Portfolio, desk: Desk, broker: GatedBroker, findings: Findings) -> None:
    """Give every position of ours that has shares without a stop the stop it had before."""
    for position in portfolio.positions:
        bare = unguarded(portfolio, position.symbol)
        if bare <= 0 or desk.watch.standing().doubts_about(position.symbol):
            continue
        stop = _last_stop(position, desk)
        if stop is None:
            findings.unprotected.append(f"{plain(bare)} {position.symbol}: we never had a stop for it")
            continue
        number = _next_stop(position.symbol, desk)
        id_ = f"{_stop_prefix(position.symbol)}{number}"
        request = Protection(symbol=position.symbol, stop=stop, client_order_id=id_)
        errand = Submission(name, desk)
        errand.send(id_, Leg.PROTECTION, partial(broker.protect, request), number)
        if errand.troubles or errand.denials:
            said = "; ".join(errand.troubles) or "denied"
            findings.unprotected.append(f"{plain(bare)} {position.symbol}: {said}")
        else:
            findings.protected.append(f"{plain(bare)} {position.symbol} at {plain(stop)}")


def _last_stop(position: Position, desk: Desk) -> Decimal | None:
    """Where the symbol's stop stood last; None when we never had one, as for shares that somebody else bought."""
    orders = desk.ledger.books.orders(desk.account)
    ours = (order for order in orders if order.symbol == position.symbol and order.side is Side.SELL)
    prices = [order.stop_price for order in ours if order.stop_price and _is_ours(order)]
    return prices[-1] if prices else None


def _next_stop(symbol: str, desk: Desk) -> int:
    """A number that no stop of ours for the symbol had before: they are counted for each symbol."""
    known = [order.client_order_id for order in desk.ledger.books.orders(desk.account)]
    prefix = _stop_prefix(symbol)
    tried = [each.client_order_id for each in desk.ledger.intents.with_prefix(desk.account, prefix)]
    return len({id_ for id_ in (*known, *tried) if id_.startswith(prefix)}) + 1


def _stop_prefix(symbol: str) -> str:
    return f"{RESTORED}{symbol}-"


def _is_ours(order: Order) -> bool:
    return order.client_order_id.startswith(OURS) or bool(order.parent and order.parent.startswith(OURS))
