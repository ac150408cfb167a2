"""Whether all that an entry's rules measure is known: the facts, or one failed check for each that is not."""

from collections.abc import Iterator
from datetime import datetime

from perun.tools.domain.clock import seconds_between
from perun.tools.domain.conduct import Conduct
from perun.tools.domain.money import ZERO
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, missing
from perun.tools.risk.facts import EntryFacts, Situation


def entry_facts(symbol: str, situation: Situation, decided_at: datetime | None) -> EntryFacts | tuple[Check, ...]:
    """The facts for an entry in `symbol`, or one failed check for each that is missing or contradicts another.

    Args:
        symbol: what would be bought.
        situation: what is known, with what the batch reserved before.
        decided_at: when the decision was taken, in the market's time.
    """
    book = situation.book
    gaps = (*book.gaps, *_gaps(symbol, situation, decided_at))
    if gaps or decided_at is None:
        return gaps
    quote, account = situation.quotes[symbol], situation.portfolio.account
    totals, doubted = book.totals(situation.reserved), sum((dollars for _, dollars in book.doubted), ZERO)
    return EntryFacts(
        symbol=symbol,
        situation=situation,
        book=book,
        totals=totals,
        conduct=situation.standing.conduct or Conduct(),
        quote=quote,
        quote_age_seconds=seconds_between(quote.at, situation.clock.now),
        decision_age_seconds=seconds_between(decided_at, situation.clock.now),
        previous_close=situation.previous_close[symbol],
        volume=situation.volume[symbol],
        atr=situation.atr[symbol],
        equity=account.equity,
        buying_power=account.buying_power - totals.reserved - doubted,
        reserved=totals.reserved,
        symbol_exposure=totals.exposure.get(symbol, ZERO),
        gross_exposure=totals.gross,
        open_symbols=totals.exposure.keys(),
    )


def _gaps(symbol: str, situation: Situation, decided_at: datetime | None) -> Iterator[Check]:
    """What is missing of the symbol and the decision."""
    if decided_at is None:
        yield missing(Code.MISSING_DECISION_TIME, "when the decision was taken")
    if symbol not in situation.quotes:
        yield missing(Code.MISSING_QUOTE, "a quote for the symbol")
    if situation.atr.get(symbol, ZERO) <= 0:
        yield missing(Code.MISSING_VOLATILITY, "an average true range above zero")
    if situation.previous_close.get(symbol, ZERO) <= 0:
        yield missing(Code.MISSING_PREVIOUS_CLOSE, "the close of the session before")
    if situation.volume.get(symbol, ZERO) <= 0:
        yield missing(Code.MISSING_VOLUME, "an average daily volume above zero")
    if symbol not in situation.assets:
        yield missing(Code.MISSING_ASSET, "the symbol in the broker's list")
