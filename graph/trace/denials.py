"""What stood against an order: each rule that denied it, how far it was missed, and by what a person moves it."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from perun.graph.trace.reading import Stretch
from perun.tools.domain.events import VerdictGiven
from perun.tools.domain.money import plain
from perun.tools.domain.verdicts import Check
from perun.tools.risk.levers import lever


def denials(trace: Stretch) -> list[dict[str, Any]]:
    """A row for each denial, of the gate or of the check at the wire, with the rules that denied and no others."""
    return [
        {
            "event": trace.cite(stored),
            "stage": given.stage,
            "symbol": given.verdict.symbol,
            "action": given.verdict.action.value,
            "rules": [_row(check) for check in given.verdict.breaches],
        }
        for stored, given in trace.all(VerdictGiven)
        if not given.verdict.cleared and trace.symbol in {None, given.verdict.symbol}
    ]


def headroom(measured: str, limit: str) -> str | None:
    """What was left of a limit, negative where it was broken; None where the two are no numbers."""
    least = limit.startswith(">=")
    try:
        found, bound = Decimal(measured), Decimal(limit.removeprefix(">=").strip())
    except InvalidOperation:
        return None
    if not (found.is_finite() and bound.is_finite()):
        return None
    return plain(found - bound if least else bound - found)


def in_words(check: dict[str, Any]) -> Iterator[str]:
    """Of a check as the record has it: what it measured, how far off that was, and what governs it."""
    yield f"measured {check['measured']}, allowed {check['allowed']}"
    if (left := headroom(check["measured"], check["allowed"])) is not None:
        yield f", headroom {left}"
    yield f". Governed by {lever(check['code'])}."


def _row(check: Check) -> dict[str, Any]:
    governed = lever(check.code)
    return {
        "code": str(check.code),
        "measured": check.measured,
        "limit": check.allowed,
        "headroom": headroom(check.measured, check.allowed),
        "settings": list(governed.settings),
        "otherwise": governed.otherwise,
    }
