"""Whole cycles for tests: the real wiring, with a mind of the test's own and a small embedder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perun.agents.models import Mind
from perun.agents.roles import ROSTER
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import Parts, open_floor
from perun.graph.cycle import run_cycle
from perun.tools.market.recorded import RecordedMarket
from support.embedding import BagOfWords


def settings(folder: Path, **changes: Any) -> Settings:
    """Defaults, with DATA_DIR in the test's own folder. Changes are written as a person would write them."""
    return Settings.model_validate({"data_dir": str(folder), "llm_provider": "baseline", **changes})


def parts(
    mind: Mind | None = None, market: RecordedMarket | None = None, minds: dict[str, Mind] | None = None
) -> Parts:
    """A floor's stand-ins: one mind for every role or one for each (else what settings say), and the small embedder."""
    return Parts(market=market, minds=dict.fromkeys(ROSTER, mind) if mind else minds, embedder=BagOfWords())


def cycle(
    folder: Path,
    slot: str | None = None,
    symbols: Sequence[str] = ("AAPL", "IBM"),
    mind: Mind | None = None,
    market: RecordedMarket | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """One cycle on the recorded market, or on the market given."""
    with open_floor(settings(folder, **changes), parts(mind, market)) as floor:
        return run_cycle(floor, symbols, slot)
