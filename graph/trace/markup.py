"""HTML in small pieces: whatever text comes in is escaped, and nothing else makes a tag."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


class Markup(str):
    """A piece of HTML that is safe as it stands; every other text is escaped before it comes into a page."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as text; a piece of markup as it is."""
    return value if isinstance(value, Markup) else Markup(escape("" if value is None else str(value)))


def tag(name: str, *inside: object, kind: str = "") -> Markup:
    """An element; `kind` is its class."""
    marked = f' class="{escape(kind)}"' if kind else ""
    return Markup(f"<{name}{marked}>{''.join(map(text, inside))}</{name}>")


def joined(parts: Iterable[object]) -> Markup:
    """The pieces, one after the other."""
    return Markup("\n".join(map(text, parts)))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table, or nothing when there are no rows."""
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    if not body:
        return Markup("")
    head = tag("tr", *(tag("th", title) for title in titles))
    return tag("div", tag("table", tag("thead", head), tag("tbody", joined(body))), kind="wide")


def folded(title: object, *inside: object) -> Markup:
    """Something that opens when its title is clicked; browsers do so without a script."""
    return tag("details", tag("summary", title), joined(inside))


def fields(values: Mapping[str, Any]) -> Markup:
    """A document's fields as a table, nested ones inside it."""
    return table(("field", "value"), ((name, _value(value)) for name, value in values.items()))


def _value(value: Any) -> Markup:
    match value:
        case dict() if value:
            return fields(value)
        case list() if value and all(isinstance(each, dict) for each in value):
            names = list(dict.fromkeys(name for each in value for name in each))
            return table(names, ([_value(each.get(name)) for name in names] for each in value))
        case list():
            return text(", ".join(map(str, value)))
        case str() if "\n" in value:
            return tag("pre", value)
        case _:
            return text(value)
