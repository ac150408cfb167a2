"""What would have flipped a decision, as far as the record tells: limits that denied it, or came nearest to it."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol

from perun.graph.chat.checking import Claim
from perun.graph.chat.citations import of_event
from perun.graph.chat.record import Row, row_of
from perun.graph.ledger.cycles import Cycle

NEAREST: Final = 3
"""Limits that are named when an order was cleared."""

_OF_THE_MOMENT: Final = frozenset(
    {"CLOCK_SKEW", "MARKET_DATA_INVALID", "MAX_SPREAD", "PRICE_COLLAR", "PRICE_JUMP", "STALE_MARKET_DATA"}
)
"""Checks of prices and clocks: no wish would have come nearer to them."""


class Fork(Protocol):
    """A cycle run again otherwise, without a hand that trades."""

    def flips(self, cycle_id: str, change: str) -> str:
        """What the decision becomes with the change, in one sentence."""
        ...


def flips(cycle: Cycle, story: Row, symbol: str) -> Iterator[Claim]:
    """What stood in the way of an order, or how near the limits were; of a HOLD, whose it was."""
    verdict, signal = row_of(story["verdicts"], symbol), row_of(story["signals"], symbol)
    if verdict is not None:
        cites = (of_event(cycle, verdict["event"]),)
        for check in verdict["checks"]:
            if not check["passed"]:
                said = f"{symbol} was denied because {check['code']} measured {check['measured']}"
                yield Claim(f"{said}; it had to be {check['allowed']}.", (*cites, f"[rule:{check['code']}]"))
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
