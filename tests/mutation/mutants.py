"""Every small change that could be made to a source: a comparison turned, a sign swapped, a number moved by one."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_OPPOSITE = {"min": "max", "max": "min", "any": "all", "all": "any", "at_most": "at_least", "at_least": "at_most"}
_OPPOSITE |= {"ROUND_FLOOR": "ROUND_CEILING", "ROUND_CEILING": "ROUND_FLOOR", "ROUND_DOWN": "ROUND_UP"}
_UNASKED = (ast.AnnAssign, ast.Import, ast.ImportFrom)
"""Statements that are not changed: what an annotation says is the type checker's matter."""


class Mutant(NamedTuple):
    """A source with one change."""

    line: int
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Each mutant of a source, in the order of its lines."""
    tree = ast.parse(source)
    places = [node for node in ast.walk(tree) if not isinstance(node, ast.Constant) or not isinstance(node.value, str)]
    silent = {id(inner) for node in ast.walk(tree) for inner in _annotations(node)}
    for node in sorted((n for n in places if id(n) not in silent), key=lambda n: getattr(n, "lineno", 0)):
        for change in _changes(node):
            before = ast.unparse(node)
            undo = change()
            after, whole = ast.unparse(node), ast.unparse(tree)
            undo()
            yield Mutant(getattr(node, "lineno", 0), f"{before}  ->  {after}", whole)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Everything inside the annotations that a node carries, decorators included."""
    outer: list[ast.AST | None] = []
    match node:
        case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation):
            outer = [annotation]
        case ast.FunctionDef(returns=returns, decorator_list=decorators):
            outer = [returns, *decorators]
        case ast.ClassDef(decorator_list=decorators, bases=bases):
            outer = [*decorators, *bases]
    for each in outer:
        if each is not None:
            yield from ast.walk(each)


def _changes(node: ast.AST) -> Iterator["Change"]:
    yield from _operators(node)
    match node:
        case ast.Constant(value=bool(value)):
            yield Change(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield Change(node, "value", value + 1)
        case ast.Name(id=name) if name in _OPPOSITE:
            yield Change(node, "id", _OPPOSITE[name])
        case ast.IfExp(body=body, orelse=orelse):
            yield Change(node, "body", orelse)
            yield Change(node, "orelse", body)
        case ast.If(test=test):
            yield Change(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Tuple(elts=[_, _, *_] as parts, ctx=ast.Load()):
            for left_out in range(len(parts)):
                yield Change(node, "elts", parts[:left_out] + parts[left_out + 1 :])


def _operators(node: ast.AST) -> Iterator["Change"]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _TURNED:
            yield Change(node, "ops", [_TURNED[type(op)]()])
        case ast.BinOp(op=op) if type(op) in _SWAPPED:
            yield Change(node, "op", _SWAPPED[type(op)]())
        case ast.BoolOp(op=op):
            yield Change(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield Change(node, "op", ast.UAdd())


class Change:
    """One change to one node; calling it makes the change, and what it returns takes it back."""

    def __init__(self, node: ast.AST, field: str, value: object) -> None:
        self._node, self._field, self._value = node, field, value

    def __call__(self) -> "Change":
        back = Change(self._node, self._field, getattr(self._node, self._field))
        setattr(self._node, self._field, self._value)
        return back
