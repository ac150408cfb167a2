"""Our books against the broker's: orders in doubt, positions, cash, protection. The broker is right; twice is once."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from perun.graph.bookkeeping import is_ours, keep_books
from perun.graph.comparing import compare
from perun.graph.ledger.intents import Intent, IntentState
from perun.graph.protecting import Guarding, protect
from perun.graph.submission import OrderDesk
from perun.graph.watch import IN_DOUBT
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.events import ErrorNoted, Reconciled
from perun.tools.domain.money import plain

PATIENCE: Final = timedelta(seconds=60)
"""An order that the broker does not know so long after it was written never arrived."""
SPREAD: Final = timedelta(days=7)
"""How much more of the broker's time than of ours may have gone by: a served recording plays a session in no time."""


@dataclass
class Findings(Guarding):
    """What a reconciliation found and mended, one line each."""

    resolved: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)
    adjusted: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The document `perun.reconcile/1`."""
        lists = {name: list(lines) for name, lines in vars(self).items()}
        return {"schema": "perun.reconcile/1", "clean": not (self.in_doubt or self.unprotected), **lists}


def reconcile(name: str, desk: OrderDesk, broker: GatedBroker) -> Findings:
    """Bring the ledger in line with the broker, and every position under a stop.

    Args:
        name: the run that does it: a cycle's id, or a command's.
        desk: ledger, book, record and clock.
        broker: places the stops that are missing.

    Raises:
        BrokerUnavailable: the broker cannot be read; nothing may be traded.
        Halted: the ledger does not know orders of ours that the broker holds; the desk stays halted.
    """
    findings = Findings()
    keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
    for intent in desk.ledger.intents.open_intents(desk.account):
        if intent.state in IN_DOUBT:
            _resolve(intent, desk, broker, findings)
    portfolio, findings.adjusted = compare(desk)
    findings.external = [
        f"{order.client_order_id} {order.side} {plain(order.open_qty)} {order.symbol}"
        for order in portfolio.working_orders
        if not is_ours(order)
    ]
    protect(name, desk, broker, findings)
    if findings.protected or findings.trimmed or findings.exited:
        keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
    _note(findings, desk)
    return findings


def _note(findings: Findings, desk: OrderDesk) -> None:
    """What was put right goes on the record; what stays in doubt stands there already, as an error."""
    mended = {
        name: tuple(getattr(findings, name)) for name in ("resolved", "adjusted", "protected", "trimmed", "exited")
    }
    if any(mended.values()):
        desk.recorder.record(Reconciled(**mended))


def _resolve(intent: Intent, desk: OrderDesk, broker: GatedBroker, findings: Findings) -> None:
    """Adopt what the broker has; what it does not have after some patience never came; the rest stays in doubt."""
    id_ = intent.client_order_id
    try:
        order = desk.book.order(id_)
        may_come = order is None and _may_still_come(intent, desk, broker)
    except BrokerUnavailable as error:
        _leave_in_doubt(intent, f"{id_} cannot be looked up: {error}", desk, findings)
        return
    if order is not None:
        conflict = desk.adopt(intent, order)
        keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
        findings.resolved.append(conflict or f"{id_} stands at the broker: {order.status}")
    elif may_come:
        _leave_in_doubt(intent, f"{id_} is not at the broker, and may still come", desk, findings)
    else:
        desk.move(id_, IntentState.NOT_SENT, "the broker has no such order")
        findings.resolved.append(f"{id_} never came to the broker")


def _may_still_come(intent: Intent, desk: OrderDesk, broker: GatedBroker) -> bool:
    """True unless the request cannot be on its way any more, and no list of the broker's shows the order either."""
    if intent.state is IntentState.SUBMITTING and broker.settles_at_once:
        return False
    waited = desk.clock.now() - intent.updated_at
    if waited < PATIENCE:
        return True
    since = desk.book.clock().now - waited - SPREAD
    names = {order.client_order_id for order in desk.book.orders(since)}
    return intent.client_order_id in names | {fill.client_order_id for fill in desk.book.fills(since)}


def _leave_in_doubt(intent: Intent, why: str, desk: OrderDesk, findings: Findings) -> None:
    """Nobody knows: its symbol is locked and its worst case reserved. What a dead process left is so since it wrote."""
    findings.in_doubt.append(why)
    if intent.state is IntentState.SUBMITTING:
        id_, since = intent.client_order_id, intent.updated_at
        desk.ledger.intents.move(desk.account, id_, IntentState.UNKNOWN, why, since)
        desk.recorder.record(ErrorNoted(where="reconcile", code="AMBIGUOUS_SUBMIT", message=why))
