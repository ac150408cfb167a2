"""What work is that outlives its process: pieces of it, and who carries them out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]
"""What came of a piece of work, as JSON."""


class Carrier(Protocol):
    """Does one piece of work; called again after a crash, it goes on where the last call stood."""

    def __call__(self, kind: str, name: str, due: str) -> Document:
        """Carry out the slot or the job of that name, due at that instant; empty when any time will do."""
        ...


@dataclass(frozen=True)
class Work:
    """A piece of work that has not ended, and the executor that has begun it; None while it waits for one."""

    id: str
    executor: str | None


Player = Callable[[bytes], bytes]
"""Plays an evaluation and tells what came of it; called again after a crash."""
