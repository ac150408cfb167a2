"""What would have flipped a decision: the limits that denied it or came nearest to it, and a fork with other limits."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol

from perun.graph.chat.checking import Claim
from perun.graph.chat.citations import of_event, of_fork
from perun.graph.chat.record import Record, Row, judged, row_of
from perun.graph.ledger.cycles import Cycle
from perun.tools.domain.events import VerdictGiven
from perun.tools.domain.money import plain
from perun.tools.domain.verdicts import Verdict
from perun.tools.risk.levers import lever

NEAREST: Final = 3
"""Limits that are named when an order was cleared."""

_OF_THE_MOMENT: Final = frozenset(
    {"CLOCK_SKEW", "MARKET_DATA_INVALID", "MAX_SPREAD", "PRICE_COLLAR", "PRICE_JUMP", "STALE_MARKET_DATA"}
)
"""Checks of prices and clocks: no wish would have come nearer to them."""


class Fork(Protocol):
    """A cycle judged again by other limits, without a hand that trades."""

    def __call__(self, cycle_id: str, limits: Sequence[str]) -> str:
        """Fork the cycle at the gate, and name the stream in which it stands.

        Args:
            cycle_id: The cycle.
            limits: What is otherwise: `MAX_POSITION_PERCENT=30`.

        Raises:
            ConfigurationError: one of them is no limit or has no such value, or the cycle never came to the gate.
        """
        ...


def judged_by(
    record: Record, fork: Fork, cycle: Cycle, symbols: Sequence[str], limits: Sequence[str]
) -> Iterator[Claim]:
    """What the gate says of each order when its limits are others; measured by a fork, not guessed."""
    stream = fork(cycle.cycle_id, limits)
    events = record.fork(stream)
    told = of_fork(stream, events[0].seq)
    said = f"With {' and '.join(limits)}, and the other limits as they are set now,"
    for stored in events:
        if isinstance(stored.event, VerdictGiven) and stored.event.verdict.symbol in symbols:
            verdict = stored.event.verdict
            yield Claim(
                f"{said} {_judged(verdict)}",
                (told, of_fork(stream, stored.seq)),
            )


def _judged(verdict: Verdict) -> str:
    if verdict.terms is not None and verdict.cleared:
        return f"{verdict.symbol} would be cleared for {plain(verdict.terms.qty)} shares."
    against = "; ".join(f"{each.code} measured {each.measured}, allowed {each.allowed}" for each in verdict.breaches)
    return f"{verdict.symbol} would be denied: {against}."


def flips(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """What stood in the way of an order, or how near the limits were; of a HOLD, whose it was."""
    verdict, signal = judged(story, symbol), row_of(story["signals"], symbol)
    if verdict is not None:
        cites = (of_event(cycle, verdict["event"]),)
        for check in verdict["checks"]:
            if not check["passed"]:
                said = f"{symbol} was denied because {check['code']} measured {check['measured']}"
                text = f"{said}; it had to be {check['allowed']}. Governed by {lever(check['code'])}."
                yield Claim(text, (*cites, f"[rule:{check['code']}]"))
        yield from nearest(cycle, verdict)
    elif signal is not None:
        cites = (of_event(cycle, signal["event"]),)
        wished = f"The trader wished {signal['action']} of {symbol} with confidence {signal['confidence']:.2f}"
        yield Claim(f"{wished}, so no limit decided: another wish of the trader would have.", cites)


def nearest(cycle: Cycle, verdict: Row | None) -> Iterator[Claim]:
    """The limits that a cleared order came nearest to, the tightest first."""
    if verdict is None or not verdict["cleared"]:
        return
    used = {check["code"]: check for check in verdict["checks"] if _used(check) is not None}
    tightest = sorted(used.values(), key=lambda check: _used(check) or Decimal(0), reverse=True)[:NEAREST]
    for check in tightest:
        said = f"{verdict['symbol']} came nearest to {check['code']}"
        text = f"{said}: measured {check['measured']}, allowed {check['allowed']}."
        yield Claim(text, (of_event(cycle, verdict["event"]), f"[rule:{check['code']}]"))


def _used(check: Row) -> Decimal | None:
    """How much of a limit was used, as a ratio below one; None for what is no limit from above."""
    if check["code"] in _OF_THE_MOMENT:
        return None
    try:
        measured, allowed = Decimal(check["measured"]), Decimal(check["allowed"])
    except InvalidOperation:
        return None
    return measured / allowed if allowed > 0 and 0 < measured <= allowed else None
