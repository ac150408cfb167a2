"""`perun halt`, `resume`, `reconcile` and `flatten`: what a person may do to the desk, each on the record."""

import getpass
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import Station, data_folder, ledger_path, open_station
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import reconcile
from perun.graph.result import order_row
from perun.graph.submission import Desk, Submission
from perun.graph.watch import IN_DOUBT, Watch
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, Halted, OrderRejected, Unavailable
from perun.tools.domain.events import StateChanged
from perun.tools.domain.orders import Leg, Order, Side
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.domain.standing import TradingState
from perun.tools.risk.gate import Proposal

_HALT_SECONDS: Final = 5
"""How long the cancelling of entries waits for a run that holds the desk."""


def halt(reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Stop everything, and cancel working entries; protective stops stay. Survives restarts until `resume`.

    The state is set without the desk's lock: it reaches a run that hangs or trades at this moment, before its next
    order. Only the cancelling waits for the lock, and not for long.
    """
    _need(reason)
    settings = read_settings(overrides).settings
    _latch(settings, reason)
    document = {"schema": "perun.command/1", "trading_state": "HALTED", "reason": reason}
    try:
        with open_station(settings, lock_seconds=_HALT_SECONDS) as station:
            return {**document, "cancelled": _cancel(station, lambda order: order.side is Side.BUY), "errors": []}
    except Unavailable as error:
        return {**document, "cancelled": [], "errors": [f"working entries were not cancelled: {error}"]}


def _latch(settings: Settings, reason: str) -> None:
    folder, clock = data_folder(settings), SystemClock()
    with open_ledger(ledger_path(folder), clock) as ledger, open_venue(settings, folder) as venue:
        recorder = EventRecorder(ledger, f"desk:{venue.account}", clock)
        Watch(ledger, venue.account, folder / "HALT", clock).tighten(TradingState.HALTED, reason, _who(), recorder)


def resume(reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Trade again. Refused while an order is in doubt or the HALT file is there.

    Raises:
        Halted: why not.
    """
    _need(reason)
    with open_station(read_settings(overrides).settings) as station:
        desk = _desk(station)
        found = reconcile(_name(station), desk, station.hand.broker)
        doubts = [each for each in station.hand.ledger.intents.open_intents(station.account) if each.state in IN_DOUBT]
        if doubts:
            named = ", ".join(each.client_order_id for each in doubts)
            raise Halted(f"in doubt: {named}; run perun reconcile until it is resolved")
        station.hand.ledger.latches.resume(station.account, reason, _who(), station.clock.now())
        desk.recorder.record(StateChanged(state=TradingState.ACTIVE, reason=reason, who=_who()))
        standing = station.hand.watch.standing()
        if standing.state is not TradingState.ACTIVE:
            raise Halted(f"still {standing.state}: {standing.reason}")
        return {"schema": "perun.command/1", "trading_state": "ACTIVE", "reason": reason, "resolved": found.resolved}


def reconcile_now(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Compare ledger and broker, repair, report: the document `perun.reconcile/1`."""
    with open_station(read_settings(overrides).settings) as station:
        return reconcile(_name(station), _desk(station), station.hand.broker).document()


def flatten(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Cancel working orders and close every position through the gate's exit path.

    A halted desk may be flattened, because a person asks for it: the state is eased to REDUCING for the exits, on the
    record, and set back.

    Raises:
        Halted: the HALT file is there; it is stronger than any command.
    """
    with open_station(read_settings(overrides).settings) as station:
        desk, before = _desk(station), station.hand.ledger.latches.of(station.account)
        reconcile(_name(station), desk, station.hand.broker)
        if before.state is TradingState.HALTED:
            station.hand.ledger.latches.ease(station.account, "flatten", _who(), station.clock.now())
            desk.recorder.record(StateChanged(state=TradingState.REDUCING, reason="flatten", who=_who()))
        if station.hand.watch.standing().state is TradingState.HALTED:
            raise Halted(f"halted: {station.hand.watch.standing().reason}")
        try:
            cancelled = _cancel(station, lambda order: not order.is_protective)
            orders, troubles = _close_all(station, desk)
        finally:
            station.hand.watch.tighten(before.state, before.reason, before.who, desk.recorder)
        return {"schema": "perun.flatten/1", "cancelled": cancelled, "orders": orders, "errors": troubles}


def _close_all(station: Station, desk: Desk) -> tuple[list[dict[str, Any]], list[str]]:
    # A name of its own for each: the ledger holds one exit of a symbol under one name.
    errand = Submission(f"{_name(station)}:flatten-{desk.clock.now():%Y%m%dT%H%M%S%f}", desk)
    as_of = station.book.clock().now
    ids = []
    for position in station.book.positions():
        if position.qty > 0:
            proposal = _exit(position.symbol, f"perun-flatten-{desk.clock.now():%Y%m%dT%H%M%S%f}-{position.symbol}")
            errand.send(proposal.client_order_id, Leg.EXIT, partial(station.hand.broker.place, proposal))
            ids.append(proposal.client_order_id)
    if ids:
        station.hand.pace.follow(ids, as_of)
    reconcile(_name(station), desk, station.hand.broker)
    found = (station.hand.ledger.books.order(station.account, id_) for id_ in ids)
    denied = [f"{symbol} denied: {verdict.breaches[0].code}" for symbol, verdict in errand.denials.items()]
    return [order_row(order) for order in found if order], [*errand.troubles, *denied]


def _exit(symbol: str, id_: str) -> Proposal:
    signal = TradingSignal(symbol=symbol, action=Action.SELL, confidence=1, rationale="A person flattens the account.")
    return Proposal(signal=signal, client_order_id=id_)


def _cancel(station: Station, which: Callable[[Order], bool]) -> list[str]:
    """Cancel the working orders of that kind; one that ended meanwhile is passed over."""
    cancelled = []
    for order in station.book.working_orders():
        if which(order):
            try:
                station.hand.broker.cancel(order.client_order_id)
            except OrderRejected:
                continue
            cancelled.append(order.client_order_id)
    return cancelled


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError("--reason is needed: say why, for the record")


def _desk(station: Station) -> Desk:
    recorder = EventRecorder(station.hand.ledger, _name(station), station.clock)
    hand = station.hand
    return Desk(station.book, hand.ledger, station.account, hand.watch, recorder, station.clock, hand.wait)


def _name(station: Station) -> str:
    """The stream of events of what people do to an account."""
    return f"desk:{station.account}"


def _who() -> str:
    return getpass.getuser()
