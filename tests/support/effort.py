"""How much the large properties try, and by which dice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Random desks, and what they are made from."""

    examples: int
    """In all; each test takes its share."""
    salt: str
    """With one, the same desks are tried again; without, others each time."""
