"""Everything that can be reached from a thing, private parts too: what a node, a mind or a tool could lay hands on."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import FunctionType, MethodType


def within(thing: object) -> dict[str, object]:
    """Everything that can be reached from a thing: fields, private ones too, elements, closures and bound objects."""
    found: dict[str, object] = {}
    known: set[int] = set()
    waiting = [("", thing)]
    while waiting:
        path, each = waiting.pop()
        if id(each) in known or isinstance(each, str | bytes | int | float | Decimal | type | None):
            continue
        known.add(id(each))
        found[path] = each
        waiting += [(f"{path}.{name}", inner) for name, inner in _inside(each)]
    return found


def _inside(thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, Mapping):
        yield from ((str(key), value) for key, value in list(thing.items()))
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from ((str(place), each) for place, each in enumerate(thing))
    elif isinstance(thing, FunctionType):
        yield from ((str(place), cell.cell_contents) for place, cell in enumerate(thing.__closure__ or ()))
        yield "__wrapped__", getattr(thing, "__wrapped__", None)
    elif isinstance(thing, MethodType):
        yield from (("__self__", thing.__self__), ("__func__", thing.__func__))
    elif type(thing).__module__.startswith(("perun.", "functools")):
        yield from list(getattr(thing, "__dict__", {}).items())
        yield from ((name, getattr(thing, name, None)) for name in getattr(type(thing), "__slots__", ()))
        yield from (("func", getattr(thing, "func", None)), ("args", getattr(thing, "args", None)))
