"""`perun run`: one cycle from settings to its result."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perun.graph.app.reading import read_settings
from perun.graph.slots import check_slot


def run(overrides: Mapping[str, str], slot: str | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Run one cycle; `say` takes progress for a person, a line at a time.

    Returns:
        The document `perun.cycle/1`.
    """
    configuration = read_settings(overrides)
    for warning in configuration.warnings:
        say(f"perun: {warning}")
    settings = configuration.settings
    if settings.broker == "embedded":
        _refuse_unknown(settings.default_symbols)
    check_slot(slot)
    from perun.graph.app.speakers import introduce
    from perun.graph.app.telemetry import telemetry
    from perun.graph.app.wiring import forget_old_steps, open_floor
    from perun.graph.cycle import run_cycle

    with open_floor(settings) as floor:
        who, *notes = introduce(floor.minds.values(), floor.purse.prices)
        say(f"perun: {floor.mode} account {floor.account}, {floor.book.clock().now:%Y-%m-%d}, asking {who}")
        for note in notes:
            say(f"perun: {note}")
        with telemetry(settings, floor.hand.ledger, say) as tell:
            document = run_cycle(floor, settings.default_symbols, slot)
            tell(document)
        forget_old_steps(settings, floor)
        for cycle in floor.hand.ledger.cycles.unfinished(floor.account):
            say(f"perun: the cycle {cycle.slot} was interrupted: perun run --slot {cycle.slot} goes on with it")
        return document


def exit_code(document: Mapping[str, Any]) -> int:
    """The contract's exit code for the outcome."""
    from perun.graph.result import EXIT_CODES

    return EXIT_CODES[document["outcome"]]


def _refuse_unknown(symbols: Sequence[str]) -> None:
    """Find a slip of the pen before anything slow is loaded.

    Raises:
        UnknownSymbol: the recorded market does not hold one of them.
    """
    from perun.tools.market.recorded import RecordedMarket

    market = RecordedMarket.shipped()
    for symbol in symbols:
        market.first_session(symbol)
