"""`perun schedule` and `perun worker`: from settings to a daemon that has ended, and what it did."""

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from datetime import date, datetime
from typing import Any, Final

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.daemon.evaluator import evaluations
from perun.graph.app.daemon.executors import DaemonRuns, is_alive, is_shared, sole_daemon
from perun.graph.app.daemon.lifeline import HEARTBEAT, last_beat
from perun.graph.app.daemon.live import Watch
from perun.graph.app.daemon.optimization import optimization
from perun.graph.app.daemon.outcomes import outcomes
from perun.graph.app.daemon.recorded import play
from perun.graph.app.daemon.tally import Tally
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError

_LOOK_SECONDS: Final = 0.2


def schedule(
    overrides: Mapping[str, str], speed: float | None, cycles: int | None, until: date | None, tell: Tell
) -> Tally:
    """Be the daemon until told to end. `speed` is seconds for each recorded session; None follows the wall clock.

    Raises:
        ConfigurationError: a speed was given and the market is not the embedded one; or see `on_duty`.
        Unavailable: broker or ledger do not answer at the start.
    """
    settings = read_settings(overrides).settings
    if speed is not None and settings.broker != "embedded":
        raise ConfigurationError("--embedded-speed is for recorded days: BROKER should be embedded")
    jobs.hang(outcomes(), optimization(settings))
    beat = last_beat(data_folder(settings) / "var" / HEARTBEAT)
    try:
        with sole_daemon(settings):
            return _serve(settings, speed, cycles, until, tell, _seen(beat))
    except DaemonRuns as error:
        tell("duplicate", f"{error}: process {beat.get('pid', 'unknown')} since {beat.get('since', 'some time')}")
        return Tally(ended="running already", holder=dict(beat))


def work(overrides: Mapping[str, str], adopt: str | None, tell: Tell) -> dict[str, Any]:
    """Take queued work until told to end; with `adopt`, first what that dead executor had begun.

    Returns:
        The document `perun.worker/1`.

    Raises:
        ConfigurationError: the executor to adopt is alive.
    """
    settings = read_settings(overrides).settings
    if adopt and is_alive(settings, adopt):
        raise ConfigurationError(f"the executor {adopt} is at work: end it first")
    jobs.hang(outcomes(), optimization(settings))
    beside = evaluations(tell) if is_shared(settings) else nullcontext()
    with on_duty(settings, "worker", tell) as (duty, _), beside:
        adopted = duty.durable.adopt(adopt) if adopt else []
        tell(
            "worker", f"{duty.executor} takes queued work; adopted: {', '.join(adopted) or 'nothing'}", adopted=adopted
        )
        duty.lifeline.turn_to("waiting")
        _see_through(duty, adopted)
        duty.stopping.asked.wait()
    return {"schema": "perun.worker/1", "executor": duty.executor, "adopted": adopted, **_done(duty.tally)}


def _see_through(duty: Duty, adopted: list[str]) -> None:
    """Tell when what was taken over is done, by this worker or another."""
    for id in adopted:
        while not (duty.durable.has_ended(id) or duty.stopping.wait(_LOOK_SECONDS)):
            pass
        duty.tell("adopted", f"{id} is done" if duty.durable.has_ended(id) else f"{id} waits", work=id)


def _done(tally: Tally) -> dict[str, Any]:
    said = tally.document()
    return {key: said[key] for key in ("slots", "orders", "seconds", "errors")}


def _serve(
    settings: Settings, speed: float | None, cycles: int | None, until: date | None, tell: Tell, seen: datetime | None
) -> Tally:
    with on_duty(settings, "schedule", tell) as (duty, care):
        where = f"{duty.tally.mode} account {duty.tally.account}"
        tell("started", f"{where}, executor {duty.executor}, at {settings.trading_schedule}", executor=duty.executor)
        duty.go_on(care.unfinished)
        if speed is None:
            Watch(duty, SystemClock(), seen).keep(cycles, until)
        else:
            play(duty, speed, cycles, until)
        return duty.tally


def _seen(beat: Mapping[str, Any]) -> datetime | None:
    """Up to when a former daemon had dealt with moments."""
    with suppress(TypeError, ValueError):
        seen = datetime.fromisoformat(str(beat.get("seen")))
        return seen if seen.tzinfo else None
    return None
