"""`perun status` and `config show`: what is, read from ledger, broker and settings."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from perun.graph.app.reading import NAMES, is_secret, read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.venues import Venue, open_venue
from perun.graph.app.wiring import data_folder, ledger_place
from perun.graph.breakers import loss_percent
from perun.graph.desk import stamp
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.intents import Intent
from perun.graph.ledger.latches import Latch
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.result import order_row, spending_row
from perun.graph.watch import IN_DOUBT, Watch
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.conduct import Conduct
from perun.tools.domain.money import cents, plain
from perun.tools.domain.portfolio import Position
from perun.tools.market.schedule import Schedule
from perun.tools.market.timetable import Timetable

_LOGIN = re.compile(r"//[^/@\s]+@")
"""A name and password inside an address."""


@dataclass(frozen=True)
class _Office:
    """Ledger and book, for reading."""

    settings: Settings
    ledger: Ledger
    venue: Venue
    folder: Path

    @property
    def account(self) -> str:
        return self.venue.account


@contextmanager
def _open_office(overrides: Mapping[str, str]) -> Iterator[_Office]:
    settings = read_settings(overrides).settings
    folder = data_folder(settings)
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(ledger_place(settings), SystemClock()))
        venue = stack.enter_context(open_venue(settings, folder))
        yield _Office(settings, ledger, venue, folder)


def status(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.status/1`."""
    with _open_office(overrides) as office:
        portfolio, clock = office.venue.book.portfolio(), office.venue.book.clock()
        last = office.ledger.cycles.last(office.account)
        watch = Watch(office.ledger, office.account, office.folder / "HALT", SystemClock())
        standing = watch.standing()
        unresolved = [
            intent for intent in office.ledger.intents.open_intents(office.account) if intent.state in IN_DOUBT
        ]
        return {
            "schema": "perun.status/1",
            "mode": office.venue.mode,
            "account_id": office.account,
            "trading_state": standing.state.value,
            "reason": standing.reason or ("" if clock.is_open else "the market is closed"),
            "equity": plain(cents(portfolio.account.equity)),
            "cash": plain(cents(portfolio.account.cash)),
            "buying_power": plain(cents(portfolio.account.buying_power)),
            **_losses(standing.conduct or Conduct(), portfolio.account.equity),
            "latches": [_latch(latch) for latch in watch.latches()],
            "positions": [_position(position) for position in portfolio.positions],
            "working_orders": [
                {**order_row(order), "stop_price": plain(order.stop_price) if order.stop_price else None}
                for order in portfolio.working_orders
            ],
            "unresolved_orders": [_unresolved(intent) for intent in unresolved],
            "interrupted_cycles": [_cycle(each) for each in office.ledger.cycles.unfinished(office.account)],
            "models_today": spending_row(office.ledger.spending.on_day_of(SystemClock().now())),
            "last_cycle": _cycle(last) if last else None,
            "next_cycle": _next(office, clock.now),
        }


def configuration(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.config/1`: every setting with its value and source. A secret's value never leaves here."""
    read = read_settings(overrides)
    values = read.settings.model_dump(mode="json")
    rows = [
        {"name": name, "value": _shown(field, values[field]), "source": read.origins[name]}
        for field, name in NAMES.items()
    ]
    return {"schema": "perun.config/1", "settings": rows, "warnings": list(read.warnings)}


def _shown(field: str, value: Any) -> str:
    if value is None:
        return ""
    if is_secret(field):
        return "set"
    return ",".join(value) if isinstance(value, list) else _LOGIN.sub("//…@", str(value))


def _losses(conduct: Conduct, equity: Decimal) -> dict[str, str | None]:
    """From where losses are measured, and how far they have come; a gain is a negative loss."""
    starts = {"day_start": conduct.day_start, "week_start": conduct.week_start, "high_water": conduct.high_water}
    losses = {"daily_loss_percent": "day_start", "weekly_loss_percent": "week_start", "drawdown_percent": "high_water"}
    lost = {name: loss_percent(starts[start], equity) for name, start in losses.items()}
    return {name: None if value is None else plain(cents(value)) for name, value in {**starts, **lost}.items()}


def _next(office: _Office, now: datetime) -> dict[str, str]:
    """The slot that a daemon takes next: on recorded days the session's at which the account stands."""
    table = Timetable(Schedule(office.settings.trading_schedule))
    if office.venue.mode != "embedded":
        moment = table.after(now)
        return {"as_of": stamp(moment.at), "slot": moment.slot}
    today = [moment for moment in table.between(now - timedelta(days=1), now) if moment.at.date() == now.date()]
    return {"as_of": stamp(now), "slot": today[-1].slot if today else office.venue.default_slot(now)}


def _latch(latch: Latch) -> dict[str, str | None]:
    return {
        "kind": latch.kind.value,
        "state": latch.state.value,
        "reason": latch.reason,
        "who": latch.who or None,
        "since": stamp(latch.since) if latch.since else None,
        "until": latch.kind.until,
    }


def _unresolved(intent: Intent) -> dict[str, str]:
    return {
        "client_order_id": intent.client_order_id,
        "symbol": intent.symbol,
        "state": intent.state.value,
        "detail": intent.detail,
    }


def _position(position: Position) -> dict[str, str]:
    return {
        "symbol": position.symbol,
        "qty": plain(position.qty),
        "avg_entry_price": plain(position.avg_entry_price),
        "current_price": plain(position.current_price),
        "market_value": plain(cents(position.market_value)),
        "unrealized_pl": plain(cents(position.unrealized_pl)),
    }


def _cycle(cycle: Cycle) -> dict[str, Any]:
    return {
        "cycle_id": cycle.cycle_id,
        "slot": cycle.slot,
        "as_of": stamp(cycle.as_of),
        "state": cycle.state.value,
        "outcome": cycle.outcome,
    }
