"""What a daemon did, counted: the document `perun.schedule/1`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from perun.tools.domain.clock import stopwatch


@dataclass
class Tally:
    """Slots by outcome, orders and time."""

    account: str = ""
    mode: str = ""
    slots: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    orders: int = 0
    first: str | None = None
    last: str | None = None
    ended: str = "done"
    """Why the daemon ended: done, stopped, halted, recording ended, running already."""
    holder: dict[str, Any] | None = None
    """The daemon that runs already."""
    _began: float = field(default_factory=stopwatch)

    def count(self, slot: str, document: dict[str, Any]) -> None:
        """Take in how a slot ended."""
        self.slots[document["outcome"]] += 1
        self.first, self.last = self.first or slot, slot
        self.errors += [f"{slot}: {error}" for error in document["errors"]]
        if document["outcome"] != "duplicate":
            self.orders += len(document.get("orders", ()))

    @property
    def exit_code(self) -> int:
        """The contract's code for how it ended."""
        return 3 if self.ended == "halted" else 4 if self.ended == "unavailable" else 0

    def document(self) -> dict[str, Any]:
        """The document."""
        seconds, cycles = stopwatch() - self._began, sum(self.slots.values())
        return {
            "schema": "perun.schedule/1",
            "mode": self.mode,
            "account_id": self.account,
            "ended": self.ended,
            "holder": self.holder,
            "first_slot": self.first,
            "last_slot": self.last,
            "slots": dict(self.slots),
            "missed": self.missed,
            "orders": self.orders,
            "seconds": round(seconds, 3),
            "seconds_per_cycle": round(seconds / cycles, 3) if cycles else None,
            "errors": self.errors,
        }
