"""A desk's process: lives each run that is read from standard input in a fork of its own, and prints how it ended."""

import gc
import json
import os
import sys
import traceback
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from dying import BLOWS, cut

from perun.agents.answers import ReviewAnswer, RiskAnswer, SignalAnswer, TradeAnswer
from perun.agents.baseline import Baseline
from perun.agents.facts import RiskManagerFacts, TraderFacts
from perun.agents.models import Question, Reply
from perun.graph.app import cli, venues, wiring
from perun.graph.cycle import run_cycle
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.events import Usage
from perun.tools.domain.signals import Action, Ruling
from perun.tools.market.recorded import RecordedMarket
from support.embedding import BagOfWords
from support.floor import parts, settings
from support.killing import POINTS

IMPORTED_LATE: Final = (
    "alembic.command",
    "chromadb.api.rust",
    "filelock",
    "perun.graph.app.commanding",
    "perun.graph.app.running",
    "perun.recorded",
)
"""What a run imports when it first needs it: here before the first fork, so that not every fork pays for it."""
HOLD: Final = {"action": "HOLD", "confidence": 80, "keep_percent": 40}


class Notes:
    """Where a mind notes each question before it answers; a kill loses none."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, question: Question) -> None:
        os.write(self._file, f"{question.role}:{question.symbol or '*'}\n".encode())


class WishfulMind(Baseline):
    """Wants what its wishes say, whatever it is told; without wishes it is the baseline."""

    def __init__(self, wishes: dict[str, Any], notes: Notes) -> None:
        self._wishes, self._notes = wishes, notes

    def reply(self, question: Question) -> Reply:
        self._notes.note(question)
        facts = question.facts
        if self._wishes and isinstance(facts, TraderFacts):
            trade = TradeAnswer(signals=[self._signal(symbol) for symbol in facts.symbols])
            return Reply(trade.model_dump_json(), Usage())
        if self._wishes and isinstance(facts, RiskManagerFacts):
            risk = RiskAnswer(reviews=[self._review(signal.symbol) for signal in facts.signals])
            return Reply(risk.model_dump_json(), Usage())
        return super().reply(question)

    def _signal(self, symbol: str) -> SignalAnswer:
        wish = self._wishes.get(symbol, HOLD)
        action, confidence = Action(wish["action"]), wish["confidence"]
        return SignalAnswer(symbol=symbol, action=action, confidence=confidence, rationale="a wish", evidence=[])

    def _review(self, symbol: str) -> ReviewAnswer:
        keep = self._wishes.get(symbol, HOLD)["keep_percent"]
        return ReviewAnswer(symbol=symbol, ruling=Ruling.SHRINK, keep_percent=keep, reason="a wish")


def live(run: dict[str, Any], market: RecordedMarket) -> None:
    """The run on the real floor, up to the cut if there is one."""
    _set_the_clock(run["ahead_seconds"])
    venues.ExchangeSettings = partial(ExchangeSettings, partial_fill_percent=run["partial_fill_percent"])  # type: ignore[misc,assignment] # desks have no such setting
    if run["cut"]:
        cut(run["cut"]["point"], run["cut"]["time"])
    mind, folder = WishfulMind(run["wishes"], Notes(Path(run["calls"]))), Path(run["folder"])
    if run["command"]:
        _command(folder, run, mind)
    with wiring.open_floor(settings(folder, **run["settings"]), parts(mind, market)) as floor:
        run_cycle(floor, list(run["wishes"]), run["slot"])


def _command(folder: Path, run: dict[str, Any], mind: WishfulMind) -> None:
    """The command line's own entry, as the console script calls it; a small embedder spares it torch."""
    wiring.MiniLM = BagOfWords  # type: ignore[misc,assignment] # stands in for the class, as Parts does for its object
    wiring.Baseline = lambda: mind  # type: ignore[misc,assignment] # the baseline, taking notes
    os.chdir(folder.parent)
    os.environ |= {name.upper(): str(value) for name, value in {"data_dir": folder, **run["settings"]}.items()}
    sys.argv = ["perun", *run["command"]]
    cli.main()


def _set_the_clock(ahead_seconds: float) -> None:
    honest = SystemClock.now
    SystemClock.now = lambda clock: honest(clock) + timedelta(seconds=ahead_seconds)  # type: ignore[method-assign] # this process lives later


def main() -> None:
    """Fork for each line, wait for the fork's end, and say it."""
    assert {*BLOWS} == {*POINTS}
    for name in IMPORTED_LATE:
        import_module(name)
    market = _read_through(RecordedMarket.shipped())
    gc.freeze()  # or every fork copies what it only looks at
    for line in sys.stdin:
        process = os.fork()
        if not process:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the answers to our parent go through there
            _exit_as(json.loads(line), market)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _exit_as(run: dict[str, Any], market: RecordedMarket) -> NoReturn:
    """End as the run ends. Everything that it opened is closed by then: tearing Python down would only take time."""
    code = 1
    try:
        live(run, market)
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        if code == 1:
            traceback.print_exc()
        os._exit(code)


def _read_through(market: RecordedMarket) -> RecordedMarket:
    """The market with every bar read, once for all forks."""
    end = market.at(market.last_session().closes)
    for symbol in market.symbols():
        end.bars(symbol, 1)
    return market


if __name__ == "__main__":
    main()
