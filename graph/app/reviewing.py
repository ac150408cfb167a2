"""`perun optimize review`: the desk's own decisions from its ledger, held against what the shares did then."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from perun.graph.app.hushing import redaction
from perun.graph.app.reading import read_settings
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place, registry
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.optimize.regimes import regime
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.review import review
from perun.graph.optimize.review_page import page
from perun.graph.replay.artifacts import write_json
from perun.graph.replay.telling import Decision, Forward, costs, decisions
from perun.memory.outcomes import at_next_open
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.market import Bar
from perun.tools.domain.ports import MarketView

SCHEMA: Final = "perun.optimize_review/1"
MOST_CYCLES: Final = 5000
"""The latest cycles that are looked at."""
_BARS: Final = 1500
"""Sessions that prices are read for: about six years."""


def reviewed(overrides: Mapping[str, str]) -> dict[str, Any]:
    """The document `perun.optimize_review/1`, also written to `DATA_DIR/optimization/`.

    Raises:
        BrokerUnavailable: nobody tells what time it is on the market.
    """
    settings = read_settings(overrides).settings
    folder, clock = data_folder(settings), SystemClock()
    with (
        open_ledger(ledger_place(settings), clock, redaction=redaction(settings)) as ledger,
        open_venue(settings, folder) as venue,
    ):
        now = venue.book.clock().now
        cycles = ledger.cycles.finished_before(venue.account, now, MOST_CYCLES)[::-1]
        told = look_back(ledger, cycles, venue.market.at(now))
        named = _names(registry(folder, ledger, clock), told["by_prompt"])
        document = {"schema": SCHEMA, "as_of": now.isoformat(), "account": venue.account, **told, "by_prompt": named}
    return write(folder, document)


def look_back(ledger: Ledger, cycles: Sequence[Cycle], view: MarketView) -> dict[str, Any]:
    """What the record tells of these cycles, oldest first, with the prices that are known by now."""
    history = histories(view)
    regimes = {cycle.slot: regime([history(symbol) for symbol in cycle.symbols], cycle.as_of) for cycle in cycles}
    return review(decided(ledger, cycles, view), list(costs(ledger, cycles)), regimes)


def decided(ledger: Ledger, cycles: Sequence[Cycle], view: MarketView) -> list[Decision]:
    """Every decision of the cycles, with what the shares did then as far as it is known."""
    forward = forward_of(view)
    return [each for cycle in cycles for each in decisions(ledger, [cycle], cycle.symbols, forward)]


def histories(view: MarketView) -> Callable[[str], Sequence[Bar]]:
    """Every bar of a symbol, each read once; none where the market has none."""

    @cache
    def history(symbol: str) -> Sequence[Bar]:
        try:
            return view.bars(symbol, _BARS)
        except (UnknownSymbol, MarketUnavailable):
            return ()

    return history


def forward_of(view: MarketView) -> Forward:
    """The return from the first open after a decision, as far as the view knows it."""
    history = histories(view)

    def forward(symbol: str, as_of: datetime, horizon: int) -> Decimal | None:
        bars = history(symbol)
        if (begun := at_next_open(as_of, bars)) is None:
            return None
        place = next(number for number, bar in enumerate(bars) if bar.session == begun.session) + horizon - 1
        return bars[place].close / begun.price - 1 if place < len(bars) else None

    return forward


def write(folder: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Lay the review where people find it: as JSON, and as a page."""
    place = folder / "optimization"
    place.mkdir(exist_ok=True)
    write_json(place / "review.json", document)
    (place / "review.md").write_text("\n".join(page(document)) + "\n", encoding="utf-8")
    return {**document, "files": [str(place / "review.json"), str(place / "review.md")]}


def _names(known: Registry, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the version's name where the shelf still has the text."""
    spoken = ((row, known.shelf.spoken("trader", row["name"])) for row in rows)
    return [{**row, "hash": row["name"], "name": prompt.name if prompt else row["name"]} for row, prompt in spoken]
