"""The hard gate: the one function that clears an order, and the order in which a batch passes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydantic import AwareDatetime

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.money import ZERO, Percent, Price, Quantity, plain, whole_shares
from perun.tools.domain.orders import (
    _SEAL,
    ClearedOrder,
    ClientOrderId,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)
from perun.tools.domain.signals import Action, Advice, TradingSignal
from perun.tools.domain.verdicts import Check, Verdict
from perun.tools.risk.breaches import Code, holds, missing
from perun.tools.risk.cases import Case, EntryCase
from perun.tools.risk.completeness import entry_facts
from perun.tools.risk.facts import Situation, unguarded
from perun.tools.risk.limits import Limits
from perun.tools.risk.rules import COMMON, ENTRY_ONLY, EXIT_ONLY
from perun.tools.risk.sizing import on_tick, plan_entry

_ALL: Final = Percent(Decimal(100))
_ONE: Final = Decimal(1)


class Proposal(Frozen):
    """A BUY or SELL that asks for an order."""

    signal: TradingSignal
    advice: Advice | None = None
    """The risk manager's word. It bears on entries only: nobody can talk the desk out of reducing risk."""
    client_order_id: ClientOrderId
    ceiling: Quantity | None = None
    """Shares cleared earlier for this order; it may only shrink from there."""
    decided_at: AwareDatetime | None = None
    """The market's time of the facts from which it was decided. An entry without it is denied; an exit needs none."""


class Protection(Frozen):
    """Shares that no stop guards, and where their stop should stand."""

    symbol: Symbol
    stop: Price
    """US dollars a share."""
    client_order_id: ClientOrderId


@dataclass(frozen=True)
class Cleared:
    """An order that may be sent, and what was measured."""

    order: ClearedOrder
    verdict: Verdict


@dataclass(frozen=True)
class Denied:
    """No order, and what stood against it."""

    verdict: Verdict


def clear(proposal: Proposal | Protection, situation: Situation | None, limits: Limits) -> Cleared | Denied:
    """Size one proposal and ask every rule; the only maker of a `ClearedOrder`.

    Args:
        proposal: a BUY or SELL, or the protection of a position; a HOLD asks for nothing and is a ValueError.
        situation: what is known now; None when the portfolio could not be read, which denies everything.
        limits: the limits in force.
    """
    if isinstance(proposal, Proposal) and proposal.signal.action is Action.HOLD:
        raise ValueError("a HOLD asks for no order")
    if situation is None:
        return _denied(proposal, (missing(Code.MISSING_PORTFOLIO, "account, positions, orders and clock"),), limits)
    checks, terms = _judge(proposal, situation, limits)
    if terms is None or not all([check.passed for check in checks]):
        return _denied(proposal, checks, limits)
    return Cleared(ClearedOrder(terms, _SEAL), _verdict(proposal, checks, limits, terms))


def clear_batch(
    proposals: Sequence[Proposal], situation: Situation | None, limits: Limits
) -> list[tuple[Proposal, Cleared | Denied]]:
    """Clear proposals one after another, each seeing what the earlier ones reserved.

    Exits go first, then entries by falling confidence, then by symbol and order id: the result does not depend on the
    order given.
    """
    decisions = []
    for proposal in sorted(proposals, key=_precedence):
        decision = clear(proposal, situation, limits)
        decisions.append((proposal, decision))
        if isinstance(decision, Cleared) and situation:
            situation = _after(decision.order.terms, situation, limits)
    return decisions


def _judge(
    proposal: Proposal | Protection, situation: Situation, limits: Limits
) -> tuple[tuple[Check, ...], OrderTerms | None]:
    if isinstance(proposal, Protection):
        return _judge_protection(proposal, situation)
    judge = _judge_entry if proposal.signal.action is Action.BUY else _judge_exit
    return judge(proposal, situation, limits)


def _precedence(proposal: Proposal) -> tuple[bool, float, str, str]:
    signal = proposal.signal
    return signal.action is Action.BUY, -signal.confidence, signal.symbol, proposal.client_order_id


def _after(terms: OrderTerms, situation: Situation, limits: Limits) -> Situation:
    """What the next in the batch sees: these terms are on their way."""
    name = terms.client_order_id
    if terms.side is Side.SELL:
        return situation.selling(terms.symbol, terms.qty, name)
    ask = situation.quotes[terms.symbol].ask
    worst = terms.qty * (ask + limits.price_collar.of(ask))
    return situation.reserving(terms.symbol, worst, worst - terms.qty * (terms.stop_loss or 0), name)


def _judge_entry(
    proposal: Proposal, situation: Situation, limits: Limits
) -> tuple[tuple[Check, ...], OrderTerms | None]:
    """Every rule for an order that opens or enlarges. When no share is left, one share shows which limit binds."""
    signal, name = proposal.signal, proposal.client_order_id
    facts = entry_facts(signal.symbol, situation, proposal.decided_at)
    if isinstance(facts, tuple):
        case = Case(signal, signal.symbol, name, ZERO, situation, limits)
        return (*[rule(case) for rule in COMMON], *facts), None
    keep = proposal.advice.keep if proposal.advice else _ALL
    plan = plan_entry(facts, limits, keep, proposal.ceiling)
    qty = max(plan.qty, _ONE)
    entry = EntryCase(
        signal, signal.symbol, name, qty, situation, limits, facts, plan, qty * plan.worst, proposal.advice
    )
    checks = (*[rule(entry) for rule in COMMON], *[rule(entry) for rule in ENTRY_ONLY])
    if plan.qty < 1 or plan.stop <= 0:
        return checks, None  # there are no such terms; a rule has said so
    return checks, OrderTerms(
        client_order_id=name, symbol=signal.symbol, side=Side.BUY, qty=plan.qty, stop_loss=plan.stop
    )


def _judge_exit(
    proposal: Proposal, situation: Situation, limits: Limits
) -> tuple[tuple[Check, ...], OrderTerms | None]:
    """Every rule for an order that closes a position: all that can be sold, or what was cleared before if less."""
    signal = proposal.signal
    sellable = situation.sellable(signal.symbol)
    qty = min(sellable, proposal.ceiling or sellable) if sellable > 0 else _ONE
    case = Case(signal, signal.symbol, proposal.client_order_id, qty, situation, limits)
    checks = (*[rule(case) for rule in COMMON], *[rule(case) for rule in EXIT_ONLY])
    return checks, OrderTerms(client_order_id=proposal.client_order_id, symbol=signal.symbol, side=Side.SELL, qty=qty)


def _judge_protection(protection: Protection, situation: Situation) -> tuple[tuple[Check, ...], OrderTerms | None]:
    """A stop for the shares that no working order sells. It can only reduce, so no state and no clock holds it up.

    Brokers take GTC stops for whole shares at prices on the grid alone.
    """
    bare = unguarded(situation.portfolio, protection.symbol)
    qty = whole_shares(bare)
    checks = (
        holds(Code.NO_SHORT_SELLING, passed=qty > 0, measured=plain(bare), allowed="a share that nothing else sells"),
    )
    if qty <= 0:
        return checks, None
    return checks, OrderTerms(
        client_order_id=protection.client_order_id,
        symbol=protection.symbol,
        side=Side.SELL,
        qty=qty,
        type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        stop_price=on_tick(protection.stop),
    )


def _denied(proposal: Proposal | Protection, checks: tuple[Check, ...], limits: Limits) -> Denied:
    return Denied(_verdict(proposal, checks, limits, None))


def _verdict(
    proposal: Proposal | Protection, checks: tuple[Check, ...], limits: Limits, terms: OrderTerms | None
) -> Verdict:
    return Verdict(
        symbol=proposal.symbol if isinstance(proposal, Protection) else proposal.signal.symbol,
        action=Action.SELL if isinstance(proposal, Protection) else proposal.signal.action,
        cleared=terms is not None,
        checks=checks,
        terms=terms,
        limits_hash=limits.fingerprint,
    )
