"""How much the limits still allow in a symbol: the gate's own answer to an entry that nobody asked for."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import ZERO, Amount, plain
from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.domain.verdicts import Check
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Proposal, clear
from perun.tools.risk.limits import Limits
from perun.tools.toolbox import wording
from perun.tools.toolbox.prices import Ticker
from perun.tools.toolbox.tool import Asked, Told, Tool, of_the_cycle, reading

_OF_THE_MOMENT: Final = frozenset(
    {"CLOCK_SKEW", "MARKET_DATA_INVALID", "MAX_SPREAD", "PRICE_COLLAR", "PRICE_JUMP", "STALE_MARKET_DATA"}
)
"""Checks of prices and clocks: their numbers are no room for an order."""


class Headroom(Frozen):
    """What the gate would clear at most if an entry were asked for now, with everybody's consent."""

    symbol: Symbol
    qty: Amount
    """Shares; none when an entry would be denied."""
    stop: Amount | None
    """US dollars a share: where the entry's protective stop would stand."""
    against: tuple[str, ...]
    """What stands against an entry, one text each."""
    limits: tuple[str, ...]
    """Each limit that is a number, with what an entry of that size would come to; the tightest first."""


class AskHeadroom(Asked):
    """How many shares of a symbol the desk's limits still allow to be bought, and how near each limit is."""

    symbol: Ticker


def headroom(symbol: str, situation: Situation | None, limits: Limits) -> Headroom:
    """Ask the gate. Nothing is sent and nothing reserved: the cleared order is dropped here."""
    signal = TradingSignal(symbol=symbol, action=Action.BUY, confidence=1, rationale="How much would be allowed?")
    proposal = Proposal(
        signal=signal, client_order_id=f"headroom-{symbol}", decided_at=situation.clock.now if situation else None
    )
    verdict = clear(proposal, situation, limits).verdict
    used = {_said(check): ratio for check in verdict.checks if (ratio := _used(check)) is not None}
    return Headroom(
        symbol=symbol,
        qty=verdict.terms.qty if verdict.terms else ZERO,
        stop=verdict.terms.stop_loss if verdict.terms else None,
        against=tuple(_said(check) for check in verdict.breaches),
        limits=tuple(sorted(used, key=lambda said: used[said], reverse=True)),
    )


def headroom_tool(situation: Callable[[], Situation | None], limits: Limits, symbols: Sequence[str]) -> Tool:
    """`risk_headroom`, in the situation of the cycle's snapshot."""

    def answer(asked: AskHeadroom) -> Told:
        room = headroom(of_the_cycle(asked.symbol, symbols), situation(), limits)
        return Told(text=f"{summary(room)}\nAt that size:\n{wording.lines(room.limits)}")

    return reading("risk_headroom", AskHeadroom, answer)


def summary(room: Headroom) -> str:
    """One line: how many shares, and the tightest limit; or what stands against any."""
    if not room.qty:
        return f"{room.symbol}: no entry would be cleared ({'; '.join(room.against)})"
    stop = f" with a stop at {plain(room.stop)}" if room.stop else ""
    return f"{room.symbol}: at most {plain(room.qty)} shares{stop}; tightest limit: {', '.join(room.limits[:1])}"


def _said(check: Check) -> str:
    return f"{check.code} {check.measured} of {check.allowed}"


def _used(check: Check) -> Decimal | None:
    """How much of a limit an entry would use, as a ratio; None for what is not a most, or does not grow with it."""
    if check.code in _OF_THE_MOMENT:
        return None
    try:
        measured, allowed = Decimal(check.measured), Decimal(check.allowed)
    except InvalidOperation:
        return None
    return measured / allowed if allowed > 0 else None
