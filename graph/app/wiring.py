"""From settings to a floor: which clock, broker, market, models and memory stand behind the ports."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from perun.agents.models import Mind
from perun.agents.prompting import Prompt, load_prompts
from perun.agents.roles import HOLES
from perun.graph.app.hushing import redaction
from perun.graph.app.lines import limits
from perun.graph.app.settings import Settings
from perun.graph.app.sources import archive, news, web
from perun.graph.app.speakers import minds, purse
from perun.graph.app.venues import Venue, open_venue
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.shelf import Shelf
from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder, MiniLM
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.clock import Clock, SystemClock
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable, MemoryUnavailable
from perun.tools.domain.ports import BookReader
from perun.tools.market.recorded import RecordedMarket
from perun.tools.risk.limits import Limits

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

    from perun.graph.cycle import Floor
    from perun.graph.nodes.execute import Hand

_LOCK_SECONDS = 300


def data_folder(settings: Settings) -> Path:
    """DATA_DIR, made if need be and proved writable.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    folder = settings.data_dir.expanduser().absolute()
    try:
        (folder / "var").mkdir(parents=True, exist_ok=True)
        probe = folder / "var" / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"DATA_DIR={folder} cannot be written ({error.strerror}): name a folder that you may write"
        ) from error
    return folder


def refuse_what_is_not_built(settings: Settings) -> None:
    """Choices that settings know and this version cannot serve.

    Raises:
        ConfigurationError: one line for each.
    """
    wanted = {
        "ALLOW_SHORT=true": settings.allow_short,
        "DATABASE_URL": settings.database_url is not None,
        "CHROMA_URL": settings.chroma_url is not None,
    }
    lines = [f"{choice} is not served by this version yet: leave it out" for choice, said in wanted.items() if said]
    if lines:
        raise ConfigurationError("\n".join(lines))


def registry(folder: Path, ledger: Ledger, clock: Clock) -> Registry:
    """The prompts of the package and of DATA_DIR, with their labels."""
    return Registry(Shelf(folder / "prompts", packaged_prompts()), ledger.events, clock)


def packaged_prompts() -> dict[str, Prompt]:
    """Every role's prompt, from the files of the package."""
    with resources.as_file(resources.files("perun.agents.prompts")) as folder:
        return load_prompts(folder, HOLES)


def ledger_path(folder: Path) -> Path:
    """Where the ledger lies."""
    return folder / "var" / "perun.db"


@dataclass(frozen=True)
class Parts:
    """What may stand in for a floor's own parts: another market, other minds, another embedder."""

    market: RecordedMarket | None = None
    minds: dict[str, Mind] | None = None
    embedder: Embedder | None = None


@dataclass(frozen=True)
class Station:
    """The part of a floor that needs no mind: ledger, broker and market. A person's commands work from here."""

    venue: Venue
    clock: Clock
    hand: "Hand"
    limits: Limits

    @property
    def account(self) -> str:
        """Whose orders and books these are."""
        return self.venue.account

    @property
    def book(self) -> BookReader:
        """What the broker knows of the account."""
        return self.venue.book


@contextmanager
def open_station(
    settings: Settings, market: RecordedMarket | None = None, lock_seconds: float = _LOCK_SECONDS
) -> Iterator[Station]:
    """Ledger, venue and gated broker, under the desk's lock. Whatever opens a file is closed with the block.

    Raises:
        ConfigurationError: something in settings or on disk cannot be used.
        LedgerUnavailable: another run holds the desk for longer than `lock_seconds`.
        BrokerUnavailable: the broker does not answer.
    """
    from perun.graph.nodes.execute import Hand
    from perun.graph.watch import Watch

    refuse_what_is_not_built(settings)
    folder, clock, lines = data_folder(settings), SystemClock(), limits(settings)
    with ExitStack() as stack:
        stack.enter_context(_alone(folder, lock_seconds))
        ledger = stack.enter_context(open_ledger(ledger_path(folder), clock, redaction=redaction(settings)))
        venue = stack.enter_context(open_venue(settings, folder, market))
        watch = Watch(ledger, venue.account, folder / "HALT", clock)
        broker = GatedBroker(venue.book, venue.writer, venue.market, lines, watch.standing)
        yield Station(venue, clock, Hand(broker, ledger, venue.account, venue.pace, watch, sleep), lines)


@contextmanager
def open_floor(settings: Settings, parts: Parts = Parts()) -> Iterator["Floor"]:
    """Everything a cycle is run with.

    Raises:
        ConfigurationError, LedgerUnavailable: as for a station; or a model or prompt cannot be used.
    """
    from perun.graph.cycle import Floor

    speakers, embedder = parts.minds or minds(settings) | web(settings), parts.embedder or MiniLM()
    with ExitStack() as stack:
        station = stack.enter_context(open_station(settings, parts.market))
        station.venue.check()
        folder = data_folder(settings)
        yield Floor(
            mode=station.venue.mode,
            account=station.account,
            clock=station.clock,
            market=station.venue.market,
            book=station.book,
            hand=station.hand,
            memory=stack.enter_context(_memory(folder, embedder)),
            news=news(settings),
            archive=archive(settings, folder),
            minds=speakers,
            prompts=registry(folder, station.hand.ledger, station.clock).speakers,
            purse=purse(settings),
            tool_rounds=settings.llm_tool_rounds,
            limits=station.limits,
            checkpointer=stack.enter_context(_checkpoints(folder / "var" / "checkpoints.db")),
            default_slot=station.venue.default_slot,
        )


@contextmanager
def _memory(folder: Path, embedder: Embedder) -> Iterator[Memory]:
    """The memory, its index brought in line with its files where that can be done."""
    memory = Memory(Memdir(folder / "memdir"), ChromaIndex(folder / "chroma", embedder))
    try:
        with suppress(MemoryUnavailable):  # recall says so in the cycle's record
            memory.catch_up()
        yield memory
    finally:
        memory.close()


@contextmanager
def _alone(folder: Path, seconds: float) -> Iterator[None]:
    """The desk's lock: one run at a time on one DATA_DIR. The lock frees itself when its process dies."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "var" / "desk.lock", timeout=seconds):
            yield
    except Timeout as error:
        raise LedgerUnavailable(f"another perun has held {folder} for {seconds:g} seconds: wait, or end it") from error


@contextmanager
def _checkpoints(path: Path) -> Iterator["SqliteSaver"]:
    """The graph's own store, in which an interrupted cycle waits; only types of ours are read back from it."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    from perun.graph.state import SPOKEN

    serde = JsonPlusSerializer(allowed_msgpack_modules=[(type_.__module__, type_.__name__) for type_ in SPOKEN])
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        saver = SqliteSaver(connection, serde=serde)
        saver.setup()
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"{path} is damaged ({error}): move it away; an interrupted cycle then starts over and sends nothing twice"
        ) from error
    try:
        yield saver
    finally:
        connection.close()
