"""Tables in a terminal: wide where nobody says otherwise, and no cell is ever read as markup."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Document = Mapping[str, Any]
Columns = Mapping[str, str]
"""Key of a row to the title of its column."""

_WIDE: Final = 120
"""Columns of text where no terminal says otherwise."""
_COLOURS: Final = {"BUY": "green", "SELL": "red", "HOLD": "dim", "ok": "green", "FAULT": "red"}


def new_console() -> Console:
    """Standard output; where it is no terminal, wide enough that ids stay in one piece."""
    console = Console()
    return console if console.is_terminal else Console(width=max(_WIDE, console.width))


def table(console: Console, title: str, columns: Columns, rows: Iterable[Document]) -> None:
    """A table, or nothing when there are no rows. The text of cells is never read as markup."""
    rows = list(rows)
    if not rows:
        return
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for name in columns.values():
        drawn.add_column(name, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(row.get(key)) for key in columns))
    console.print(drawn)
    console.print()


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.2f}" if isinstance(value, float) else escape(str(value))
    colour = "red" if text.startswith("BREACH") else _COLOURS.get(text)
    return f"[{colour}]{text}[/{colour}]" if colour else text
