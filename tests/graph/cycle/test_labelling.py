"""When labelling looks and when it does not, and what it does when it cannot see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.graph.desk import Desk
from perun.graph.labelling import label
from perun.graph.ledger.ledger import open_ledger
from perun.graph.revision import Revision
from perun.memory.aftermath import Horizon
from perun.memory.entries import Kind
from perun.memory.memdir import unreported
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import MarketUnavailable
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.market import MarketClock
from support.floor import parts, settings

SYMBOLS = ("AAPL", "IBM")


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk after two cycles."""
    folder = tmp_path_factory.mktemp("june")
    with open_floor(settings(folder), parts()) as floor:
        for _ in range(2):
            run_cycle(floor, SYMBOLS)
    return folder


def test_when_the_market_cannot_be_read_then_the_cycle_goes_on_and_the_record_says_so(june: Path) -> None:
    class Silent:
        def bars(self, symbol: str, count: int) -> object:
            raise MarketUnavailable("no answer")

    noted: list[ErrorNoted] = []
    with open_floor(settings(june), parts()) as floor:
        silent = SimpleNamespace(
            book=floor.book,
            market=SimpleNamespace(at=lambda as_of: Silent()),
            recorder=SimpleNamespace(record=noted.append),
        )
        label(cast(Desk, silent), floor.hand.ledger, floor.account, SYMBOLS)
    assert [(event.where, event.message) for event in noted] == [
        ("label", f"no prices of {symbol}, so no outcomes: no answer") for symbol in SYMBOLS
    ]


def test_when_no_session_has_ended_since_the_last_cycles_then_neither_market_nor_memory_is_asked(
    tmp_path: Path,
) -> None:
    morning = datetime(2009, 6, 1, 14, tzinfo=UTC)
    with open_ledger(tmp_path / "perun.db", StoppedClock(morning)) as ledger:
        for number in range(2):
            cycles, as_of = ledger.cycles, morning + timedelta(minutes=30 * number)
            cycles.claim(f"cycle-{number}", "a", f"slot-{number}", "embedded", as_of, SYMBOLS, as_of)
            cycles.finish(f"cycle-{number}", "held", "{}", as_of)
        noon = morning + timedelta(hours=2)
        clock = MarketClock(
            now=noon, is_open=True, next_open=noon + timedelta(days=1), next_close=noon.replace(hour=20)
        )
        blind = SimpleNamespace(book=SimpleNamespace(clock=lambda: clock))
        label(cast(Desk, blind), ledger, "a", SYMBOLS)
        for over in (noon.replace(hour=20), noon.replace(hour=21)):
            is_open, close = over.hour == 20, noon.replace(hour=20) + timedelta(days=over.hour - 20)
            after = clock.model_copy(update={"now": over, "is_open": is_open, "next_close": close})
            blind.book = SimpleNamespace(clock=lambda now=after: now)
            with pytest.raises(AttributeError, match="market"):  # the session is over: now it is asked
                label(cast(Desk, blind), ledger, "a", SYMBOLS)


def test_when_an_entry_is_credited_and_labelled_in_one_run_then_it_keeps_both(june: Path) -> None:
    with open_floor(settings(june), parts()) as floor:
        known = floor.memory.files.entries(unreported)
        cited, signal = [each for each in known if each.kind is Kind.SIGNAL and each.outcomes]
        revision = Revision(floor.memory)
        revision.outcomes(cited, signal.outcomes)
        revision.credit(signal, 1, [cited.evidence])
        revision.outcomes(cited, [signal.outcomes[0].model_copy(update={"horizon": Horizon.TWENTY})])
        both = revision.read(cited.id)
    assert both
    assert [each.decision for each in both.credits] == [signal.id]
    assert both.outcome(Horizon.TWENTY)
