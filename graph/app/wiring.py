"""From settings to a floor: which clock, broker, market, models and memory stand behind the ports."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from perun.agents.models import Mind
from perun.agents.prompting import Prompt, load_prompts
from perun.agents.roles import HOLES, MENTOR
from perun.graph.app.hushing import redaction
from perun.graph.app.lines import limits
from perun.graph.app.remembering import open_memory
from perun.graph.app.settings import Settings
from perun.graph.app.sources import archive, news, web
from perun.graph.app.speakers import minds, purse, with_mentor
from perun.graph.app.venues import MarketTime, Venue, open_venue
from perun.graph.ledger.ledger import Ledger, Place, Remote, open_ledger
from perun.graph.ledger.postgres import Server
from perun.graph.optimize.registry import Registry
from perun.graph.optimize.shelf import Shelf
from perun.graph.tenure import Tenure, take
from perun.memory.embedding import Embedder, MiniLM
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.clock import Clock, SystemClock
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.domain.ports import BookReader
from perun.tools.domain.standing import Standing
from perun.tools.market.recorded import RecordedMarket
from perun.tools.risk.limits import Limits

if TYPE_CHECKING:
    from perun.graph.checkpoint_store import Saver
    from perun.graph.cycle import Floor
    from perun.graph.nodes.execute import Hand
    from perun.graph.submission import OrderDesk


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
        probe.unlink(missing_ok=True)  # others prove it at the same moment
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
    }
    lines = [f"{choice} is not served by this version yet: leave it out" for choice, said in wanted.items() if said]
    if lines:
        raise ConfigurationError("\n".join(lines))


def registry(folder: Path, ledger: Ledger, clock: Clock) -> Registry:
    """The prompts of the package and of DATA_DIR, with their labels."""
    return Registry(Shelf(folder / "prompts", packaged_prompts()), ledger.events, clock)


def packaged_prompts(holes: Mapping[str, frozenset[str]] = HOLES) -> dict[str, Prompt]:
    """The roster's prompts, or those of the roles that are named with their holes, from the files of the package."""
    with resources.as_file(resources.files("perun.agents.prompts")) as folder:
        return load_prompts(folder, holes)


def ledger_path(folder: Path) -> Path:
    """Where the ledger's file lies, when it is a file."""
    return folder / "var" / "perun.db"


def ledger_place(settings: Settings) -> Place:
    """Where the ledger lies: on the server that DATABASE_URL names, or in a file of DATA_DIR.

    Raises:
        ConfigurationError: DATABASE_URL is no address of a server, or nothing can be written in DATA_DIR.
    """
    folder, address = data_folder(settings), settings.database_url
    if address is None:
        return ledger_path(folder)
    return Remote(Server.at(address.get_secret_value()), folder / "var" / "intents.txt")


@dataclass(frozen=True)
class Parts:
    """What may stand in for a floor's own parts: another market, other minds, another embedder, other prompts."""

    market: RecordedMarket | None = None
    minds: dict[str, Mind] | None = None
    embedder: Embedder | None = None
    prompts: dict[str, Prompt] | None = None
    replayed: bool = False
    """A floor for recorded days alone: it lives in the market's own time, keeps no checkpoints, and waits for no disk.

    What it writes outlives its process, so that it goes on where it was killed; a loss of power costs no more than days
    that can be played again.
    """


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

    def counter(self) -> "OrderDesk":
        """Where orders are handed in that no cycle makes."""
        return self.hand.counter_between_cycles(self.book, self.clock)


@contextmanager
def open_station(
    settings: Settings,
    market: RecordedMarket | None = None,
    lock_seconds: float | None = None,
    *,
    command: str = "run",
    replayed: bool = False,
    only_exits: bool = False,
) -> Iterator[Station]:
    """Ledger, venue and gated broker, for the one desk of the account. Whatever opens a file is closed with the block.

    With `only_exits` a bad list of sectors does not stand in the way of whoever stops or closes. `command` is what
    others are told who wait for the desk; they wait DESK_WAIT_SECONDS when `lock_seconds` does not say otherwise.

    Raises:
        ConfigurationError: something in settings or on disk cannot be used.
        LedgerUnavailable: another process holds the desk for longer than that, or the database does not answer.
        BrokerUnavailable: the broker does not answer.
    """
    from perun.graph.nodes.execute import Hand
    from perun.graph.watch import Watch

    refuse_what_is_not_built(settings)
    folder, lines = data_folder(settings), limits(settings, with_own_sectors=not only_exits)
    market_time, system = MarketTime(), SystemClock()
    clock: Clock = market_time if replayed else system
    with ExitStack() as stack:
        place, durable = (ledger_path(folder), False) if replayed else (ledger_place(settings), True)
        ledger = stack.enter_context(open_ledger(place, system, redaction=redaction(settings), durable=durable))
        venue = stack.enter_context(open_venue(settings, folder, market, durable=durable))
        home = place.server if isinstance(place, Remote) else folder / "var"
        patience = settings.desk_wait_seconds if lock_seconds is None else lock_seconds
        tenure = stack.enter_context(take(venue.account, home, patience, system, command, sleep))
        market_time.follow(venue.book)
        watch = Watch(ledger, venue.account, folder / "HALT", clock)
        broker = GatedBroker(venue.book, venue.writer, venue.market, lines, _while(tenure, watch.standing))
        yield Station(venue, clock, Hand(broker, ledger, venue.account, venue.pace, watch, sleep), lines)


@contextmanager
def open_floor(settings: Settings, parts: Parts = Parts(), command: str = "run") -> Iterator["Floor"]:
    """Everything a cycle is run with; `command` is what others are told who wait for the desk.

    Raises:
        ConfigurationError, LedgerUnavailable: as for a station; or a model or prompt cannot be used.
    """
    from perun.graph.cycle import Floor

    speakers, embedder = parts.minds or with_mentor(minds(settings)) | web(settings), parts.embedder or MiniLM()
    with ExitStack() as stack:
        station = stack.enter_context(open_station(settings, parts.market, command=command, replayed=parts.replayed))
        if not parts.replayed:  # a replay that came to the recording's end is still told
            station.venue.check()
        folder = data_folder(settings)
        yield Floor(
            mode=station.venue.mode,
            account=station.account,
            clock=station.clock,
            market=station.venue.market,
            book=station.book,
            hand=station.hand,
            memory=stack.enter_context(open_memory(settings, folder, embedder, durable=not parts.replayed)),
            news=news(settings),
            archive=archive(settings, folder),
            asides=packaged_prompts({MENTOR.name: MENTOR.holes}),
            minds=speakers,
            prompts=_spoken(parts.prompts) or registry(folder, station.hand.ledger, station.clock).speakers,
            purse=purse(settings),
            tool_rounds=settings.llm_tool_rounds,
            limits=station.limits,
            checkpointer=None if parts.replayed else stack.enter_context(_checkpoints(settings)),
            default_slot=station.venue.default_slot,
        )


def forget_old_steps(settings: Settings, floor: "Floor") -> int:
    """Let go of the checkpoints of cycles that ended long ago; how many cycles that were."""
    from perun.graph.checkpoint_store import prune_checkpoints

    keep = settings.checkpoint_keep_cycles
    with suppress(LedgerUnavailable):  # the cycle is done; the next one tries again
        return prune_checkpoints(floor.checkpointer, floor.hand.ledger, floor.account, keep)
    return 0


def _spoken(texts: dict[str, Prompt] | None) -> Callable[[Mapping[str, str]], dict[str, Prompt]] | None:
    return None if texts is None else lambda _pinned: texts


def _while(tenure: Tenure, standing: Callable[[], Standing]) -> Callable[[], Standing]:
    """How the desk stands, asked by one that still is the account's desk."""

    def confirmed() -> Standing:
        tenure.confirm()
        return standing()

    return confirmed


def the_embedder() -> Embedder:
    """What turns texts into vectors."""
    return MiniLM()


def checkpoint_place(settings: Settings) -> Path | Server:
    """Where an interrupted cycle waits: beside the ledger.

    Raises:
        ConfigurationError: as for the ledger's place.
    """
    place = ledger_place(settings)
    return place.server if isinstance(place, Remote) else place.with_name("checkpoints.db")


def _checkpoints(settings: Settings) -> "AbstractContextManager[Saver]":
    from perun.graph.checkpoint_store import open_checkpoints

    return open_checkpoints(checkpoint_place(settings), redaction(settings))
