"""What was found about a symbol, kept for a while: cycles of the same interval share it, and none sees a later one."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ValidationError

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.research import Finding
from perun.tools.domain.whole_file import write_whole

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Page(Frozen):
    """The findings about one symbol at one instant."""

    symbol: str
    as_of: AwareDatetime
    findings: tuple[Finding, ...]


class Archive:
    """One JSON file for each symbol and interval, replaced as a whole."""

    def __init__(self, folder: Path, interval: timedelta, hushed: Callable[[str], str] = str) -> None:
        """`hushed` takes secrets out of a JSON text, which stays one."""
        self._folder = folder
        self._interval = interval
        self._hushed = hushed

    def find(self, symbol: str, as_of: datetime) -> tuple[Finding, ...] | None:
        """What was found in the interval of `as_of`, by then; None when nobody looked, or the file is damaged."""
        if not self._interval:
            return None
        try:
            page = _Page.model_validate_json(self._path(symbol, as_of).read_bytes())
        except (OSError, ValidationError):
            return None
        known = page.symbol == symbol and page.as_of <= as_of
        return page.findings if known and all(each.published <= as_of for each in page.findings) else None

    def keep(self, symbol: str, as_of: datetime, findings: Sequence[Finding]) -> None:
        """Keep it. A disk that takes nothing costs the next cycle a question, and this one nothing."""
        if not self._interval:
            return
        path, page = self._path(symbol, as_of), _Page(symbol=symbol, as_of=as_of, findings=tuple(findings))
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            told = json.loads(self._hushed(page.model_dump_json()))
            write_whole(path, json.dumps(told, indent=2) + "\n", durable=False)

    def _path(self, symbol: str, as_of: datetime) -> Path:
        begins = _EPOCH + (as_of - _EPOCH) // self._interval * self._interval
        return self._folder / symbol / f"{begins.astimezone(UTC):%Y-%m-%dT%H%M}.json"
