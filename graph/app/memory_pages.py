"""What `perun memory` prints for a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from perun.graph.app.tables import Document, new_console, table
from perun.memory.reindexing import Progress as Told

_HIT: Final = {"id": "memory", "day": "as of", "age_days": "days", "score": "score", "about": "tags", "text": "what"}
_COUNT: Final = {"name": "", "entries": "entries"}
_OUTCOME: Final = {"horizon": "sessions", "change": "change", "excess": "excess", "worst": "worst", "known_at": "known"}

_RECALL: Final = {"cycle_id": "cycle", "as_of": "as of", "symbol": "for", "score": "score", "cited": "cited"}


def search_page(document: Document) -> None:
    """The hits as a table, the best first."""
    console = new_console()
    hits = [{**hit, "day": hit["as_of"][:10], "about": ", ".join(hit["tags"])} for hit in document["hits"]]
    table(console, "Memories", _HIT, hits)
    if not hits:
        console.print("nothing comes to mind")


def entry_page(document: Document) -> None:
    """One entry: its head, its words, and what followed."""
    console = new_console()
    console.print(f"[bold]{document['id']}[/bold]  {document['as_of']}  {' '.join(document['symbols'])}")
    console.print(f"from {escape(document['source'])} in {escape(document['cycle_id'])}, cited as", end=" ")
    console.print(document["evidence"], markup=False)
    console.print(f"tags: {', '.join(document['tags']) or 'none'}")
    if document["tainted"]:
        console.print("goes back to text that anybody may have written")
    if held := document["quarantine"]:
        console.print(
            f"[red]in quarantine[/red] since {held['at']}, by {escape(held['who'])}: {escape(held['reason'])}"
        )
    console.print()
    console.print(document["text"], markup=False)
    console.print()
    table(console, "What followed", _OUTCOME, document["outcomes"])
    table(console, "Recalled in", _RECALL, document.get("recalled", ()))
    if document["credits"]:
        console.print(f"cited by {len(document['credits'])} labelled decisions; usefulness {document['usefulness']}")


def stats_page(document: Document) -> None:
    """Counts by kind and by tag, and the state of the index."""
    console = new_console()
    since = f", {document['first']} to {document['last']}" if document["first"] else ""
    console.print(f"{document['entries']} entries{since}")
    indexed = "not known" if document["indexed"] is None else document["indexed"]
    console.print(f"in the index: {indexed}; quarantined: {document['quarantined']}; tainted: {document['tainted']}")
    for title in ("kinds", "symbols", "tags"):
        table(console, title, _COUNT, ({"name": name, "entries": n} for name, n in document[title].items()))


def reindex_page(document: Document) -> None:
    """How many entries the new index holds, and what became of old ones."""
    console = new_console()
    console.print(f"the index holds {document['indexed']} entries; {document['let_go']} old ones were let go")
    if document["compacted"]:
        console.print(f"{document['compacted']} files of old months were brought together")


@contextmanager
def progress_bar(title: str) -> Iterator[Told]:
    """A bar on stderr; plain where that is no terminal."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told
