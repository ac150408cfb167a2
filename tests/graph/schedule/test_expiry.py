"""An interrupted cycle that is found again too late is not acted on."""

from datetime import timedelta
from pathlib import Path

from perun.graph.app.wiring import open_floor
from perun.graph.cycle import run_cycle
from perun.graph.result import EXIT_CODES
from support.floor import parts, settings
from support.minds import saying

SYMBOLS = ("AAPL", "IBM")


def test_when_an_interrupted_cycle_is_found_too_late_then_its_slot_ends_expired_and_nobody_is_asked(
    tmp_path: Path,
) -> None:
    mind = saying("never")
    with open_floor(settings(tmp_path), parts(mind)) as floor:
        now = floor.book.clock().now
        cycles, account = floor.hand.ledger.cycles, floor.account
        old = now - timedelta(seconds=601)
        cycles.claim(f"cycle:{account}:late", account, "late", "embedded", old, SYMBOLS, floor.clock.now())
        document = run_cycle(floor, SYMBOLS, "late")
        assert (document["outcome"], EXIT_CODES[document["outcome"]], mind.calls) == ("expired", 5, 0)
        assert document["errors"] == [
            "expired: interrupted and found again 601 seconds after its facts were gathered; they hold 600"
        ]
        assert run_cycle(floor, SYMBOLS, "late")["outcome"] == "duplicate"
        assert floor.book.clock().now == now


def test_when_an_interrupted_cycle_is_found_in_time_then_it_is_gone_on_with(tmp_path: Path) -> None:
    with open_floor(settings(tmp_path), parts()) as floor:
        cycles, account = floor.hand.ledger.cycles, floor.account
        young = floor.book.clock().now - timedelta(seconds=600)
        cycles.claim(f"cycle:{account}:young", account, "young", "embedded", young, SYMBOLS, floor.clock.now())
        assert run_cycle(floor, SYMBOLS, "young")["outcome"] == "traded"
