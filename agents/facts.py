"""What each agent sees, as typed facts: the same for a model, which reads them in a prompt, and for the baseline."""

from pydantic import AwareDatetime

from perun.agents.answers import AnalystReport
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Symbol
from perun.tools.domain.portfolio import Portfolio, Position
from perun.tools.domain.research import Document, Finding
from perun.tools.domain.signals import TradingSignal
from perun.tools.market.snapshot import SymbolSnapshot
from perun.tools.risk.limits import Limits
from perun.tools.toolbox.decisions import LastAdvice
from perun.tools.toolbox.headroom import Headroom


class Remembered(Frozen):
    """A memory as an agent sees it."""

    evidence: str
    """`[mem:…]`."""
    kind: str
    as_of: AwareDatetime
    text: str
    tainted: bool = False
    """Derived from text that anybody may have written."""


class ResearcherFacts(Frozen):
    """Documents from outside. Only the researcher reads them."""

    symbol: Symbol
    as_of: AwareDatetime
    documents: tuple[Document, ...]


class AnalystFacts(Frozen):
    """One symbol: its market, our position in it, what we remember and what the researcher found."""

    as_of: AwareDatetime
    snapshot: SymbolSnapshot
    position: Position | None
    memories: tuple[Remembered, ...]
    findings: tuple[Finding, ...]


class TraderFacts(Frozen):
    """Every report, and the book."""

    as_of: AwareDatetime
    symbols: tuple[Symbol, ...]
    reports: tuple[AnalystReport, ...]
    portfolio: Portfolio
    min_confidence: float
    last_advice: LastAdvice | None = None
    """What the risk manager said last, on any of the symbols."""


class RiskManagerFacts(Frozen):
    """The signals that ask for an order, the book, the limits, and how volatile each symbol is."""

    as_of: AwareDatetime
    signals: tuple[TradingSignal, ...]
    portfolio: Portfolio
    limits: Limits
    market: dict[Symbol, SymbolSnapshot]
    headroom: tuple[Headroom, ...] = ()
    """What the gate would allow at most, for each BUY."""
