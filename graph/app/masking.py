"""A stage under its control: the altered days as a recorded market of their own, and settings that fit them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from perun.graph.app.stage import Stage
from perun.graph.replay.disguise import Disguise, Histories, blind, contradicted, shuffled
from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.sectors import with_own

KEY: Final = "disguise.json"
"""The file that tells a person, and nobody else, which share and day is which."""


def masked(stage: Stage) -> Stage:
    """The stage as the desk sees it: under a control its market is another one, which lies in the stage's folder.

    News would speak of days that never were, or name the shares, and is left out.
    """
    if stage.plan.control == "none":
        return stage
    disguise = _disguise(stage)
    market = _written(stage.folder / "market", stage, disguise)
    own = {"news_dir": None, "restricted_symbols": _named(stage.settings.restricted_symbols, disguise.names)}
    return replace(
        stage,
        settings=stage.settings.model_copy(update=own),
        plan=stage.plan.model_copy(update={"symbols": _named(stage.plan.symbols, disguise.names)}),
        market=market,
        days=[market.session(session.day + disguise.shift) for session in stage.days],
        sectors=_sectors(stage, disguise.names),
    )


def _disguise(stage: Stage) -> Disguise:
    plan, sessions = stage.plan, stage.market.sessions()
    evening = stage.market.at(sessions[-1].closes)
    bars: Histories = {symbol: evening.bars(symbol, len(sessions)) for symbol in plan.symbols}
    if plan.control == "shuffled":
        return shuffled(sessions, bars, plan.control_seed)
    if plan.control == "contradicted":
        return contradicted(sessions, bars, plan.begins)
    return blind(sessions, bars, plan.control_seed)


def _written(folder: Path, stage: Stage, disguise: Disguise) -> RecordedMarket:
    """The altered market on disk; it is there as a whole or not at all, for several processes may want it."""
    if not folder.exists():
        part = folder.with_name("market.part")
        origin = Origin(package=stage.plan.told_control, version=stage.plan.fingerprint, licence="the recorded days'")
        write_folder(part, origin, disguise.sessions, disguise.bars)
        key = {"shown": {name: symbol for symbol, name in disguise.names.items()}, "days_ahead": disguise.shift.days}
        (folder.parent / KEY).write_text(json.dumps(key, indent=2) + "\n", encoding="utf-8")
        part.rename(folder)
    return RecordedMarket.from_folder(folder)


def _named(symbols: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(symbol, symbol) for symbol in symbols)


def _sectors(stage: Stage, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """A masked share stays in its sector, for the gate's sake; nobody is shown it."""
    sector_of = with_own(stage.sectors)
    known = ((name, sector_of(symbol)) for symbol, name in names.items())
    return sorted((name, sector) for name, sector in known if sector is not None)
