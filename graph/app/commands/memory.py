"""Commands on the memory: search, show, stats, reindex, quarantine."""

from typing import Annotated

import typer

from perun.graph.app.output import Json, Reason, print_json, say

app = typer.Typer()
memory = typer.Typer(help="What the desk remembers.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(memory, name="memory")

Entry = Annotated[str, typer.Argument(metavar="ID", help="An entry's id, such as signal-0f3a9c21b7de or [mem:…].")]


@memory.command("search")
def memory_search(
    words: Annotated[str, typer.Argument(help="A situation in words; leave it out to see the latest.")] = "",
    symbol: Annotated[str, typer.Option(help="Entries on this symbol.")] = "",
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only entries with this tag; may be repeated.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known then, 2013-05-02.")] = None,
    limit: Annotated[int, typer.Option(help="How many by meaning.", min=0, max=100)] = 10,
    latest: Annotated[int, typer.Option(help="How many of the latest beside them.", min=0, max=100)] = 0,
    as_json: Json = False,
) -> None:
    """Entries by meaning, by tag, by symbol, or the latest."""
    from perun.graph.app import recollecting

    recent = latest if words else latest or limit
    document = recollecting.search(words, symbol.upper() or None, kind or (), tag or (), as_of, limit, recent, {})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.memory_pages import search_page

        search_page(document)
    _end(document["errors"])


@memory.command("show")
def memory_show(id: Entry, as_json: Json = False) -> None:
    """One entry, with its tags, outcomes and credits."""
    from perun.graph.app import recollecting

    _shown(recollecting.show(id, {}), as_json)


@memory.command("stats")
def memory_stats(as_json: Json = False) -> None:
    """How much is remembered, of what, since when, and whether the index has it all."""
    from perun.graph.app import recollecting

    document = recollecting.stats({})
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.memory_pages import stats_page

        stats_page(document)
    _end(document["errors"])


@memory.command("reindex")
def memory_reindex(as_json: Json = False) -> None:
    """Make the index anew from the files, beside the old one; interrupted, it goes on the next time."""
    from perun.graph.app import recollecting
    from perun.graph.app.memory_pages import progress_bar, reindex_page

    with progress_bar("entries indexed") as progress:
        document = recollecting.reindex({}, progress)
    if as_json:
        print_json(document)
    else:
        reindex_page(document)
    _end(document["errors"])


@memory.command("quarantine")
def memory_quarantine(
    id: Entry,
    reason: Reason = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let it be recalled again.")] = False,
    as_json: Json = False,
) -> None:
    """Keep an entry, and never recall it again."""
    from perun.graph.app import recollecting

    _shown(recollecting.quarantine(id, reason, {}, lift=lift), as_json)


def _shown(document: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        from perun.graph.app.memory_pages import entry_page

        entry_page(document)


def _end(errors: list[str]) -> None:
    """Exit code 5 when something of the memory could not be used."""
    for line in errors:
        say(line)
    raise typer.Exit(5 if errors else 0)
