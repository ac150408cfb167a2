"""How many statements a piece of work puts to databases through SQLAlchemy."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event


def counted_reads(work: Callable[[], object]) -> int:
    """Statements that the work puts, of whatever engine."""
    put: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        put.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(put)
