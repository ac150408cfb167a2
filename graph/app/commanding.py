"""`perun halt`, `resume`, `reconcile` and `flatten`: what a person may do to the desk, each on the record."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from perun.graph.app.person import login, need_reason
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import Station, data_folder, ledger_place, open_station
from perun.graph.breakers import look, measure_anew, withdraw_entries
from perun.graph.ledger.latches import Kind, Latch
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import Findings, reconcile
from perun.graph.result import order_row
from perun.graph.submission import OrderDesk, Submission
from perun.graph.watch import IN_DOUBT, Watch
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import Halted, KeyRefused, OrderRejected, Unavailable
from perun.tools.domain.events import CommandGiven, DifferencesAcknowledged, StateChanged
from perun.tools.domain.money import cents, plain
from perun.tools.domain.orders import Leg
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.domain.standing import TradingState
from perun.tools.risk.gate import Proposal

_HALT_SECONDS: Final = 5
"""How long the cancelling of entries waits for a run that holds the desk."""
_NO_WORD: Final = (Unavailable, KeyRefused)
"""Broker or ledger do not answer, or not to us."""


def halt(reason: str, overrides: Mapping[str, str], who: str = "") -> dict[str, Any]:
    """Stop everything: latch, cancel working entries, put missing stops back, suspend trading at the broker.

    The latch is set first and without the desk's lock: it reaches a run that hangs or trades at this moment, before its
    next order. What follows waits for the lock, and not for long. Whatever of it fails is reported, and the latch
    stands; when even the latch cannot be set, the file HALT is made in its place. The broker's own brake comes last,
    for it would refuse the stops too. `who` says so on the record; the user of this process when it is empty.
    """
    need_reason(reason)
    settings = read_settings(overrides).settings
    troubles = _latch(settings, reason, who or login())
    cancelled, more = _wind_down(settings)
    troubles += more + _suspend(settings)
    document = {"schema": "perun.command/1", "trading_state": "HALTED", "reason": reason}
    return {**document, "cancelled": cancelled, "errors": troubles}


def resume(reason: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Trade again: every latch is lifted and named, and what it measured is measured from the present equity on.

    Differences with the broker count as acknowledged from then on. Refused while an order is in doubt or the HALT file
    is there; then everything stays as it was.

    Raises:
        Halted: why not.
        BrokerUnavailable: the broker does not say that it takes orders again.
    """
    need_reason(reason)
    with open_station(read_settings(overrides).settings, command="resume") as station:
        desk, watch = station.counter(), station.hand.watch
        _note("resume", desk, reason)
        if file := next((latch for latch in watch.latches() if latch.kind is Kind.HALT_FILE), None):
            raise Halted(f"still HALTED: {file.reason}; remove it first")
        with _released(station, back=False):
            found = reconcile(_name(station), desk, station.hand.broker)
            _refuse_doubts(station)
        look(desk, station.hand.broker, station.limits)
        lifted = _lift(reason, desk)
        standing = watch.standing()
        if standing.state is not TradingState.ACTIVE:
            raise Halted(f"still {standing.state}: {standing.reason}")
        document = {"schema": "perun.command/1", "trading_state": "ACTIVE", "reason": reason}
        return {**document, **lifted, "resolved": found.resolved}


def reconcile_now(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Compare ledger and broker, repair, mark what the account is worth, report: the document `perun.reconcile/1`."""
    with open_station(read_settings(overrides).settings, command="reconcile") as station:
        _note("reconcile", station.counter())
        found = _reconciled(station)
        return {**found.document(), "trading_state": station.hand.watch.state().value}


def flatten(overrides: Mapping[str, str]) -> dict[str, Any]:
    """Cancel working orders and close every position through the gate's exit path.

    A halted desk may be flattened, because a person asks for it: while that lasts, it reduces, on the record. The file
    HALT stops a flatten too.

    Raises:
        Halted: the HALT file is there; it is stronger than any command.
    """
    with open_station(read_settings(overrides).settings, only_exits=True, command="flatten") as station:
        desk, watch = station.counter(), station.hand.watch
        _note("flatten", desk)
        with watch.eased("flatten", login(), desk.recorder):
            if watch.state() is TradingState.HALTED:
                raise Halted(f"halted: {watch.standing().reason}")
            with _released(station, back=True):
                reconcile(_name(station), desk, station.hand.broker)
                cancelled = _cancel_all(station)
                orders, troubles = _close_all(station, desk)
        _reconciled(station)
        return {"schema": "perun.flatten/1", "cancelled": cancelled, "orders": orders, "errors": troubles}


def _latch(settings: Settings, reason: str, who: str) -> list[str]:
    folder, clock = data_folder(settings), SystemClock()
    try:
        with open_ledger(ledger_place(settings), clock) as ledger, open_venue(settings, folder) as venue:
            recorder = EventRecorder(ledger, f"desk:{venue.account}", clock)
            watch = Watch(ledger, venue.account, folder / "HALT", clock)
            watch.tighten(TradingState.HALTED, reason, who, recorder, Kind.PERSON)
            recorder.record(CommandGiven(command="halt", reason=reason, who=who))
            return []
    except _NO_WORD as error:
        file = folder / "HALT"
        file.write_text(f"{reason}\n")
        return [f"{error}; the file {file} halts the desk instead: remove it to resume"]


def _wind_down(settings: Settings) -> tuple[list[str], list[str]]:
    """Cancel working purchases, whoever placed them, and put back the stops that are missing."""
    cancelled: list[str] = []
    try:
        with open_station(settings, lock_seconds=_HALT_SECONDS, only_exits=True, command="halt") as station:
            cancelled, troubles = withdraw_entries(station.counter(), station.hand.broker, of_others=True)
            bare = _reconciled(station).unprotected
            return cancelled, [*troubles, *(f"without a stop: {line}" for line in bare)]
    except (*_NO_WORD, Halted) as error:
        return cancelled, [f"working entries and stops were not seen to: {error}"]


def _suspend(settings: Settings) -> list[str]:
    """Have the broker itself refuse every order, where it can."""
    try:
        with open_venue(settings, data_folder(settings)) as venue:
            if venue.brake is not None:
                venue.brake.suspend(suspended=True)
    except _NO_WORD as error:
        return [f"trading was not suspended at the broker: {error}"]
    return []


@contextmanager
def _released(station: Station, *, back: bool) -> Iterator[None]:
    """Have the broker take orders in this block; it refuses them again `back` afterwards, and when the block fails."""
    brake = station.venue.brake
    if brake is None:
        yield
        return
    was_on = station.book.account().trading_blocked
    brake.suspend(suspended=False)
    done = False
    try:
        yield
        done = True
    finally:
        if was_on and (back or not done):
            brake.suspend(suspended=True)


def _refuse_doubts(station: Station) -> None:
    doubts = [each for each in station.hand.ledger.intents.open_intents(station.account) if each.state in IN_DOUBT]
    if doubts:
        named = ", ".join(each.client_order_id for each in doubts)
        raise Halted(f"in doubt: {named}; run perun reconcile until it is resolved")


def _lift(reason: str, desk: OrderDesk) -> dict[str, Any]:
    """Lift every latch and acknowledge every difference, on the record; what that was, for the document."""
    lifted = desk.watch.lift(list(Kind), reason, login(), desk.recorder)
    if not lifted:
        desk.recorder.record(StateChanged(state=desk.watch.state(), reason=reason, who=login()))
    mark = measure_anew(desk, lifted)
    symbols = desk.ledger.adjustments.acknowledge(desk.account, desk.clock.now())
    if symbols:
        desk.recorder.record(DifferencesAcknowledged(symbols=symbols, reason=reason, who=login()))
    high_water = plain(cents(mark.high_water)) if mark and mark.high_water is not None else None
    return {"lifted": [_named(latch) for latch in lifted], "acknowledged": list(symbols), "high_water": high_water}


def _named(latch: Latch) -> str:
    return f"{latch.kind} ({latch.state}): {latch.reason}"


def _reconciled(station: Station) -> Findings:
    desk = station.counter()
    found = reconcile(_name(station), desk, station.hand.broker)
    look(desk, station.hand.broker, station.limits)
    return found


def _close_all(station: Station, desk: OrderDesk) -> tuple[list[dict[str, Any]], list[str]]:
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


def _cancel_all(station: Station) -> list[str]:
    """Cancel all that works but protective stops: their exits take their place; what ended meanwhile is passed over."""
    cancelled = []
    for order in station.book.working_orders():
        if not order.is_protective:
            try:
                station.hand.broker.cancel(order.client_order_id)
            except OrderRejected:
                continue
            cancelled.append(order.client_order_id)
    return cancelled


def _note(command: str, desk: OrderDesk, reason: str = "") -> None:
    """Put on the record what a person asked for; only a halt takes hold before it is written down."""
    desk.recorder.record(CommandGiven(command=command, reason=reason, who=login()))


def _name(station: Station) -> str:
    """The stream of events of what people do to an account."""
    return f"desk:{station.account}"
