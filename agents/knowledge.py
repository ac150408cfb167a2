"""Until when models have read about the world: their makers' declared cut-offs, in a small table with its date."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

AS_KNOWN: Final = "2026-11"
"""When the table was written, from the makers' own pages. What is not in it is not known: LLM_CUTOFF tells it."""

_DATED: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}|latest|preview(-\d{2}-\d{4}|-\d{2}-\d{2})?|\d{3})$")
"""What marks one edition of a model: its cut-off is the model's."""

CUTOFFS: Final[Mapping[str, date]] = {
    "openai:gpt-5.2": date(2025, 8, 31),
    "openai:gpt-5.1": date(2024, 9, 30),
    "openai:gpt-5": date(2024, 9, 30),
    "openai:gpt-5-mini": date(2024, 5, 31),
    "openai:gpt-5-nano": date(2024, 5, 31),
    "openai:gpt-4.1": date(2024, 6, 1),
    "openai:gpt-4.1-mini": date(2024, 6, 1),
    "openai:gpt-4.1-nano": date(2024, 6, 1),
    "openai:gpt-4o": date(2023, 10, 1),
    "openai:gpt-4o-mini": date(2023, 10, 1),
    "openai:o3": date(2024, 6, 1),
    "openai:o4-mini": date(2024, 6, 1),
    "google:gemini-3-pro": date(2025, 1, 31),
    "google:gemini-2.5-pro": date(2025, 1, 31),
    "google:gemini-2.5-flash": date(2025, 1, 31),
    "google:gemini-2.5-flash-lite": date(2025, 1, 31),
    "google:gemini-2.0-flash": date(2024, 8, 31),
}
"""Mind to the last day that its maker says it may have read about; a month counts to its end."""


def declared_cutoff(mind: str) -> date | None:
    """The declared cut-off of a mind by its name, such as `openai:gpt-5-mini`; None when it is not known."""
    return CUTOFFS.get(mind) or CUTOFFS.get(_DATED.sub("", mind))


def reads_nothing(mind: str) -> bool:
    """Whether the mind is a rule, which never learned anything about the past."""
    return mind.startswith("baseline")
