"""`perun trace` and `perun why`: the record opened for looking only, and what is made of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.looking import is_there, open_archive
from perun.graph.ledger.wanted import Wanted
from perun.graph.optimize.registry import STREAM as PROMPTS
from perun.graph.story import tell as tell_story
from perun.graph.trace.aftermath import aftermath
from perun.graph.trace.comparing import compare
from perun.graph.trace.denials import denials
from perun.graph.trace.document import Aftermath, TraceDocument
from perun.graph.trace.errands import errand, story
from perun.graph.trace.listing import SCHEMA, listed
from perun.graph.trace.memories import Worth, remembered
from perun.graph.trace.reading import EVENT, Trace, find
from perun.graph.trace.short import in_short
from perun.graph.trace.telling import tell
from perun.graph.trace.verifying import Verification
from perun.graph.trace.verifying import verify as look_through
from perun.memory.memdir import Memdir
from perun.memory.usefulness import earned
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, PerunError
from perun.tools.domain.events import PromptAdded, PromptLabelled

_DAY: Final = timedelta(days=1)


def cycles(
    overrides: Mapping[str, str], wanted: Wanted, since: str | None = None, until: str | None = None
) -> dict[str, Any]:
    """The document `perun.traces/1`.

    Args:
        overrides: settings from the command line.
        wanted: which cycles; its prompt may also be named `AGENT@VERSION`.
        since: the first day, `2013-05-02`.
        until: the last day, which is included.

    Raises:
        ConfigurationError: a day is none, or the ledger cannot be read.
    """
    last = _day(until, "--to")
    wanted = replace(wanted, since=_day(since, "--from"), until=last + _DAY if last else None)
    path = ledger_place(read_settings(overrides).settings)
    if not is_there(path):
        return {"schema": SCHEMA, "cycles": []}
    with open_archive(path) as archive:
        return listed(archive, _by_hash(wanted, archive))


def _by_hash(wanted: Wanted, archive: Archive) -> Wanted:
    """The version that was meant, as the hash by which cycles know it."""
    agent, named, version = wanted.prompt.rpartition("@")
    if not named:
        return wanted
    moved = [stored.event for stored in archive.read(PROMPTS)]
    hashes = {
        event.version: event.hash
        for event in moved
        if isinstance(event, PromptAdded | PromptLabelled) and event.agent == agent
    }
    return replace(wanted, agent=wanted.agent or agent, prompt=hashes.get(version, version))


def show(name: str, overrides: Mapping[str, str], nodes: Sequence[str] = ()) -> TraceDocument:
    """The document `perun.trace/1` of a cycle, of the nodes of it that are named, or of one event (`cycle:…/event:7`).

    Raises:
        ConfigurationError: the ledger knows nothing of that name, or the cycle has no such node or event.
    """
    settings = read_settings(overrides).settings
    run, is_event, _ = name.partition(EVENT)
    with _found(settings, run) as (archive, (trace,)):
        document = tell(trace, archive, _aftermath(trace, settings), _worth(settings))
    chosen = document.of_event(name) if is_event else document.of_nodes(nodes) if nodes else document
    if not chosen.nodes:
        known = ", ".join(dict.fromkeys(row.node for row in document.nodes))
        raise ConfigurationError(f"{run} has no {name if is_event else ', '.join(nodes)}; its nodes are {known}")
    return chosen


def differences(a: str, b: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.trace-diff/1` of two cycles."""
    with _found(read_settings(overrides).settings, a, b) as (_, (left, right)):
        return compare(left, right)


def why(name: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.why/1` of a cycle (id or slot), a decision (`cycle/SYMBOL`) or an order (client order id).

    Raises:
        ConfigurationError: the ledger knows nothing of that name.
    """
    settings = read_settings(overrides).settings
    with _opened(settings, name) as archive:
        stretch = errand(archive, name)
        if stretch is not None:
            told = story(stretch, name)
        else:
            stretch = trace = find(archive, name)
            told = tell_story(trace.cycle, trace.events, trace.symbol)
        recalled = [row.model_dump(mode="json") for row in remembered(stretch, _worth(settings))]
        return {**told, "short": in_short(stretch), "denied": denials(stretch), "recalled": recalled}


def verify(overrides: Mapping[str, str]) -> Verification:
    """Whether every chain of the record is whole."""
    with open_archive(ledger_place(read_settings(overrides).settings)) as archive:
        return look_through(archive)


def export(name: str, file: Path, form: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Write a cycle's trace into one file, as a page (`html`) or as the document itself (`json`).

    Raises:
        ConfigurationError: the ledger knows nothing of that name, or the file cannot be written.
    """
    from perun.graph.trace.exporting import as_html, as_json

    document = show(name, overrides)
    text = as_html(document) if form == "html" else as_json(document)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written ({error.strerror}): name another file") from error
    return {"schema": "perun.export/1", "cycle_id": document.cycle_id, "file": str(file), "bytes": len(text.encode())}


@contextmanager
def _found(settings: Settings, *names: str) -> Iterator[tuple[Archive, list[Trace]]]:
    with _opened(settings, names[0]) as archive:
        yield archive, [find(archive, name) for name in names]


@contextmanager
def _opened(settings: Settings, name: str) -> Iterator[Archive]:
    path = ledger_place(settings)
    if not is_there(path):
        raise ConfigurationError(f"the ledger knows no {name}; there was no cycle yet")
    with open_archive(path) as archive:
        yield archive


def _worth(settings: Settings) -> Worth:
    """What a memory has earned until now, from its file."""
    files, now = Memdir(data_folder(settings) / "memdir"), SystemClock().now()

    def worth(id_: str) -> float | None:
        try:
            entry = files.read(id_)
        except PerunError:
            return None  # the record is told all the same
        return round(earned(entry, now), 6) if entry and entry.credits else None

    return worth


def _aftermath(trace: Trace, settings: Settings) -> tuple[Aftermath, ...]:
    """What came after, on the recorded market up to the account's present; a live market is not asked for it."""
    if settings.broker != "embedded":
        return ()
    try:
        with open_venue(settings, data_folder(settings)) as venue:
            same = venue.account == trace.cycle.account
            return aftermath(trace, venue.market.at(venue.book.clock().now)) if same else ()
    except PerunError:
        return ()  # the record is told all the same


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise ConfigurationError(f"{option} {text} should be a day like 2013-05-02") from error
