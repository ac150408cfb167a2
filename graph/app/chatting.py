"""From settings to the reading desk that conversations are held at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from perun.agents.chronicler import DESK
from perun.agents.models import Mind
from perun.agents.prompting import Prompt, load_prompts
from perun.agents.roles import CHRONICLER, TRADER
from perun.graph.app import commanding
from perun.graph.app.hushing import redaction
from perun.graph.app.reading import read_settings
from perun.graph.app.settings import Settings
from perun.graph.app.speakers import minds, provider, purse
from perun.graph.app.venues import open_venue
from perun.graph.app.wiring import data_folder, ledger_place
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.record import Record
from perun.graph.chat.transcript import Transcript
from perun.graph.hushed import hushed
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.memory.memdir import Memdir
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import KeyRefused, Unavailable
from perun.tools.domain.events import Event, Usage

Notice = Callable[[Event], None]


def unnoticed(event: Event) -> None:
    """Shows no progress."""


@contextmanager
def open_desk(overrides: Mapping[str, str], notice: Notice = unnoticed) -> Iterator[ReadingDesk]:
    """What conversations read. No broker stays open behind it.

    Raises:
        ConfigurationError: settings, ledger or a model cannot be used.
        BrokerUnavailable, KeyRefused: the broker does not say whose account it is, and no cycle on record does.
    """
    settings = read_settings(overrides).settings
    folder, clock = data_folder(settings), SystemClock()
    with open_ledger(ledger_place(settings), clock, redaction=redaction(settings)) as ledger:
        yield ReadingDesk(
            record=Record(ledger, _account(settings, folder, ledger), Memdir(folder / "memdir")),
            open_transcript=lambda name, told: Transcript(ledger, name, clock, told),
            halt=lambda reason, who: commanding.halt(reason, overrides, who),
            minds=_voices(settings, ledger),
            prompt=_prompt(),
            tool_rounds=settings.llm_tool_rounds,
            fork=lambda cycle_id, limits: _forked(cycle_id, limits, overrides),
            notice=notice,
        )


def _forked(cycle_id: str, limits: Sequence[str], overrides: Mapping[str, str]) -> str:
    """Judge the cycle again at the gate, where nobody is asked anything; the stream in which that stands."""
    from perun.graph.app import forking  # the memory's index takes its time to load, and most talk needs none

    document = forking.forked(cycle_id, forking.Otherwise(at="gate", limits=limits), overrides)
    stream: str = document["forks"][0]["stream"]
    return stream


def _account(settings: Settings, folder: Path, ledger: Ledger) -> str:
    """Whose record it is; when the broker does not say, the account of the newest cycle on record."""
    try:
        with open_venue(settings, folder) as venue:
            return venue.account
    except (Unavailable, KeyRefused):
        cycles = [found for name in ledger.events.streams() if (found := ledger.cycles.by_id(name))]
        if not cycles:
            raise
        return max(cycles, key=lambda cycle: cycle.started_at).account


def _voices(settings: Settings, ledger: Ledger) -> Callable[[], dict[str, Mind]]:
    """For each turn: a mind for each voice, without secrets, with what a cycle may spend; none for the baseline."""
    if provider(settings) == "baseline":
        return dict
    by_role = minds(settings)
    voices, money = {**by_role, DESK: by_role[TRADER.name]}, purse(settings)

    def held() -> dict[str, Mind]:
        today = ledger.spending.on_day_of(SystemClock().now()).cost_usd
        return hushed(money.open(Usage(), today).over(voices), ledger.redaction)

    return held


def _prompt() -> Prompt:
    with resources.as_file(resources.files("perun.agents.prompts")) as folder:
        return load_prompts(folder, {CHRONICLER.name: CHRONICLER.holes})[CHRONICLER.name]
