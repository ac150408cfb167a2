"""`perun optimize parameters` and `frequency`: the same days with other settings, and what a person might change.

Nothing here is ever applied: a suggestion is a patch of `.env` in `DATA_DIR/optimization`, or none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from perun.graph.app.players import WHOEVER, Players
from perun.graph.app.runs import Run, play_all
from perun.graph.app.settings import Settings
from perun.graph.app.stage import Tell, Wish, set_up
from perun.graph.app.wiring import data_folder
from perun.graph.optimize.alternatives import Finding, arm, compare
from perun.graph.optimize.env_patch import env_patch
from perun.graph.optimize.evidence import FEWEST
from perun.graph.optimize.frequency import INTERVALS, FrequencyAnalyzer
from perun.tools.domain.errors import ConfigurationError

PARAMETERS: Final = "perun.optimize_parameters/1"
FREQUENCY: Final = "perun.optimize_frequency/1"
_STEP: Final = Decimal("0.1")
"""By which MIN_CONFIDENCE is moved up and down."""
_FEWEST_SYMBOLS: Final = 3
"""Symbols of which one may be left out: outcomes are measured against the others."""


@dataclass(frozen=True)
class _Trial:
    """A way of trading that is played."""

    name: str
    changes: Mapping[str, str]
    """Setting to value."""
    every: int = 1


def parameters(wish: Wish, overrides: Mapping[str, str], tell: Tell, players: Players = WHOEVER) -> dict[str, Any]:
    """Whether other values of RISK_LIMIT_PERCENT, MIN_CONFIDENCE or DEFAULT_SYMBOLS would have done better.

    Returns:
        The document `perun.optimize_parameters/1`; where something would, a patch of `.env` lies in DATA_DIR.

    Raises:
        ConfigurationError: the days or symbols are no good, or too few.
    """
    settings = _settings(wish, overrides)
    trials = {trial.name: trial for trial in _other_values(settings)}
    runs = [_run(wish, overrides, trial) for trial in (_Trial("as it is", {}), *trials.values())]
    own, *others = map(arm, ("as it is", *trials), play_all(runs, _home(settings), tell, players))
    finding = compare(own, others)
    changes = dict(trials[finding.best].changes) if finding.best else {}
    place = _lay(data_folder(settings), changes)
    return {**_document(PARAMETERS, wish, finding), "suggestion": changes or None, "patch": place}


def frequency(wish: Wish, overrides: Mapping[str, str], tell: Tell, players: Players = WHOEVER) -> dict[str, Any]:
    """Whether deciding less often would have done better.

    Returns:
        The document `perun.optimize_frequency/1`.

    Raises:
        ConfigurationError: the days or symbols are no good, or too few.
    """
    settings = _settings(wish, overrides)
    intervals = (1, *INTERVALS)
    runs = [_run(wish, overrides, _Trial(f"every {every}", {}, every)) for every in intervals]
    told = dict(zip(intervals, play_all(runs, _home(settings), tell, players), strict=True))
    analyzer = FrequencyAnalyzer(lambda name, every: arm(name, told[every]), settings.trading_schedule)
    finding, suggestion = analyzer.analyse()
    return {**_document(FREQUENCY, wish, finding), "suggestion": suggestion}


def _run(wish: Wish, overrides: Mapping[str, str], trial: _Trial) -> Run:
    changes = dict(trial.changes)
    symbols = changes.pop("DEFAULT_SYMBOLS", None)
    watched = tuple(symbols.split(",")) if symbols else wish.symbols
    stage, texts = set_up(replace(wish, symbols=watched), {**overrides, **changes})
    folder = _home(stage.settings) / stage.plan.fingerprint / f"every-{trial.every}"
    return Run(replace(stage, folder=folder, every=trial.every), texts, about=f"{trial.name}: ")


def _home(settings: Settings) -> Path:
    return data_folder(settings) / "optimize"


def _other_values(settings: Settings) -> Iterator[_Trial]:
    limit = settings.risk_limit_percent.root
    for share in (limit / 2, min(limit * 2, Decimal(100))):
        yield _trial("RISK_LIMIT_PERCENT", f"{share.normalize():f}")
    least = Decimal(str(settings.min_confidence))
    for value in (least - _STEP, least + _STEP):
        if 0 <= value <= 1:
            yield _trial("MIN_CONFIDENCE", f"{value.normalize():f}")
    symbols = settings.default_symbols
    if len(symbols) >= _FEWEST_SYMBOLS:
        for left_out in symbols:
            yield _trial("DEFAULT_SYMBOLS", ",".join(each for each in symbols if each != left_out))


def _trial(setting: str, value: str) -> _Trial:
    return _Trial(f"{setting}={value}", {setting: value})


def _settings(wish: Wish, overrides: Mapping[str, str]) -> Settings:
    """The settings, once it is sure that the days say something."""
    stage, _ = set_up(wish, overrides)
    if (measured := len(stage.days) - 1) < FEWEST:
        raise ConfigurationError(f"the days are too few: {measured} sessions say nothing, {FEWEST} are needed")
    return stage.settings


def _lay(folder: Path, changes: Mapping[str, str]) -> str | None:
    """Write the patch; where nothing is suggested, an older one does not stay."""
    place = folder / "optimization" / "env.patch"
    if not changes:
        place.unlink(missing_ok=True)
        return None
    place.parent.mkdir(exist_ok=True)
    env = Path(".env")
    text = env.read_text(encoding="utf-8") if env.is_file() else None
    place.write_text(env_patch(text, changes), encoding="utf-8")
    return str(place)


def _document(schema: str, wish: Wish, finding: Finding) -> dict[str, Any]:
    return {
        "schema": schema,
        "days": f"{wish.begins} to {wish.ends}",
        "tried": finding.tried,
        "p_value": finding.p_value,
        "needed_sessions": finding.needed,
        "alternatives": list(finding.rows),
        "better": finding.best,
    }
