"""Replays on their way to `perun worker` processes, through the database that they share with this one.

Nobody needs to see anybody's folder: the recorded days and the prompts go along, and what came of it comes back the
same way. No key goes along: whoever plays asks models with keys of its own.
"""

import hashlib
import json
import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Final

from perun.agents.prompting import Prompt
from perun.graph.app.daemon.executors import durable_url, is_shared
from perun.graph.app.daemon.seats import seats_taken
from perun.graph.app.durable import Evaluations, open_evaluations
from perun.graph.app.reading import is_secret
from perun.graph.app.runs import Run
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import provider
from perun.graph.app.stage import Stage, Tell
from perun.graph.app.wiring import data_folder
from perun.graph.ledger.postgres import Server
from perun.graph.replay.answers import Answers
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.plan import Plan
from perun.tools.domain.errors import ConfigurationError, Unavailable
from perun.tools.domain.market import Session
from perun.tools.market.recorded import RecordedMarket
from perun.tools.research.recorded_news import RecordedNews

_OF_THIS_MACHINE: Final = frozenset({"data_dir", "chroma_url", "local_model"})
"""Settings that whoever plays has of its own, as it has its keys."""
_MOST_AT_ONCE: Final = 64
_LOOK_SECONDS: Final = 0.5
_LOOKS_BETWEEN: Final = 10
"""From one to the next at who is alive."""
_LOOKS_ALONE: Final = 60
"""So many in a row without anybody alive, and the work is left where it is."""


@dataclass(frozen=True)
class Evaluation:
    """A replay as it travels: all that decides what comes of it, and nothing of one machine."""

    settings: Mapping[str, Any]
    plan: Plan
    days: Sequence[Session]
    sectors: Sequence[tuple[str, str]]
    every: int
    texts: Mapping[str, Prompt]
    name: str
    seed: int
    market: Mapping[str, bytes]
    """The files of the recorded days."""

    @classmethod
    def of(cls, run: Run) -> "Evaluation":
        """The run, without what is of this machine."""
        stage = run.stage
        settings = {name: value for name, value in vars(stage.settings).items() if not _is_of_a_machine(name)}
        days, texts, market = list(stage.days), dict(run.texts), stage.market.files()
        return cls(settings, stage.plan, days, stage.sectors, stage.every, texts, run.name, run.seed, market)

    @property
    def id(self) -> str:
        """Named by its content: begun again, a command finds what was played for it."""
        said = [
            version("perun-trading"),
            self.plan.model_dump_json(),
            [session.day.isoformat() for session in self.days],
            [*self.sectors],
            sorted(prompt.hash for prompt in self.texts.values()),
            sorted((name, hashlib.sha256(body).hexdigest()) for name, body in self.market.items()),
            str(self.settings["news_dir"]),
            [self.every, self.name, self.seed],
        ]
        return f"evaluation:{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]}"

    def staged(self, mine: Settings, home: Path) -> Run:
        """The run once more, on a machine with those settings, with its books below `home`.

        Raises:
            ConfigurationError: another mind would answer there, or other news would be read.
        """
        settings = mine.model_copy(update=dict(self.settings))
        if (asked := provider(settings)) != self.plan.provider:
            raise ConfigurationError(f"its keys let it ask {asked}, and the plan says {self.plan.provider}")
        if settings.news_dir and RecordedNews.load(settings.news_dir).fingerprint != self.plan.news:
            raise ConfigurationError(f"it sees other news in {settings.news_dir}")
        market = home / "market"
        market.mkdir(parents=True, exist_ok=True)
        for name, body in self.market.items():
            (market / name).write_bytes(body)
        stage = Stage(
            settings=settings,
            plan=self.plan,
            market=RecordedMarket.from_folder(market),
            days=self.days,
            folder=home,
            answers=Answers(data_folder(mine) / "var" / "answers.db"),
            sectors=self.sectors,
            every=self.every,
        )
        return Run(stage, self.texts, self.name, self.seed)


def packed(what: object) -> bytes:
    """For the database: it holds what processes of ours wrote, and nobody else's."""
    return zlib.compress(pickle.dumps(what))


def unpacked(body: bytes) -> Any:
    """What was packed."""
    return pickle.loads(zlib.decompress(body))


class Workers(Executor):
    """An executor whose work is replays, played by `perun worker` processes: its threads only wait for them."""

    def __init__(self, evaluations: Evaluations, taken: Callable[[], set[str]]) -> None:
        """What is handed over, and from where: the seats at which somebody plays."""
        self._evaluations, self._taken, self._ended = evaluations, taken, Event()
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "evaluation")
        self._known: set[str] = set()

    def map(self, fn: Callable[..., Any], *runs: Iterable[Any], **_: Any) -> Iterator[Any]:
        """What comes of the runs, in their order; to play them is all that is asked of anybody here."""
        return self._threads.map(self._played, *runs)

    def _played(self, run: Run) -> RunTold:
        evaluation = Evaluation.of(run)
        self._evaluations.hand_over(evaluation.id, packed(evaluation))
        self._known.add(evaluation.id)
        told = unpacked(self._answer(evaluation.id))
        if isinstance(told, RunTold):
            return told
        self._known.remove(evaluation.id)
        self._evaluations.forget(evaluation.id)
        raise ConfigurationError(told)

    def _answer(self, id: str) -> bytes:
        for look in count(1):
            if (body := self._evaluations.answer(id)) is not None:
                return body
            if self._ended.wait(_LOOK_SECONDS):
                break
            if look % _LOOKS_BETWEEN == 0:
                self._see_that_somebody_plays(id)
        raise Unavailable("the evaluation was taken back")

    def _see_that_somebody_plays(self, id: str) -> None:
        """Have another go on where one died. A worker that is begun again takes a while to sit down."""
        for _ in range(_LOOKS_ALONE):
            if alive := self._taken():
                begun_by = self._evaluations.seat_of(id)
                if begun_by is not None and begun_by not in alive:
                    self._evaluations.hand_on(id)
                return
            if self._ended.wait(_LOOK_SECONDS):
                return
        raise Unavailable("every perun worker is gone: the same command goes on with what was played")

    def let_go(self, *, is_done: bool) -> None:
        """At the end what came of each is forgotten; when cut short, what nobody has begun is taken back."""
        self._ended.set()
        self._threads.shutdown(cancel_futures=True)
        for id in self._known:
            if is_done:
                self._evaluations.forget(id)
            else:
                self._evaluations.take_back(id)


@contextmanager
def at_work(settings: Settings, tell: Tell) -> Iterator[Workers | None]:
    """The workers that are alive at the shared database; None where there is none.

    Raises:
        LedgerUnavailable: the database does not answer.
    """
    server = Server.at(durable_url(settings)) if is_shared(settings) else None
    seated = len(seats_taken(server)) if server else 0
    if server is None or not seated:
        yield None
        return
    tell(f"handed to perun workers: {seated} play")
    with open_evaluations(durable_url(settings)) as handed:
        workers = Workers(handed, lambda: seats_taken(server))
        is_done = False
        try:
            yield workers
            is_done = True
        finally:
            workers.let_go(is_done=is_done)


def _is_of_a_machine(setting: str) -> bool:
    return setting in _OF_THIS_MACHINE or is_secret(setting)
