"""`perun memory`: what a person looks up in the memory, sets right, and makes anew."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

from perun.graph.app.output import hushed
from perun.graph.app.person import login, need_reason
from perun.graph.app.reading import read_settings
from perun.graph.app.remembering import index_place, memory_files, the_memory, tidy
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder, ledger_place
from perun.graph.desk import stamp
from perun.graph.ledger.looking import is_there, open_archive
from perun.graph.recalls import recalls
from perun.memory.embedding import Embedder, MiniLM
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Damage
from perun.memory.recall import Recollection
from perun.memory.reindexing import Progress, rebuild, unseen
from perun.memory.tags import with_own
from perun.memory.usefulness import earned
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError, MemoryUnavailable

_SHOWN_DAMAGES: Final = 10
_EVERYTHING: Final = 10**9
"""A prompt's bound is not a person's."""


def search(
    words: str,
    symbol: str | None,
    kinds: Sequence[str],
    tags: Sequence[str],
    as_of: str | None,
    count: int,
    latest: int,
    overrides: Mapping[str, str],
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """The document `perun.memory.search/1`: entries by meaning, then the latest ones, as known at `as_of`.

    Raises:
        ConfigurationError: a kind, tag or day that there is not.
        MemoryUnavailable: the files cannot be read.
    """
    settings, folder = _opened(overrides)
    until = _instant(as_of)
    with closing(the_memory(settings, folder, embedder or MiniLM())) as memory:
        memory.bounds = replace(memory.bounds, characters=_EVERYTHING)
        wanted = count if words else 0
        found = memory.recall(words, symbol, until, wanted, latest, _kinds(kinds), tags=_known(tags, folder))
    return {
        "schema": "perun.memory.search/1",
        "words": words,
        "as_of": stamp(until),
        "hits": [_hit(hit, until) for hit in found.hits],
        "errors": [hushed(found.degraded)] if found.degraded else [],
    }


def show(entry_id: str, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.memory/1`: one entry, all that is known of it today, and the cycles that recalled it.

    Raises:
        ConfigurationError: there is no such entry, or the ledger cannot be read.
    """
    settings, folder = _opened(overrides)
    entry = _found(memory_files(folder).read(_bare(entry_id)), entry_id)
    return {**_document(entry), "recalled": _recalled(entry, settings)}


def stats(overrides: Mapping[str, str], embedder: Embedder | None = None) -> dict[str, Any]:
    """The document `perun.memory.stats/1`: how much there is, of what, since when, and whether the index has it all."""
    settings, folder = _opened(overrides)
    damaged: list[Damage] = []
    entries = list(memory_files(folder).entries(damaged.append))
    indexed, trouble = _indexed(settings, folder, embedder or MiniLM())
    days = sorted(entry.as_of for entry in entries)
    return {
        "schema": "perun.memory.stats/1",
        "entries": len(entries),
        "kinds": dict(sorted(Counter(entry.kind.value for entry in entries).items())),
        "tags": dict(Counter(tag for entry in entries for tag in entry.tags).most_common()),
        "symbols": dict(Counter(symbol for entry in entries for symbol in entry.symbols).most_common()),
        "quarantined": sum(entry.quarantine is not None for entry in entries),
        "tainted": sum(entry.tainted for entry in entries),
        "with_outcome": sum(bool(entry.outcomes) for entry in entries),
        "first": stamp(days[0]) if days else None,
        "last": stamp(days[-1]) if days else None,
        "indexed": indexed,
        "errors": [*trouble, *(str(each) for each in damaged[:_SHOWN_DAMAGES])],
    }


def reindex(
    overrides: Mapping[str, str], progress: Progress = unseen, embedder: Embedder | None = None
) -> dict[str, Any]:
    """See to the files as settings have it, then make the index anew beside the old one and put it in its place.

    Raises:
        MemoryUnavailable: the files cannot be read, or another process uses the index; what is done is kept.
    """
    settings, folder = _opened(overrides)
    damaged: list[Damage] = []
    gone, gathered = tidy(settings, folder, damaged.append)
    held = rebuild(memory_files(folder), index_place(settings, folder), embedder or MiniLM(), damaged.append, progress)
    errors = list(dict.fromkeys(map(str, damaged)))[:_SHOWN_DAMAGES]
    document = {"schema": "perun.memory.reindex/1", "indexed": held, "let_go": gone, "compacted": gathered}
    return {**document, "errors": errors}


def quarantine(entry_id: str, reason: str, overrides: Mapping[str, str], *, lift: bool = False) -> dict[str, Any]:
    """Keep an entry from being recalled, or let it be recalled again.

    Raises:
        ConfigurationError: there is no such entry, or no reason.
    """
    need_reason(reason)
    settings, folder = _opened(overrides)
    with closing(the_memory(settings, folder, MiniLM())) as memory:
        if lift:
            entry = memory.release(_bare(entry_id))
        else:
            entry = memory.quarantine(_bare(entry_id), reason, login(), SystemClock().now())
    return _document(_found(entry, entry_id))


def _opened(overrides: Mapping[str, str]) -> tuple[Settings, Path]:
    settings = read_settings(overrides).settings
    return settings, data_folder(settings)


def _recalled(entry: MemoryEntry, settings: Settings) -> list[dict[str, Any]]:
    place = ledger_place(settings)
    if not is_there(place):
        return []
    with open_archive(place) as archive:
        return list(recalls(archive, entry.id, entry.as_of))


def _bare(entry_id: str) -> str:
    """The id, however it was copied: `[mem:signal-0f3a9c21b7de]` too."""
    return entry_id.strip().strip("[]").removeprefix("mem:")


def _found(entry: MemoryEntry | None, entry_id: str) -> MemoryEntry:
    if entry is None:
        raise ConfigurationError(f"the memory has no entry {entry_id}: `perun memory search` shows ids")
    return entry


def _instant(as_of: str | None) -> datetime:
    """The end of that day in UTC, or now: a person may see everything."""
    if as_of is None:
        return SystemClock().now()
    try:
        told = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise ConfigurationError(f"--as-of {as_of}: write a day such as 2013-02-28, or an instant") from error
    if len(as_of) == len("2013-02-28"):
        return datetime.combine(told.date(), time.max, UTC)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    try:
        return tuple(Kind(name.lower()) for name in names) or tuple(Kind)
    except ValueError as error:
        raise ConfigurationError(f"{error}: the kinds are {', '.join(Kind)}") from error


def _known(tags: Sequence[str], folder: Path) -> Sequence[str]:
    names = {tag.name for tag in with_own(folder / "tags.toml")}
    if unknown := set(tags) - names:
        raise ConfigurationError(f"no tag is called {', '.join(sorted(unknown))}: there are {', '.join(sorted(names))}")
    return tags


def _indexed(settings: Settings, folder: Path, embedder: Embedder) -> tuple[int | None, list[str]]:
    with closing(the_memory(settings, folder, embedder)) as memory:
        try:
            return memory.indexed(), []
        except MemoryUnavailable as error:
            return None, [hushed(str(error))]


def _hit(hit: Recollection, as_of: datetime) -> dict[str, Any]:
    score = None if hit.score is None else round(hit.score, 4)
    parts = {name: round(value, 4) for name, value in hit.parts.model_dump().items()} if hit.parts else {}
    age = max((as_of - hit.entry.as_of).days, 0)
    return {**_document(hit.entry), "score": score, "score_parts": parts, "age_days": age}


def _document(entry: MemoryEntry) -> dict[str, Any]:
    useful = round(earned(entry, SystemClock().now()), 6)
    told = entry.model_dump(mode="json")
    return {"schema": "perun.memory/1", "evidence": entry.evidence, **told, "usefulness": useful}
