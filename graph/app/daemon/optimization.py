"""The job *optimization* at OPTIMIZATION_SCHEDULE: the review, and each new candidate held against what speaks now.

A candidate is tried by `perun optimize run` in a process of its own: it may take hours, and trading goes on beside it.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from croniter import croniter  # type: ignore[import-untyped] # it comes without types

from perun.agents.roles import ROSTER
from perun.graph.app.daemon.jobs import Errand, Job
from perun.graph.app.prompts import open_registry
from perun.graph.app.settings import Settings
from perun.graph.optimize.evidence import FEWEST
from perun.graph.optimize.trials import Trials
from perun.tools.domain.errors import ConfigurationError, Unavailable
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.market.recorded import RecordedMarket

SESSIONS: Final = 3 * FEWEST + 3
"""How many recorded sessions a candidate is tried on: as few as tell anything, a third of them sealed."""
_LOOK_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 10.0
_PERUN: Final = (sys.executable, "-c", "from perun.graph.app.cli import main; main()")


def optimization(settings: Settings) -> Job:
    """The job, due when OPTIMIZATION_SCHEDULE says so in exchange time.

    Raises:
        ConfigurationError: OPTIMIZATION_SCHEDULE names no times.
    """
    last_due = times(settings.optimization_schedule)

    def run(errand: Errand) -> str:
        now = errand.shift.read().clock.now
        if not errand.shift.has_decided_before(last_due(now)):
            return "nothing had been decided by then"
        return "; ".join(_done(errand, now))

    return Job("optimization", last_due, run, is_long=True)


def times(cron: str) -> Callable[[datetime], datetime]:
    """From an instant to the latest one at or before it that those five fields name, in exchange time.

    Raises:
        ConfigurationError: they name none.
    """
    if not croniter.is_valid(cron):
        raise ConfigurationError(f"OPTIMIZATION_SCHEDULE={cron!r} names no times: write five cron fields: 0 6 * * SAT")

    def last_due(now: datetime) -> datetime:
        here = now.astimezone(EXCHANGE_TIME)
        at: datetime = here if croniter.match(cron, here) else croniter(cron, here).get_prev(datetime)
        return at.replace(second=0, microsecond=0).astimezone(now.tzinfo)

    return last_due


def candidates(settings: Settings) -> Iterator[tuple[str, str]]:
    """Agent and hash of every prompt labelled *candidate* that does not speak yet and was never judged."""
    with open_registry(settings) as prompts:
        trials = Trials(prompts.events, prompts.clock)
        for agent in ROSTER:
            prompt = prompts.labelled(agent, "candidate")
            if prompt and prompt.hash != prompts.in_use(agent).hash and trials.judgement(prompt.hash) is None:
                yield agent, prompt.hash


def window(now: datetime) -> tuple[str, str]:
    """First and last of the latest recorded sessions that ended before that market time.

    Raises:
        ConfigurationError: there are too few of them.
    """
    days = [session.day for session in RecordedMarket.shipped().sessions() if session.closes < now][-SESSIONS:]
    if len(days) < SESSIONS:
        raise ConfigurationError(f"only {len(days)} recorded sessions lie before {now:%Y-%m-%d}; {SESSIONS} are needed")
    return days[0].isoformat(), days[-1].isoformat()


def _done(errand: Errand, now: datetime) -> Iterator[str]:
    from perun.graph.app.reviewing import reviewed  # it counts with numpy
    from perun.graph.app.shadowing import watched

    reviewed({})
    yield "the review is written"
    for row in watched({}, lambda line: None)["prompts"]:
        yield f"{row['prompt']}: {row['stands']}"
    new = list(candidates(errand.shift.settings))
    if not new:
        yield "no new candidate"
    for agent, hash_ in new:
        begins, ends = window(now)
        wanted = ("--agent", agent, "--candidate", hash_, "--from", begins, "--to", ends)
        yield _judged(f"{agent}@{hash_}", *_perun(errand, "optimize", "run", *wanted, "--json"))


def _judged(name: str, code: int, out: str, err: str) -> str:
    if code:
        return f"{name} was not tried: {(err.strip().splitlines() or ['no reason given'])[-1]}"
    told: dict[str, Any] = json.loads(out)
    verdict = "eligible" if told["eligible"] else "not eligible"
    return f"{name} is {verdict}" + (" and promoted" if told["promoted"] else "")


def _perun(errand: Errand, *command: str) -> tuple[int, str, str]:
    """Exit code, output and what was said of the command, carried to its end.

    Raises:
        Unavailable: the daemon is to end first; what was played so far is kept.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*_PERUN, *command], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    ) as process:
        while True:
            try:
                out, err = process.communicate(timeout=_LOOK_SECONDS)
                return process.returncode, out, err
            except subprocess.TimeoutExpired:
                if errand.wait(0):
                    _end(process)
                    raise Unavailable("the daemon ends; the next one goes on with it") from None


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
