"""The rules of manners: sizes, names of files, what may be caught, and silenced checks that say why."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath

from architecture.source import Fault, Rule, Source

FILE_LINES = 300
FUNCTION_LINES = 40
BUILDER_LINES = 80

_WORDLESS = re.compile(r"utils?|common|helpers?|base|.*managers?", re.IGNORECASE)
_TRADE_WORDS = {"risk_manager"}
_SILENCED = re.compile(r"#\s*(type:\s*ignore|((ruff|flake8):\s*)?noqa|mypy:)", re.IGNORECASE)
_EXPLAINED = re.compile(r"#\s*(type:\s*ignore\[[a-z, -]+\]|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*)\s+(#|-)\s*\S.*")


def _long_file(source: Source) -> Iterator[Fault]:
    lines, most = len(source.text.splitlines()), BUILDER_LINES if source.path == "graph/builder.py" else FILE_LINES
    if lines > most:
        yield lines, f"{lines} lines, at most {most}: it answers more than one question"


def _long_function(source: Source) -> Iterator[Fault]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines, at most {FUNCTION_LINES}"


def _wordless(source: Source) -> Iterator[Fault]:
    path = PurePosixPath(source.path)
    for name in (*path.parent.parts, path.stem.removeprefix("test_")):
        if _WORDLESS.fullmatch(name) and name not in _TRADE_WORDS:
            yield 1, f"{name} says nothing of what is inside"


def _catches_all(source: Source) -> Iterator[Fault]:
    """Everything caught, but at the process edge, and but for a clean-up that raises it again."""
    for node in source.nodes:
        match node:
            case ast.ExceptHandler(type=kind, body=body) if _is_all(kind):
                again = isinstance(body[-1], ast.Raise) and body[-1].exc is None
                if not again and source.path != "graph/app/cli.py":
                    yield node.lineno, "catches everything"
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=kinds):
                if any(_is_all(kind) for kind in kinds):
                    yield node.lineno, "suppresses everything"


def _is_all(kind: ast.expr | None) -> bool:
    match kind:
        case None | ast.Name(id="Exception" | "BaseException"):
            return True
        case ast.Tuple(elts=kinds):
            return any(_is_all(each) for each in kinds)
        case _:
            return False


def _silenced_without_reason(source: Source) -> Iterator[Fault]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        silenced = _SILENCED.search(token.string)
        if silenced and not _EXPLAINED.match(token.string, silenced.start()):
            yield token.start[0], "a silenced check needs its code and a reason: `# noqa: E501 # why`"


def _lines(count: int, indent: str = "") -> str:
    return f"{indent}pass\n" * count


RULES = (
    Rule(
        "a file is short",
        _long_file,
        bad=(("graph/cycle.py", _lines(FILE_LINES + 1)), ("graph/builder.py", _lines(BUILDER_LINES + 1))),
        good=(("graph/cycle.py", _lines(FILE_LINES)), ("graph/builder.py", _lines(BUILDER_LINES))),
        tests_too=True,
    ),
    Rule(
        "a function is short",
        _long_function,
        bad=(
            ("graph/cycle.py", "def f():\n" + _lines(FUNCTION_LINES, "    ")),
            ("graph/cycle.py", "class C:\n    async def f(self):\n" + _lines(FUNCTION_LINES, "        ")),
        ),
        good=(("graph/cycle.py", "def f():\n" + _lines(FUNCTION_LINES - 1, "    ")),),
        tests_too=True,
    ),
    Rule(
        "a file's name says what is inside",
        _wordless,
        bad=(
            ("agents/utils.py", ""),
            ("tools/common/money.py", ""),
            ("graph/helpers.py", ""),
            ("tools/brokerage/base.py", ""),
            ("graph/app/cycle_manager.py", ""),
            ("tools/risk/manager.py", ""),
            ("tests/support/test_utils.py", ""),
        ),
        good=(
            ("agents/risk_manager.py", ""),
            ("tests/agents/test_risk_manager.py", ""),
            ("agents/baseline.py", ""),
            ("graph/ledger/database.py", ""),
        ),
        tests_too=True,
    ),
    Rule(
        "only the process edge catches everything",
        _catches_all,
        bad=(
            ("agents/asking.py", "try: f()\nexcept Exception: pass"),
            ("agents/asking.py", "try: f()\nexcept: g()"),
            ("agents/asking.py", "try: f()\nexcept (ValueError, Exception) as error: raise Odd() from error"),
            ("memory/recall.py", "try: f()\nexcept BaseException: g()"),
            ("memory/recall.py", "with contextlib.suppress(Exception): f()"),
        ),
        good=(
            ("graph/app/cli.py", "try: f()\nexcept Exception: g()"),
            ("tools/brokerage/embedded/store.py", "try: f()\nexcept BaseException:\n    roll_back()\n    raise"),
            ("agents/asking.py", "try: f()\nexcept ValueError: g()"),
        ),
    ),
    Rule(
        "a silenced check says why",
        _silenced_without_reason,
        bad=(
            ("graph/cycle.py", "x = f()  # type: ignore"),
            ("graph/cycle.py", "x = f()  # type: ignore # it is fine"),
            ("graph/cycle.py", "x = f()  # type: ignore[arg-type]"),
            ("graph/cycle.py", "x = f()  # noqa"),
            ("graph/cycle.py", "x = f()  # noqa: E501"),
            ("graph/cycle.py", "x = f()  # noqa: E501, D100 #"),
            ("graph/cycle.py", "# ruff: noqa"),
            ("graph/cycle.py", "# mypy: ignore-errors"),
        ),
        good=(
            ("graph/cycle.py", "x = f()  # type: ignore[arg-type] # settings know only these four"),
            ("graph/cycle.py", "x = f()  # noqa: E501, D100 - the table reads better wide"),
            ("graph/cycle.py", "x = '# noqa'"),
        ),
        tests_too=True,
    ),
)
