"""What becomes of replays: each plan is noted before it is played, so that nobody can forget how many were tried."""

from datetime import date
from typing import Literal

from perun.tools.domain.frozen import Frozen


class ReplayTried(Frozen):
    """A plan was played for the first time; the same plan again is no other trial."""

    kind: Literal["replay.tried"] = "replay.tried"
    plan: str
    """Its fingerprint."""
    begins: date
    ends: date
    symbols: tuple[str, ...]
    control: str
