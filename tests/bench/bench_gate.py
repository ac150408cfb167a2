"""How long the gate takes for one order and for a batch of a hundred: a measurement, not a verdict."""

from collections.abc import Callable
from statistics import median

from perun.tools.domain.clock import stopwatch
from perun.tools.risk.gate import Cleared, clear, clear_batch
from support.gate import ASK, ATR, entry, limits, position, quote, situation

BATCH = 100
ROUNDS = 30
SYMBOLS = [f"{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(BATCH)]


def seconds(work: Callable[[], object]) -> float:
    """Median time of the work."""
    times = []
    for _ in range(ROUNDS):
        started = stopwatch()
        work()
        times.append(stopwatch() - started)
    return median(times)


def test_one_order_and_a_batch() -> None:
    desk = situation(
        positions=[position("HELD")],
        quotes=[quote(symbol, ASK) for symbol in SYMBOLS],
        atr=dict.fromkeys(SYMBOLS, ATR),
    )
    lines = limits(max_open_positions=BATCH + 1, max_order_notional=ASK * 5)
    proposals = [entry(symbol) for symbol in SYMBOLS]
    assert all(isinstance(decision, Cleared) for _, decision in clear_batch(proposals, desk, lines))
    one = seconds(lambda: clear(proposals[0], desk, lines))
    batch = seconds(lambda: clear_batch(proposals, desk, lines))
    print(
        f"one order {one * 1e6:5.0f} µs; a batch of {BATCH} {batch * 1e3:5.1f} ms, "
        f"{batch / BATCH / one:4.1f} times as long for each of its orders"
    )
