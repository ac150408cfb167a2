"""The repository's Python as syntax, and what a rule about it is."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("agents", "graph", "memory", "tools", "data/market")
"""What is shipped."""

Fault = tuple[int, str]
"""Line, and what is wrong there."""


@dataclass(frozen=True)
class Source:
    """One file of Python: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the file's syntax."""
        return tuple(ast.walk(ast.parse(self.text)))

    @cached_property
    def reached(self) -> tuple[Fault, ...]:
        """Every name the file reaches for, by line, spelled from where it was imported: `os.environ.get`."""
        return tuple(_reached(self.nodes))

    def is_in(self, places: Iterable[str]) -> bool:
        """True when the file is one of the places, or lies in one."""
        return any(self.path == place or self.path.startswith(f"{place}/") for place in places)

    def reaches(self, names: Iterable[str]) -> Iterator[Fault]:
        """Where it reaches for one of the dotted names, or for something inside of one."""
        wanted = tuple(names)
        for line, dotted in self.reached:
            if any(dotted == name or dotted.startswith(f"{name}.") for name in wanted):
                yield line, f"reaches for {dotted}"

    def says(self, names: Iterable[str]) -> Iterator[Fault]:
        """Where one of the bare names stands: as a name, an attribute, an import, or a text such as `getattr` takes."""
        wanted = set(names)
        for node in self.nodes:
            said = wanted & set(_words(node))
            if said:
                yield getattr(node, "lineno", 0), f"names {', '.join(sorted(said))}"


@dataclass(frozen=True)
class Rule:
    """A rule about one file at a time, with examples that show it bite and show it let go."""

    name: str
    check: Callable[[Source], Iterable[Fault]]
    bad: tuple[tuple[str, str], ...]
    """(path, text) of files that break it."""
    good: tuple[tuple[str, str], ...]
    """(path, text) of files that keep it."""
    tests_too: bool = False
    """Whether it holds for `tests/` as well as for what is shipped."""

    def faults(self, source: Source) -> list[str]:
        """`path:line: what`, for each."""
        return [f"{source.path}:{line}: {what}" for line, what in self.check(source)]


@cache
def sources(*places: str) -> tuple[Source, ...]:
    """Every Python file under the places, sorted by path."""
    paths = sorted({path for place in places for path in (ROOT / place).rglob("*.py")})
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def only_in(places: Iterable[str], check: Callable[[Source], Iterable[Fault]]) -> Callable[[Source], Iterable[Fault]]:
    """The check, for files outside of the places."""
    allowed = tuple(places)
    return lambda source: () if source.is_in(allowed) else check(source)


def never_in(places: Iterable[str], check: Callable[[Source], Iterable[Fault]]) -> Callable[[Source], Iterable[Fault]]:
    """The check, for files inside of the places."""
    forbidden = tuple(places)
    return lambda source: check(source) if source.is_in(forbidden) else ()


def _words(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return (name,)
        case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
            return (name,)
        case ast.alias(name=name):
            return (name.rpartition(".")[2],)
        case _:
            return ()


def _reached(nodes: Iterable[ast.AST]) -> Iterator[Fault]:
    nodes = tuple(nodes)
    origins: dict[str, str] = {}
    for node in nodes:
        for local, dotted in _imported(node):
            origins[local] = dotted
            yield getattr(node, "lineno", 0), dotted
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            head, _, rest = _dotted(node).partition(".")
            if head in origins:
                yield node.lineno, f"{origins[head]}.{rest}".rstrip(".")
        if isinstance(node, ast.Call) and _dotted(node.func).rpartition(".")[2] in {"import_module", "__import__"}:
            yield from ((node.lineno, each.value) for each in node.args if isinstance(each, ast.Constant))


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Local name and dotted origin of each name that an import brings."""
    match node:
        case ast.Import(names=names):
            for each in names:
                yield (each.asname, each.name) if each.asname else (each.name.partition(".")[0],) * 2
                yield each.name, each.name
        case ast.ImportFrom(module=str(module), names=names, level=0):
            for each in names:
                yield each.asname or each.name, f"{module}.{each.name}"
        case _:
            return


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            return f"{_dotted(inner)}.{name}"
        case _:
            return "?"
