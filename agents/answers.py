"""What each agent must answer: small typed forms. A model sees them as JSON schemas."""

from functools import cache
from typing import Annotated, Any, Literal, cast

from pydantic import Field, create_model

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.signals import Action, Ruling

Score = Annotated[int, Field(ge=0, le=100)]
"""0 to 100. Asked as a whole number, because servers enforce integer bounds and not those of fractions."""

Words = Annotated[str, Field(min_length=1, max_length=600)]

Evidence = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=8)]
"""Ids such as `[bars:AAPL:2013-02-28]`, copied from the prompt."""


class FindingAnswer(Frozen):
    """One thing that the documents say about the symbol."""

    direction: Literal["positive", "negative", "mixed", "neutral"]
    summary: Annotated[str, Field(min_length=1, max_length=280)]
    source: Annotated[str, Field(max_length=80)]
    """The id of the document, `[news:…]`."""


class ResearchAnswer(Frozen):
    """What the researcher found."""

    findings: Annotated[list[FindingAnswer], Field(max_length=5)]


class Stance(Frozen):
    """An analyst's opinion of one symbol."""

    summary: Words
    evidence: Evidence
    stance: Literal["bullish", "bearish", "neutral"]
    conviction: Score


class AnalystReport(Stance):
    """A stance, the symbol it is about, and what the desk found when it checked it."""

    symbol: Symbol
    unverified: tuple[str, ...] = ()
    """Numbers of the summary that stand in nothing the analyst was shown."""
    tainted: tuple[str, ...] = ()
    """Ids of what the analyst was shown, cited or not, that comes from outside: the report derives from it."""


class SignalAnswer(Frozen):
    """What the trader wants to do with one symbol."""

    symbol: Annotated[str, Field(max_length=10)]
    rationale: Words
    evidence: Evidence
    action: Action
    confidence: Score


class TradeAnswer(Frozen):
    """One signal for each symbol."""

    signals: Annotated[list[SignalAnswer], Field(max_length=60)]


@cache
def trade_form(symbols: tuple[str, ...]) -> type[TradeAnswer]:
    """The trader's form for these symbols: no other can be named, and there is no room for more signals."""
    signal = create_model("SignalAnswer", __base__=SignalAnswer, __doc__=SignalAnswer.__doc__, symbol=_one_of(symbols))
    return create_model(
        "TradeAnswer", __base__=TradeAnswer, __doc__=TradeAnswer.__doc__, signals=_at_most(signal, len(symbols))
    )


class ReviewAnswer(Frozen):
    """The risk manager's word on one signal."""

    symbol: Annotated[str, Field(max_length=10)]
    reason: Annotated[str, Field(min_length=1, max_length=400)]
    ruling: Ruling
    keep_percent: Score
    """How much of the size may stay: 100 to approve, 0 to veto."""


class RiskAnswer(Frozen):
    """One review for each signal that asks for an order."""

    reviews: Annotated[list[ReviewAnswer], Field(max_length=60)]


@cache
def risk_form(symbols: tuple[str, ...]) -> type[RiskAnswer]:
    """The risk manager's form for signals in these symbols."""
    review = create_model("ReviewAnswer", __base__=ReviewAnswer, __doc__=ReviewAnswer.__doc__, symbol=_one_of(symbols))
    return create_model(
        "RiskAnswer", __base__=RiskAnswer, __doc__=RiskAnswer.__doc__, reviews=_at_most(review, len(symbols))
    )


class ChronicleSentence(Frozen):
    """One sentence about what the record holds."""

    text: Annotated[str, Field(min_length=1, max_length=400)]
    cites: Annotated[list[Annotated[str, Field(max_length=160)]], Field(max_length=6)]
    """Ids such as `[cycle:2009-06-01/event:12]`, copied from the record."""


class ChronicleAnswer(Frozen):
    """What the record says to a question, or that it says nothing."""

    in_record: bool
    """Whether the record answers the question."""
    sentences: Annotated[list[ChronicleSentence], Field(max_length=10)]


class LessonAnswer(Frozen):
    """What a trader should remember of something that came to its end."""

    words: Annotated[str, Field(min_length=1, max_length=200)]


class RewriteAnswer(Frozen):
    """Other words for a prompt, and what they are to change."""

    changed: Annotated[str, Field(min_length=1, max_length=400)]
    """What is said otherwise, and why that should help; one or two sentences."""
    system: Annotated[str, Field(min_length=1, max_length=20_000)]
    """The whole system part, without a heading."""
    user: Annotated[str, Field(min_length=1, max_length=20_000)]
    """The whole user part, with every one of its holes."""


def _one_of(symbols: tuple[str, ...]) -> Any:
    return cast(Any, Literal)[symbols]


def _at_most(item: Any, count: int) -> Any:
    return Annotated[list[item], Field(max_length=count)]
