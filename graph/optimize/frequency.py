"""How often to decide: results, costs and turnover by the interval between decisions, and what they suggest.

TRADING_SCHEDULE cannot name less than one moment a session, and recorded days hold one bar a session, so that more than
one cannot be judged on them. What is suggested is therefore the schedule as it is, with sessions left out between.
"""

from collections.abc import Callable
from typing import Any, Final

from perun.graph.optimize.alternatives import Arm, Finding, compare

INTERVALS: Final = (2, 5, 10, 21)
"""Sessions from one decision to the next that are held against one decision a session."""


class FrequencyAnalyzer:
    """Plays the same days at several intervals and says whether a longer one is better beyond chance."""

    def __init__(self, play: Callable[[str, int], Arm], schedule: str) -> None:
        """What it plays with.

        Args:
            play: from an arm's name and its sessions between decisions to what came of it.
            schedule: TRADING_SCHEDULE as it is.
        """
        self._play, self._schedule = play, schedule

    def analyse(self) -> tuple[Finding, dict[str, Any]]:
        """What each interval came to, and the suggestion.

        Raises:
            ValueError: the days are fewer than say anything.
        """
        own = self._play("every session", 1)
        names = {f"every {every} sessions": every for every in INTERVALS}
        finding = compare(own, [self._play(name, every) for name, every in names.items()])
        return finding, self._suggestion(finding, names)

    def _suggestion(self, finding: Finding, names: dict[str, int]) -> dict[str, Any]:
        if finding.best is None:
            return {"trading_schedule": None, "sessions_between": None, "why": "no evidence"}
        why = f"{finding.best} would have done better beyond chance"
        return {"trading_schedule": self._schedule, "sessions_between": names[finding.best], "why": why}
