"""The READ tool on the past: the desk's last decisions on a symbol, and what came of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import AwareDatetime, Field

from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Bar, Symbol
from perun.tools.domain.money import plain
from perun.tools.domain.ports import MarketView
from perun.tools.domain.signals import Action, Advice
from perun.tools.toolbox import wording
from perun.tools.toolbox.prices import Ticker
from perun.tools.toolbox.tool import Asked, Told, Tool, of_the_cycle, reading

MOST_DECISIONS = 10
LONGEST_WORDS = 200
"""Characters of a rationale or of a reason that are repeated."""
_HISTORY = 300


class Decision(Frozen):
    """What was wished for a symbol in an earlier cycle, and what became of it."""

    symbol: Symbol
    as_of: AwareDatetime
    action: Action
    confidence: Annotated[float, Field(ge=0, le=1)]
    rationale: str
    advice: Advice | None = None
    verdict: str = ""
    """`cleared`, or the codes that the gate denied it with; empty when no order was asked for."""
    order: str = ""
    """What the order came to; empty when there was none."""
    tainted: bool = False
    """Its words may go back to text from outside: then they are not repeated."""


class LastAdvice(Frozen):
    """What the risk manager said when he last spoke."""

    as_of: AwareDatetime
    advice: tuple[Advice, ...]
    tainted: bool = False
    """His words may go back to text from outside: then so do the words of whoever reads them."""


class Past(Protocol):
    """Earlier cycles of this account as the record has them. Nothing of *as of* or later is ever told."""

    def decisions(self, symbol: str, as_of: datetime, count: int) -> Sequence[Decision]:
        """The last `count` decisions on the symbol, latest first."""
        ...

    def last_advice(self, symbols: Sequence[str], as_of: datetime) -> LastAdvice | None:
        """The risk manager's latest words on any of the symbols; None when he said nothing lately."""
        ...


class AskDecisions(Asked):
    """Our last decisions on a share: what was wished, advised, allowed and done, and how its price moved since."""

    symbol: Ticker
    count: Annotated[int, Field(ge=1, le=MOST_DECISIONS)] = 3


def decisions_tool(past: Past, view: MarketView, symbols: Sequence[str]) -> Tool:
    """`past_decisions`, point in time. What was said then may go back to text from outside: it is no evidence."""

    def answer(asked: AskDecisions) -> Told:
        made = past.decisions(of_the_cycle(asked.symbol, symbols), view.as_of, asked.count)
        bars = _bars(view, asked.symbol) if made else ()
        return Told(text=wording.lines(f"{_said(each)} {_since(each, bars)}" for each in made))

    return reading("past_decisions", AskDecisions, answer)


def advice_lines(last: LastAdvice | None) -> str:
    """The risk manager's last words for a prompt, one line a symbol."""
    if last is None:
        return wording.NOTHING
    return wording.lines(f"{wording.day(last.as_of)} {each.symbol}: {_ruled(each)}" for each in last.advice)


def _said(made: Decision) -> str:
    parts = [f"{wording.day(made.as_of)} {made.action} with confidence {round(made.confidence * 100)}"]
    parts += [f": {_cut(made.rationale)}" if not made.tainted else " (words not repeated: they go back to outside)."]
    parts += [f" The risk manager: {_ruled(made.advice, made.tainted)}"] if made.advice else []
    parts += [f" The gate: {made.verdict}."] if made.verdict else []
    parts += [f" The order: {made.order}."] if made.order else []
    return "".join(parts)


def _ruled(advice: Advice, tainted: bool = False) -> str:
    return f"{advice.ruling}, keep {advice.keep}. {'' if tainted else _cut(advice.reason)}".rstrip()


def _since(made: Decision, bars: Sequence[Bar]) -> str:
    """How the close moved since the decision; nothing when either close is not known."""
    then = next((bar for bar in reversed(bars) if bar.ended <= made.as_of), None)
    if then is None or then is bars[-1]:
        return ""
    change = 100 * (bars[-1].close / then.close - 1)
    return f"Close then {plain(then.close)}, now {plain(bars[-1].close)} ({change:+.1f}%)."


def _bars(view: MarketView, symbol: str) -> Sequence[Bar]:
    try:
        return view.bars(symbol, _HISTORY)
    except (UnknownSymbol, MarketUnavailable):
        return ()


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"
