"""What `perun doctor` looks at in a desk's life: memory, checkpoints, stops, next slot, disk, clocks, signs of life."""

import shutil
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from perun.graph.app.daemon.lifeline import HEARTBEAT, last_beat
from perun.graph.app.daemon.optimization import times
from perun.graph.app.hushing import redaction
from perun.graph.app.remembering import index_place, memory_files
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import checkpoint_place, data_folder, the_embedder
from perun.graph.checkpoint_store import kept, open_checkpoints
from perun.memory.chroma import ChromaIndex
from perun.memory.opening import IndexBusy
from perun.memory.seal import is_sealed
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import PerunError
from perun.tools.domain.money import plain
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.schedule import Schedule
from perun.tools.market.timetable import Timetable
from perun.tools.risk.facts import unguarded

LEAST_FREE: Final = 200_000_000
"""Bytes: with less a desk of some symbols is full within days."""
SILENT: Final = timedelta(minutes=1)
"""A daemon beats every few seconds: one that has not for so long is dead."""


def memory_index(settings: Settings) -> str:
    """Whether the index is whole, closed well, and has every entry.

    Raises:
        MemoryUnavailable: it cannot be used as it is.
    """
    folder = data_folder(settings)
    entries, directory = memory_files(folder).files().keys(), folder / "chroma"
    if not settings.chroma_url and not directory.exists():
        return f"{len(entries)} entries, no index yet: the next cycle makes it"
    sealed = "" if settings.chroma_url or is_sealed(directory) else ", not sealed: who used it last was killed"
    try:
        with closing(ChromaIndex(index_place(settings, folder), the_embedder())) as index:
            behind = len(entries - index.ids())
    except IndexBusy:
        return f"{len(entries)} entries, the index is in use by another process"
    late = f"{behind} not in the index: the next cycle adds them" if behind else "all in the index"
    return f"{len(entries)} entries, {late}{sealed}"


def checkpoints(settings: Settings) -> str:
    """How many cycles' steps are kept.

    Raises:
        ConfigurationError, LedgerUnavailable: they cannot be read.
    """
    place = checkpoint_place(settings)
    if isinstance(place, Path) and not place.exists():
        return "none yet"
    with open_checkpoints(place, redaction(settings)) as saver:
        size = f", {place.stat().st_size / 1e6:.1f} MB" if isinstance(place, Path) else ""
        return f"the steps of {kept(saver)} cycles{size}"


def stops(settings: Settings) -> str:
    """Whether every share held would be sold by some order.

    Raises:
        PerunError: some would not.
        BrokerUnavailable: the broker does not say what is held.
    """
    with open_venue(settings, data_folder(settings)) as venue:
        held = venue.book.portfolio()
    bare = {each.symbol: unguarded(held, each.symbol) for each in held.positions}
    naked = [f"{plain(shares)} {symbol}" for symbol, shares in bare.items() if shares > 0]
    if naked:
        raise PerunError(f"held without a stop: {', '.join(naked)}; perun reconcile puts it back")
    return f"{len(bare)} positions, each under a stop" if bare else "nothing is held"


def next_slot(settings: Settings) -> str:
    """When the desk is due, and when what is beside trading.

    Raises:
        ConfigurationError: one of the two schedules names no times.
    """
    timetable, due = Timetable(Schedule(settings.trading_schedule)), times(settings.optimization_schedule)
    now = SystemClock().now()
    reviewed = f"; last review due {due(now):%Y-%m-%d %H:%M} UTC"
    if settings.broker == "embedded":
        with open_venue(settings, data_folder(settings)) as venue:
            session = RecordedMarket.shipped().session(venue.book.clock().now.date())
        moment = timetable.last_of(session)
        return f"{moment.slot if moment else 'none'} on the recorded days{reviewed}"
    moment = timetable.after(now)
    return f"{moment.slot} at {moment.at:%Y-%m-%d %H:%M} UTC{reviewed}"


def disk(settings: Settings) -> str:
    """Room for what the desk writes.

    Raises:
        PerunError: there is hardly any.
    """
    folder = data_folder(settings)
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LEAST_FREE:
        raise PerunError(f"{said}: make room; when it is full nothing is traded")
    return said


def clocks(settings: Settings) -> str:
    """This machine's clock against the broker's.

    Raises:
        PerunError: they differ so much that nothing is bought.
        BrokerUnavailable: the broker does not tell the time.
    """
    with open_venue(settings, data_folder(settings)) as venue:
        skew = venue.book.skew_seconds(venue.book.clock())
    if skew is None:
        return "the broker lives in recorded days: there is nothing to compare"
    said = f"{skew:+.0f} seconds off the broker's"
    if abs(skew) > settings.max_clock_skew_seconds:
        raise PerunError(f"{said}, and at most {settings.max_clock_skew_seconds} are allowed: set this machine's clock")
    return said


def heartbeat(settings: Settings) -> str:
    """Whether the daemon that began here lives.

    Raises:
        PerunError: it has gone without a word, or is stuck.
    """
    beat = last_beat(data_folder(settings) / "var" / HEARTBEAT)
    if not beat:
        return "no daemon has run here"
    at, doing, who = str(beat.get("at")), beat.get("doing"), f"process {beat.get('pid')}"
    if doing == "stopped":
        return f"{who} stopped at {at[:16]}"
    age = SystemClock().now() - datetime.fromisoformat(at)
    if age > SILENT:
        raise PerunError(f"no sign of life of {who} since {at[:16]}, when it was {doing}: perun schedule goes on")
    if beat.get("stuck"):
        raise PerunError(f"{who} has been {doing} for too long: end it, and start perun schedule again")
    return f"{who} is {doing}, seen {age.total_seconds():.0f} seconds ago"


def notifications(settings: Settings) -> str:
    """Whom the daemon tells.

    Raises:
        ConfigurationError: an address is of no known kind.
    """
    if settings.notify_urls is None:
        return "nobody is told of anything: NOTIFY_URLS is empty"
    from perun.graph.app.notifying import addresses  # Apprise takes its time

    return f"{len(addresses(settings))} addresses; perun notify tries them"
